"""``encamina doctor``: as grave as ingest takes it, and by its cause."""

import json
import socket
from textwrap import dedent

import pytest
import trio

from cli.commands import doctor
from cli.commands.doctor import _reached
from engine.delivery.archive_files import ArchiveFiles, Kind
from engine.server.checkup import Level, check_archives
from engine.sqlite.database import Databases
from engine.sqlite.salvage import damage_of
from engine.store.open import open_store
from tests.conformance.store_documents import NOON, a_view
from tests.support.releases import a_release


def disk(shop, code):
    [found] = [one for one in checks(shop, code) if one["what"] == "disk"]
    return found


def checks(shop, code):
    done = shop.run("doctor", "--json", code=code)
    return [json.loads(line) for line in done.stdout.splitlines()]


def settings(shop, most, free="1B"):
    shop.changed["encamina.yaml"] += f"disk: {{ most: {most}, free: {free} }}\n"


def test_a_folder_that_holds_disk_most_is_an_error_as_new_events_are_refused(shop, an_order):
    settings(shop, "1MiB")
    shop.fill(events=[an_order(f"m{at}", properties={"x": "y" * 20_000}) for at in range(90)])

    found = disk(shop, 1)

    assert found["level"] == "error"
    assert "disk.most: from 1.0 MiB on new events are refused" in found["todo"]


def test_near_disk_most_is_a_warning(shop, an_order):
    settings(shop, "1MiB")
    shop.fill(
        events=[an_order(f"m{at}", properties={"order_id": "y" * 20_000}) for at in range(35)]
    )

    found = disk(shop, 0)

    assert (found["level"], "room runs out" in found["todo"]) == ("warning", True)


def test_far_from_it_all_is_well(shop):
    shop.fill()

    assert disk(shop, 0)["level"] == "ok"


def refused():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def test_a_refused_connection_a_silent_host_and_an_unknown_name_are_told_apart(monkeypatch):
    monkeypatch.setattr(doctor, "REACHED_WITHIN_S", 0.05)

    async def silent(*_):
        await trio.sleep_forever()

    nobody = trio.run(_reached, "sandbox", refused())
    unknown = trio.run(_reached, "meta", "https://no-such-host.invalid")
    monkeypatch.setattr(doctor.trio, "open_tcp_stream", silent)
    late = trio.run(_reached, "ga4", "https://silent.example")

    assert {one.level for one in (nobody, unknown, late)} == {Level.ERROR}
    assert "refused the connection: nothing listens there" in nobody.message
    assert "the name no-such-host.invalid is not known" in unknown.message
    assert "no answer from silent.example:443 within 0.05 s" in late.message
    assert "within" not in nobody.message + unknown.message


def test_another_fault_of_the_network_is_told_in_its_own_words(monkeypatch):
    async def unreachable(*_):
        raise OSError("all attempts failed") from ExceptionGroup("", [OSError(101, "x")])

    monkeypatch.setattr(doctor.trio, "open_tcp_stream", unreachable)

    found = trio.run(_reached, "ga4", "https://far.example")

    assert found.message == "no connection to far.example:443: Network is unreachable"


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}", "http://localhost:{}"])
def test_one_that_listens_answers(url):
    with socket.create_server(("127.0.0.1", 0)) as one:
        found = trio.run(_reached, "sandbox", url.format(one.getsockname()[1]))

    assert found.level is Level.OK


KEEPING = {
    "destinations/kept.yaml": "name: kept\nkind: store\n",
    "rules/kept.yaml": dedent("""
        destination: kept
        rules:
          - name: all
            match: { type: track }
            payload: { model: event, timestamp: "{{ event.timestamp }}", document: { a: 1 } }
        """),
}
ARCHIVING = {
    "destinations/lines.yaml": "name: lines\nkind: archive\narchive: { max_bytes: 1MiB }\n",
    "rules/lines.yaml": dedent("""
        destination: lines
        rules:
          - name: all
            match: {}
            payload: { messageId: "{{ event.messageId }}", receivedAt: "{{ event.receivedAt }}" }
        """),
}


def store_filled(shop, count=400):
    shop.changed.update(KEEPING)
    shop.fill()

    async def fill():
        async with Databases(shop.folder) as files:
            store = await open_store("sqlite:analytics.db", files)
            await store.write([a_view(f"v{n}", pad="x" * 500) for n in range(count)])

    trio.run(fill)
    return shop.folder / "analytics.db"


def damaged(path, first=0.3, last=0.6):
    with path.open("r+b") as file:
        size = path.stat().st_size // 4096
        for page in range(int(size * first), int(size * last)):
            file.seek(page * 4096)
            file.write(b"\xfb" * 4096)


def test_a_damaged_store_is_told_with_what_to_do(shop):
    path = store_filled(shop)
    [sound] = [one for one in checks(shop, 0) if one["what"] == "analytics.db"]
    damaged(path)

    [found] = [one for one in checks(shop, 1) if one["what"] == "analytics.db"]

    assert (sound["level"], found["level"]) == ("ok", "error")
    assert "damaged" in found["message"]
    assert "doctor --repair" in found["todo"]
    assert "encamina replay --destination kept --again" in found["todo"]


def test_a_damaged_store_is_repaired_and_what_is_lost_is_told(shop):
    path = store_filled(shop)
    damaged(path)

    done = shop.run("doctor", "--repair")

    assert "kept.db is sound" in done.output
    assert "analytics.db was damaged" in done.output
    assert "replay" in done.output
    assert damage_of(path) is None
    assert [*shop.folder.glob("analytics.db.damaged-*")]
    assert checks(shop, 0)


def test_the_store_counts_as_room_that_is_taken(shop):
    settings(shop, "1MiB")
    store_filled(shop, 2000)

    assert "disk.most" in disk(shop, 1)["todo"]


def test_what_an_archive_takes_is_told(shop):
    shop.changed.update(ARCHIVING)
    shop.fill()
    files = ArchiveFiles(shop.folder / "archive", None, 2**20)
    files.append(Kind.EVENTS, NOON, b"{}", NOON)

    [found] = [one for one in checks(shop, 0) if one["what"] == "lines"]

    assert found["level"] == "ok"
    assert f"{files.taken_bytes()} B of at most 1.0 MiB" in found["message"]


def test_an_archive_whose_folder_is_a_file_is_told_by_doctor_and_validate(shop):
    shop.changed.update(ARCHIVING)
    shop.fill()
    (shop.folder / "archive").write_text("a file")

    [found] = [one for one in checks(shop, 1) if one["what"] == "lines"]

    assert found["level"] == "error"
    assert f"{shop.folder / 'archive'} is a file" in found["message"]
    assert "W410" not in shop.run("validate", "--json").stdout
    told = json.loads(shop.run("validate", "--json", "--env").stdout)["findings"]
    [warned] = [one for one in told if one["code"] == "W410"]
    assert warned["file"] == "destinations/lines.yaml"
    assert f"{shop.folder / 'archive'} is a file" in warned["message"]


def test_an_archive_whose_disk_is_too_small_for_it_is_a_warning(tmp_path):
    release = a_release(tmp_path, ARCHIVING)

    [found] = check_archives(release, tmp_path, free_bytes=2**60)

    assert (found.what, found.level) == ("lines", Level.WARNING)
    assert "archive.max_bytes" in found.todo
