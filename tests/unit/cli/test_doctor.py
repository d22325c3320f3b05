"""``encamina doctor``: as grave as ingest takes it, and by its cause."""

import json
import socket

import pytest
import trio

from cli.commands import doctor
from cli.commands.doctor import _reached
from engine.server.checkup import Level


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
