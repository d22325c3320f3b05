"""A damaged database: every command says so, and doctor saves what can be read."""

import json

import pytest

from engine.sqlite.salvage import damage_of
from tests.support.events import an_event
from tests.support.processes import a_project, sandbox_running, server_running

PAGE = 4096

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A project whose folder was served, with 400 events and no server any more."""
    folder = tmp_path_factory.mktemp("served")
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, a_project(folder)) as shop,
    ):
        shop.post([an_event("Order Completed", messageId=f"m{n}") for n in range(400)])
        shop.server.ended()
    return shop


def overwrite(path, start, count):
    with path.open("r+b") as file:
        file.seek(start * PAGE)
        file.write(b"\xfb" * PAGE * count)


def test_each_command_says_what_is_damaged_and_what_to_do_and_doctor_mends_it(served):
    database = served.data / "encamina.db"
    # Behind the first pages, which tell what tables there are.
    overwrite(database, database.stat().st_size // PAGE - 60, 40)

    told = [
        served.encamina("deliveries", "--limit", "100000", check=False),
        served.encamina("events", "--limit", "100000", check=False),
    ]
    looked = served.encamina("doctor", check=False)
    served.encamina("doctor", "--repair")
    again = served.encamina("doctor", "--repair").stdout
    sound = served.encamina("doctor", check=False)
    vendors = served.encamina("doctor", "--vendors", "--json", check=False)

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
    assert damage_of(database) is None
    # The sandbox has gone with its server.
    [asked] = [
        one for one in map(json.loads, vendors.stdout.splitlines()) if one["what"] == "sandbox"
    ]
    assert (vendors.returncode, asked["level"]) == (1, "error")
    assert len(list(served.data.glob("encamina.db.damaged-*"))) >= 1


def test_a_repaired_folder_is_served_again(served, tmp_path):
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(served.data.parent, sandbox, served.project) as shop,
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
