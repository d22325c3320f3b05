"""The analytics store on a server: the same answers as from its file, and the shop's own documents."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from bson import ObjectId

from tests.support.ferretdb import FerretServer
from tests.support.postgres import PostgresServer
from tests.support.processes import (
    ROOT,
    Process,
    Running,
    a_project,
    sandbox_running,
    server_running,
    wait_until,
)

pytestmark = pytest.mark.slow

DAY = [json.loads(line) for line in (ROOT / "tests/data/shop-day.jsonl").read_text().splitlines()]
TOKEN = "read-token-of-the-tests"
QUESTIONS = (
    *(f"events/category/{name}" for name in ("page_view", "user_interaction", "conversion")),
    "events/category/custom?limit=7",
    "page-views/popular",
    "page-views/popular?from=2020-01-01&to=2099-12-31",
    "interactions/top",
    "conversions/summary",
    "funnel",
    "funnel?within=1h",
    "carts/abandonment",
    "products/top",
    "products/top?by=viewed",
    "searches/top",
    "web-vitals",
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory) -> Iterator[Process]:
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The reference project, its store where ANALYTICS_URL says."""
    made = a_project(tmp_path_factory.mktemp("project"))
    settings = made / "encamina.yaml"
    lines = [one for one in settings.read_text().splitlines() if not one.startswith("store:")]
    settings.write_text("\n".join([*lines, 'store: "{{ env.ANALYTICS_URL }}"', ""]))
    return made


@contextmanager
def a_server(
    folder: Path, sandbox: Process, project: Path, url: str, **env: str
) -> Iterator[Running]:
    env = {"ANALYTICS_URL": url, "ENCAMINA_READ_TOKEN": TOKEN, **env}
    with server_running(folder, sandbox, project, **env) as one:
        yield one


def asked(server: Running, path: str) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(f"{server.server.url}/analytics/{path}", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def answers_over_the_day(server: Running) -> dict[str, Any]:
    """Every answer over the shop's example day, once all of it is stored."""
    send_the_day(server)
    sessions = {one["context"]["sessionId"] for one in DAY if one["context"].get("sessionId")}
    sessions |= {one["anonymousId"] for one in DAY if one.get("anonymousId")}
    users = {one["userId"] for one in DAY if one.get("userId")}
    pages = [one["pageUrl"] for one in asked(server, "page-views/popular")]
    paths = [
        *QUESTIONS,
        *(f"events/user/{one}" for one in sorted(users)[:6]),
        *(f"conversions/user/{one}" for one in sorted(users)[:6]),
        *(f"events/session/{one}" for one in sorted(sessions)[:6]),
        *(f"page-views/session/{one}/duration" for one in sorted(sessions)[:6]),
        *(f"sessions/{one}/journey" for one in sorted(sessions)[:6]),
        *(f"interactions/heatmap?pageUrl={one}" for one in pages[:4]),
        *(f"interactions/heatmap/grid?pageUrl={one}" for one in pages[:4]),
    ]
    return {path: asked(server, path) for path in paths}


def send_the_day(server: Running) -> None:
    """Send it; done once the store has it, and what is made of it, which comes a moment later."""
    answer = server.post(DAY).json()
    assert answer["received"] == len(DAY)
    before = 0
    while before < answer["accepted"] or before != len(stored(server)):
        before = len(stored(server))
        time.sleep(1)


def stored(server: Running) -> list[str]:
    """The states of the store's deliveries, once none is on its way."""

    def done() -> list[str] | None:
        states = [one["state"] for one in server.deliveries("--destination", "store")]
        return None if {"waiting", "retrying"} & set(states) or not states else states

    return wait_until(done)


@pytest.fixture(scope="module")
def from_the_file(tmp_path_factory, sandbox, project) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("sqlite")
    with a_server(folder, sandbox, project, "sqlite:analytics.db") as server:
        return answers_over_the_day(server)


def test_a_postgresql_project_answers_as_one_with_a_file(
    tmp_path, sandbox, project, from_the_file, postgres: PostgresServer
):
    with a_server(tmp_path, sandbox, project, postgres.new_url()) as server:
        found = answers_over_the_day(server)
    assert found == from_the_file
    assert from_the_file["page-views/popular"]
    assert from_the_file["events/category/conversion"]


def test_a_mongodb_project_answers_as_one_with_a_file(
    tmp_path, sandbox, project, from_the_file, ferretdb: FerretServer
):
    with a_server(tmp_path, sandbox, project, ferretdb.new_url()) as server:
        assert answers_over_the_day(server) == from_the_file


def test_a_store_that_is_down_holds_up_nothing_and_gets_all_once_it_is_back(
    tmp_path, sandbox, project, ferretdb: FerretServer
):
    with a_server(tmp_path, sandbox, project, ferretdb.new_url()) as server:
        # FerretDB over SQLite does not outlive a kill while it makes its first tables.
        server.post(DAY[:1])
        assert set(stored(server)) == {"delivered"}
        ferretdb.stop()
        try:
            assert server.post(DAY[1:6]).json()["accepted"] == 5
            wait_until(
                lambda: (
                    "retrying"
                    in {one["state"] for one in server.deliveries("--destination", "store")}
                )
            )
        finally:
            ferretdb.start()
        wait_until(
            lambda: (
                {one["state"] for one in server.deliveries("--destination", "store")}
                == {"delivered"}
            ),
            60,
        )


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def the_shops_own(database: Any) -> dict[str, list[dict[str, Any]]]:
    """What the shop's own module has kept, as its entities have it."""
    kept = {
        "analytics_event_entity": [
            {
                "_id": ObjectId(),
                "eventName": "product_view",
                "eventCategory": "user_interaction",
                "eventAction": "view",
                "userId": "old-1",
                "sessionId": "old-s",
                "timestamp": NOON,
                "metadata": {"productId": "GAL-S25", "price": 4599900.0},
            }
        ],
        "page_view_event_entity": [
            {
                "_id": ObjectId(),
                "pageUrl": "/old",
                "pageTitle": "Old",
                "sessionId": "old-s",
                "timestamp": NOON + timedelta(seconds=number),
            }
            for number in range(1200)
        ],
        "conversion_event_entity": [
            {
                "_id": ObjectId(),
                "conversionType": "purchase",
                "conversionValue": 1000,
                "currency": "COP",
                "userId": "old-1",
                "sessionId": "old-s",
                "productIds": ["GAL-S25"],
                "orderId": "old-order",
                "timestamp": NOON,
            }
        ],
        "user_interaction_event_entity": [],
    }
    for name, documents in kept.items():
        if documents:
            database[name].insert_many(documents)
    return kept


def test_the_shops_own_documents_are_taken_over_and_make_the_next_order_a_repeat(
    tmp_path, sandbox, project, ferretdb: FerretServer
):
    url = ferretdb.new_url()
    with ferretdb.client(url) as database:
        kept = the_shops_own(database)
    with a_server(tmp_path, sandbox, project, "sqlite:analytics.db", DERIVED_MODE="live") as server:
        pass
    counted = server.lines("store", "import", url, "--dry-run")
    first = server.lines("store", "import", url)
    second = server.lines("store", "import", url)

    expected = [
        {"model": "event", "documents": 1, "left_out": {}},
        {"model": "page_view", "documents": 1200, "left_out": {}},
        {"model": "conversion", "documents": 1, "left_out": {}},
        {"model": "interaction", "documents": 0, "left_out": {}},
    ]
    assert counted == first == second == expected
    with a_server(tmp_path, sandbox, project, "sqlite:analytics.db", DERIVED_MODE="live") as server:
        assert asked(server, "page-views/popular") == [{"pageUrl": "/old", "views": 1200}]
        (conversion,) = asked(server, "conversions/user/old-1")
        assert conversion["_id"] == str(kept["conversion_event_entity"][0]["_id"])
        assert conversion["timestamp"] == "2026-03-01T12:00:00.000Z"
        (event,) = asked(server, "events/user/old-1")
        assert event["metadata"] == {"productId": "GAL-S25", "price": 4599900}
        assert asked(server, "funnel")[0]["sessions"] == 1
        (product,) = asked(server, "products/top")
        assert (product["viewed"], product["bought"]) == (1, 1)
        assert server.deliveries() == []

        assert server.post([an_order()]).json()["accepted"] == 1
        types = wait_until(lambda: repeat_types(server))
    assert types == {"purchase", "repeat_purchase"}
    with ferretdb.client(url) as database:
        assert database["conversion_event_entity"].count_documents({}) == 1


def an_order() -> dict[str, Any]:
    order = next(one for one in DAY if one.get("event") == "Order Completed")
    properties = {**order["properties"], "order_id": "new-order"}
    return {**order, "messageId": "new-order", "userId": "old-1", "properties": properties}


def repeat_types(server: Running) -> set[str] | None:
    found = asked(server, "conversions/user/old-1?from=2026-04-01")
    types = {one["conversionType"] for one in found}
    return types if len(types) > 1 else None


def test_a_mongodb_store_is_read_as_the_shops_own_services_read_it(
    tmp_path, sandbox, project, ferretdb: FerretServer
):
    url = f"{ferretdb.new_url()}&eventCollection=events"
    plain = url.partition("&")[0]
    with a_server(tmp_path, sandbox, project, url) as server:
        send_the_day(server)
    with ferretdb.client(plain) as database:
        view = database["page_view_event_entity"].find_one()
        event = database["events"].find_one()
    assert isinstance(view["_id"], ObjectId)
    assert isinstance(view["timestamp"], datetime)
    assert {"pageUrl", "pageTitle", "sessionId"} <= view.keys()
    assert {"eventName", "eventCategory", "eventAction"} <= event.keys()
