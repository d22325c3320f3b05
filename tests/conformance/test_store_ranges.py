"""What every engine of the store counts by day, over ranges that begin and end at any moment."""

import random
import sqlite3
from collections import Counter
from contextlib import closing

import psycopg
import pytest

from engine.model.clock import Millis, to_iso
from engine.sqlite.database import Databases
from engine.store.open import open_store
from engine.store.postgres.address import split_schema
from tests.conformance.store_documents import (
    DAY_MS,
    HOUR_MS,
    NOON,
    a_conversion,
    a_view,
    an_event,
    ask,
)
from tests.support.stores import ServerEngine

pytestmark = pytest.mark.trio


async def test_each_day_counts_what_lies_in_it_and_in_the_range(engine):
    """Against a judge that looks at every document."""
    chance = random.Random(11)
    orders = [
        a_conversion(f"c{number}", Millis(NOON + chance.randrange(4 * DAY_MS)), currency="COP")
        for number in range(200)
    ]
    async with engine.store() as store:
        await store.write(orders)
        for _ in range(25):
            since = Millis(NOON + chance.randrange(-HOUR_MS, 4 * DAY_MS))
            until = Millis(since + chance.choice((HOUR_MS // 3, 5 * HOUR_MS, 2 * DAY_MS)))
            inside = Counter(to_iso(one.at)[:10] for one in orders if since <= one.at < until)
            ends = {"from": to_iso(since), "to": to_iso(until)}
            found = (await ask(store, "conversions_summary", **ends))["days"]
            assert [(one["day"], one["count"]) for one in found] == sorted(
                inside.items(), reverse=True
            ), ends


async def test_vitals_of_many_days_are_whole_days_the_newest_first_up_to_the_limit(engine):
    vitals = [
        an_event(
            f"v{day}-{page}",
            Millis(NOON - day * DAY_MS),
            about={"vital": {"page": page, "metric": "LCP", "value": 1000 + day}},
        )
        for day in range(40)
        for page in ("/", "/a", "/a/b")
    ]
    async with engine.store() as store:
        await store.write(vitals)
        first = await ask(store, "web_vitals", limit=4)
        usual = await ask(store, "web_vitals", limit=1000)
        since = await ask(store, "web_vitals", page="/a", **{"from": NOON - 36 * DAY_MS})
    assert [(one["day"], one["page"]) for one in first] == [
        ("2026-11-24", "/"),
        ("2026-11-24", "/a"),
        ("2026-11-24", "/a/b"),
        ("2026-11-23", "/"),
    ]
    # 30 days, if no beginning is asked for.
    assert len(usual) == 90
    assert {one["page"] for one in since} == {"/a"}
    assert [one["day"] for one in since][::36] == ["2026-11-24", "2026-10-19"]


_COUNTS = "SELECT kind, scope, period, key, number, amount FROM {} ORDER BY 1, 2, 3, 4"


def some_of_everything():
    views = [a_view(f"p{n}", Millis(NOON + n * 7 * HOUR_MS // 2)) for n in range(30)]
    cart = an_event("cart", about={"step": "cart"})
    order = an_event("order", Millis(NOON + HOUR_MS), about={"step": "purchase"})
    return [*views, cart, order, a_view("old", Millis(-1)), a_conversion("c", conversionValue=7.5)]


async def test_a_file_from_before_sums_by_hour_gets_them(tmp_path):
    async with Databases(tmp_path) as files:
        await (await open_store("sqlite:analytics.db", files)).write(some_of_everything())
    with closing(sqlite3.connect(tmp_path / "analytics.db")) as file, file:
        expected = file.execute(_COUNTS.format("counts")).fetchall()
        file.execute("DELETE FROM counts WHERE period < 0")
        file.execute("UPDATE schema_version SET version = 1 WHERE component = 'store'")
    async with Databases(tmp_path) as files:
        await open_store("sqlite:analytics.db", files)
    with closing(sqlite3.connect(tmp_path / "analytics.db")) as file:
        assert file.execute(_COUNTS.format("counts")).fetchall() == expected
    assert sum(period < 0 for _, _, period, *_ in expected) > 30


async def test_tables_on_postgres_from_before_sums_by_hour_get_them(postgres, tmp_path):
    place = ServerEngine(postgres, postgres.new_url(), tmp_path)
    async with place.store() as store:
        await store.write(some_of_everything())
    url, schema = split_schema(place.url)
    options = f"-c search_path={schema}"
    with psycopg.connect(url, options=options) as connection:
        expected = connection.execute(_COUNTS.format("encamina_counts")).fetchall()
        connection.execute("DELETE FROM encamina_counts WHERE period < 0")
        connection.execute("ALTER TABLE encamina_counts ALTER COLUMN period TYPE integer")
        connection.execute("UPDATE encamina_store SET version = 1")
    async with place.store() as store:
        await store.count()
        # Sums of old and new rows are under the same keys.
        await store.write([a_view("p0", Millis(NOON)), a_view("p1", Millis(NOON + DAY_MS))])
        await store.write(some_of_everything())
    with psycopg.connect(url, options=options) as connection:
        assert connection.execute(_COUNTS.format("encamina_counts")).fetchall() == expected
    assert sum(period < 0 for _, _, period, *_ in expected) > 30
