"""A damaged database: what is saved and what is told as lost are together what was there.

SQLite keeps no check sums, so a page is damaged here as a disk would do it: cut off, emptied, or
overwritten with what makes no sense.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from engine.sqlite.salvage import damage_of
from tests.support.events import an_event
from tests.support.processes import a_project, sandbox_running, server_running

PAGE = 4096
EVENTS = 400
ON_A_PAGE = 12
"""More events than lie on one page."""

KEYS = {
    "events": "position",
    "seen": "source, message_id",
    "deliveries": "position, destination, rule, part, replay",
    "attempts": "position, destination, rule, part, replay, number",
    "requests": "id",
    "people": "rowid, kind, id",
    "quarantine": "number",
    "settings": "name",
}
"""What tells the rows of a table apart; the first is what a lost range counts, if it is a number."""

MADE_ANEW = {"seen"}
"""Tables whose lost rows are made again from others, as far as those hold them."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A project whose folder was served, with 400 events, keys and a pause, and no server."""
    folder = tmp_path_factory.mktemp("served")
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, a_project(folder)) as shop,
    ):
        shop.post([an_event("Order Completed", messageId=f"m{n}") for n in range(EVENTS)])
        shop.post([an_event("Order Completed", messageId=f"q{n}", properties={}) for n in range(9)])
        shop.settled(EVENTS)
        shop.server.ended()
    for number in range(3):
        shop.encamina("keys", "create", "--source", "shop", "--name", f"key-{number}")
    shop.encamina("destinations", "pause", "meta", "--reason", "by hand")
    return shop


@dataclass
class Folder:
    """A copy of the served folder, to be damaged."""

    shop: object
    data: Path

    @property
    def database(self):
        return self.data / "encamina.db"

    @property
    def pages(self):
        return self.database.stat().st_size // PAGE

    def encamina(self, *command, **options):
        return self.shop.encamina(*command, "--data", str(self.data), **options)

    def ask(self, query, *parameters):
        with closing(sqlite3.connect(self.database)) as file:
            return file.execute(query, parameters).fetchall()

    def root(self, table):
        [(page,)] = self.ask("SELECT rootpage FROM sqlite_schema WHERE name = ?", table)
        return page

    def keys(self):
        return {table: set(self.ask(f"SELECT {key} FROM {table}")) for table, key in KEYS.items()}

    def overwrite(self, numbers, by=b"\xfb"):
        with self.database.open("r+b") as file:
            for number in numbers:
                file.seek((number - 1) * PAGE)
                file.write(by * PAGE)

    def cut(self, count):
        size = self.database.stat().st_size
        with self.database.open("r+b") as file:
            file.truncate(size - count)

    def repair(self):
        lines = self.encamina("doctor", "--repair", "--json").stdout.splitlines()
        told, store = map(json.loads, lines)
        assert store == {"file": "analytics.db", "sound": True}
        return told


@pytest.fixture
def folder(served, tmp_path):
    shutil.copytree(served.data, tmp_path / "data")
    return Folder(served, tmp_path / "data")


def leaves(folder, first_byte=0x0D):
    data = folder.database.read_bytes()
    return [n + 1 for n in range(2, folder.pages) if data[n * PAGE] == first_byte]


def some(folder, count):
    return Random(3).sample(range(3, folder.pages + 1), count)


def header(folder):
    with folder.database.open("r+b") as file:
        file.write(b"\xfb" * 100)


def root(table):
    return lambda folder: folder.overwrite([folder.root(table)])


def root_and_map(folder):
    folder.overwrite([folder.root("events"), 2])


DAMAGES: dict[str, tuple[Callable[[Folder], None], int]] = {
    "cut by a page": (lambda one: one.cut(PAGE), ON_A_PAGE),
    "cut by part of a page": (lambda one: one.cut(700), ON_A_PAGE),
    "cut by a quarter": (lambda one: one.cut(one.pages // 4 * PAGE), EVENTS // 2),
    "an emptied leaf": (lambda one: one.overwrite([leaves(one)[40]], b"\0"), ON_A_PAGE),
    "forty emptied pages": (lambda one: one.overwrite(some(one, 40), b"\0"), EVENTS // 2),
    "forty pages of garbage": (lambda one: one.overwrite(some(one, 40)), EVENTS // 2),
    "the root of events": (root("events"), 0),
    "the root of deliveries": (root("deliveries"), 0),
    "the root of seen": (root("seen"), 0),
    "the root of settings": (root("settings"), 0),
    "the root of people": (root("people"), 0),
    "the root of quarantine": (root("quarantine"), 0),
    "the root of schema_version": (root("schema_version"), 0),
    "the root of events, and the map": (root_and_map, 0),
    "the map of parents": (lambda one: one.overwrite([2]), 0),
    "the header": (header, 0),
    "the first page": (lambda one: one.overwrite([1]), 0),
}
"""What is done to the file, and how many events may be lost by it at most."""


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_saved_and_what_is_told_as_lost_is_what_was_there(folder, damage):
    harm, most_events = DAMAGES[damage]
    before = folder.keys()
    assert len(before["events"]) >= EVENTS
    harm(folder)

    told = folder.repair()

    after = folder.keys()
    tables = {one["table"]: one for one in told["tables"]}
    assert damage_of(folder.database) is None
    for table, was in before.items():
        one, is_now = tables[table], after[table]
        missing = was - is_now
        assert one["rows"] == len(is_now) or table in MADE_ANEW, one
        assert is_now <= was or table == "people", f"rows that never were in {table}"
        assert len(missing) == len(was) - len(is_now)
        if not one["cut"]:
            untold = {key for key in missing if not is_in(key[0], one["lost"])}
            assert not untold or table in MADE_ANEW, f"{table} lost {untold} without a word"
        if missing:
            assert any(words.startswith(f"{table} ") for words in told["warnings"]), table
    lost = {key for (key,) in before["events"] - after["events"]}
    assert len(lost) <= most_events
    events = tables["events"]
    if not events["cut"]:
        assert lost == {n for first, last in events["lost"] for n in range(first, last + 1)}


def is_in(key, ranges):
    return isinstance(key, int) and any(first <= key <= last for first, last in ranges)


def test_lost_keys_and_pauses_are_named_loudly(folder):
    folder.overwrite([folder.root("settings")])

    done = folder.encamina("doctor", "--repair")

    assert "settings may have lost rows" in done.stderr
    assert "REVOKED KEYS MAY BE VALID AGAIN" in " ".join(done.stderr.split())
    assert "pauses by hand are gone" in " ".join(done.stderr.split())


def test_each_command_says_what_is_damaged_and_what_to_do_and_doctor_mends_it(folder):
    # Behind the first pages, which tell what tables there are.
    folder.overwrite(range(folder.pages - 60, folder.pages - 20))

    told = [
        folder.encamina("deliveries", "--limit", "100000", check=False),
        folder.encamina("events", "--limit", "100000", check=False),
    ]
    looked = folder.encamina("doctor", check=False)
    folder.encamina("doctor", "--repair")
    again = folder.encamina("doctor", "--repair").stdout
    sound = folder.encamina("doctor", check=False)
    vendors = folder.encamina("doctor", "--vendors", "--json", check=False)

    for done in told:
        # What does not meet the damaged pages may still be read.
        assert done.returncode in (0, 2)
        assert "Traceback" not in done.stderr
        if done.returncode:
            assert "encamina doctor --repair" in done.stderr
    assert any(done.returncode == 2 for done in told)
    assert looked.returncode == 1
    assert "damaged" in looked.stdout
    assert "encamina.db is sound; nothing was done" in again
    assert sound.returncode == 0, sound.stdout
    assert damage_of(folder.database) is None
    # The sandbox has gone with its server.
    [asked] = [
        one for one in map(json.loads, vendors.stdout.splitlines()) if one["what"] == "sandbox"
    ]
    assert (vendors.returncode, asked["level"]) == (1, "error")
    assert len(list(folder.data.glob("encamina.db.damaged-*"))) >= 1


def test_a_repaired_folder_is_served_again(folder, tmp_path):
    folder.overwrite([folder.root("events"), *some(folder, 10)])
    folder.repair()

    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, folder.shop.project) as shop,
    ):
        answer = shop.post([an_event("Order Completed", messageId="after the repair")]).json()
        events = shop.lines("events")

    assert answer["accepted"] == 1
    assert "after the repair" in {one["event"]["messageId"] for one in events}


def test_a_file_that_is_no_database_is_refused_and_stays(served, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "encamina.db").write_bytes(b"no database at all" * 1000)

    for command in (("serve", "--listen", "127.0.0.1:0"), ("doctor", "--repair")):
        done = served.encamina(*command, "--data", str(folder), check=False)

        assert done.returncode == 2
        assert "encamina.db" in done.stderr
        assert "Traceback" not in done.stderr
    assert (folder / "encamina.db").read_bytes().startswith(b"no database")
