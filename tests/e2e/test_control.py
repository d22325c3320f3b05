"""Changes beside a running server, through ``/admin``, and where no server holds the folder."""

import json
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import sandbox_running, server_running, wait_until
from tests.support.releases import FILES, write_project

pytestmark = pytest.mark.slow

TOKEN = "enc_a_for-tests"
SETTINGS = """
version: 1
sources:
  shop: { kind: server, write_key: "{{ env.SHOP_WRITE_KEY }}" }
server: { admin_token: "{{ env.ENCAMINA_ADMIN_TOKEN }}" }
"""
STRICT_CONTRACT = FILES["schemas/payloads/hook.yaml"].replace("[id]", "[id, total]")


def a_shop(folder, **changed):
    """The small project; ``changed`` replaces its contract or the schema of its event."""
    files = {
        **FILES,
        "encamina.yaml": SETTINGS,
        "schemas/payloads/hook.yaml": changed.get("contract", FILES["schemas/payloads/hook.yaml"]),
        "schemas/events/order-completed.yaml": changed.get(
            "schema", FILES["schemas/events/order-completed.yaml"]
        ),
    }
    return write_project(folder / "shop", files)


@contextmanager
def serving(folder, sandbox, project):
    with server_running(folder, sandbox, project, ENCAMINA_ADMIN_TOKEN=TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def shop(tmp_path, sandbox):
    with serving(tmp_path, sandbox, a_shop(tmp_path)) as running:
        yield running


def an_order(**properties):
    return an_event(
        messageId=str(uuid.uuid4()),
        timestamp=datetime.now(UTC).isoformat(),
        properties={"order_id": "SO-1", **properties},
    )


def asked(shop, name, body, token=TOKEN):
    return httpx.post(
        f"{shop.server.url}/admin/{name}",
        headers={"Authorization": f"Bearer {token}"} if token else {},
        json=body,
        timeout=30,
    )


def states(shop):
    return sorted(one["state"] for one in shop.deliveries())


def ids_of(events):
    return sorted(one["messageId"] for one in events)


def received(sandbox, wanted):
    """Of these ids, those that the hook's stand-in got, as often as it got them."""

    def bodies():
        page = httpx.get(
            f"{sandbox.url}/received", params={"vendor": "hook", "limit": 1000}, timeout=30
        ).json()
        return [item["body"] for item in page["items"]]

    return sorted(
        one["id"] for body in bodies() for one in body["items"] if one["id"] in set(wanted)
    )


def test_a_key_made_beside_a_running_server_is_good_at_once_and_revoked_at_once(shop):
    made = json.loads(shop.encamina("keys", "create", "--source", "shop", "--json").stdout)

    assert shop.post([an_order()], key=made["key"]).status_code == 200
    shop.encamina("keys", "revoke", made["id"])
    assert shop.post([an_order()], key=made["key"]).status_code == 401

    kept = b"".join(path.read_bytes() for path in shop.data.iterdir())
    assert made["key"].encode() not in kept
    listed = {one["id"]: one for one in shop.lines("keys", "list")}
    assert listed[made["id"]]["revoked_at"]


def test_a_key_that_stands_in_the_files_is_revoked_too(shop):
    [key] = [one for one in shop.lines("keys") if one["kind"] == "write"]

    shop.encamina("keys", "revoke", key["id"])

    assert shop.post([an_order()]).status_code == 401


def test_keys_made_while_no_server_runs_are_good_once_it_does(tmp_path, sandbox):
    project = a_shop(tmp_path)
    with serving(tmp_path, sandbox, project) as running:
        pass

    made = json.loads(running.encamina("keys", "create", "--source", "shop", "--json").stdout)
    token = json.loads(running.encamina("keys", "create", "--admin", "--json").stdout)

    with serving(tmp_path, sandbox, project) as again:
        assert again.post([an_order()], key=made["key"]).status_code == 200
        assert asked(again, "keys/revoke", {"id": made["id"]}, token["key"]).json() == {
            "success": True,
            "id": made["id"],
            "kind": "write",
            "source": "shop",
            "revoked": 1,
            "left": 1,
        }
        assert again.post([an_order()], key=made["key"]).status_code == 401


def test_without_a_token_a_command_says_both_ways_out(shop):
    del shop.env["ENCAMINA_ADMIN_TOKEN"]

    done = shop.encamina("keys", "create", "--source", "shop", check=False)

    assert done.returncode == 2
    assert "ENCAMINA_ADMIN_TOKEN" in done.stderr
    assert "stop the server" in done.stderr


def test_a_second_server_is_told_who_holds_the_folder(shop):
    done = shop.encamina("serve", "--listen", "127.0.0.1:0", check=False)

    assert done.returncode == 2
    assert f"process {shop.server.process.pid} at {shop.server.url}" in done.stderr.replace(
        "\n", " "
    )


@pytest.mark.parametrize("beside", ["a running server", "no server"])
def test_dead_letters_are_delivered_after_the_fix_and_a_retry(tmp_path, sandbox, beside):
    project = a_shop(tmp_path, contract=STRICT_CONTRACT)
    orders = [an_order() for _ in range(3)]
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(orders)
        assert {one["state"] for one in shop.settled(3)} == {"dead"}
        [group] = shop.lines("dead", "--by-reason")
        assert (group["destination"], group["count"]) == ("hook", 3)
        a_shop(tmp_path)
        if beside == "no server":
            retry = None
        else:
            # Its own contract still refuses them: they die again, and nothing is stuck.
            assert retried(shop)["retried"] == 3
            wait_until(lambda: states(shop) == ["dead"] * 3)
    if beside == "no server":
        retry = retried(shop)
        assert states(shop) == ["retrying"] * 3

    with serving(tmp_path, sandbox, project) as shop:
        if beside == "a running server":
            retry = retried(shop)
        assert retry == {
            "retried": 3,
            "not_kept": 0,
            "not_running": 0,
            "busy": 0,
            "delivered": 0,
        }
        wait_until(lambda: states(shop) == ["delivered"] * 3)
        assert received(sandbox, ids_of(orders)) == ids_of(orders)
        assert shop.lines("dead") == []


def retried(shop):
    return json.loads(shop.encamina("dead", "retry", "--all", "--yes", "--json").stdout)


@pytest.mark.parametrize("beside", ["a running server", "no server"])
def test_quarantined_events_go_on_their_way_after_the_fix(tmp_path, sandbox, beside):
    schema = FILES["schemas/events/order-completed.yaml"]
    strict = schema.replace("required: [order_id]", "required: [order_id, total]")
    project = a_shop(tmp_path, schema=strict)
    orders, good = [an_order() for _ in range(3)], an_order(total=5)
    with serving(tmp_path, sandbox, project) as shop:
        assert shop.post([*orders, good]).json()["quarantined"] == 3
        [group] = shop.lines("quarantine", "--by-reason")
        assert (group["source"], group["count"]) == ("shop", 3)
        came = {one["message_id"]: one["received_at"] for one in shop.lines("quarantine")}
        a_shop(tmp_path)
    if beside == "no server":
        assert readmitted(shop) == {"accepted": 3, "duplicate": 0, "still": 0}
        assert shop.lines("quarantine") == []
    time.sleep(0.01)

    with serving(tmp_path, sandbox, project) as shop:
        if beside == "a running server":
            assert readmitted(shop) == {"accepted": 3, "duplicate": 0, "still": 0}
        wait_until(lambda: states(shop) == ["delivered"] * 4)
        ids = ids_of([*orders, good])
        assert received(sandbox, ids) == ids
        assert readmitted(shop) == {"accepted": 0, "duplicate": 0, "still": 0}
        kept = {one["event"]["messageId"]: one for one in shop.lines("events")}
    for message_id, received_at in came.items():
        assert kept[message_id]["event"]["receivedAt"] == received_at
        assert kept[message_id]["received_at"] > received_at


def readmitted(shop):
    return json.loads(shop.encamina("quarantine", "retry", "--all", "--yes", "--json").stdout)


def test_dead_letters_are_shown_exported_and_dropped(tmp_path, sandbox):
    project = a_shop(tmp_path, contract=STRICT_CONTRACT)
    orders = [an_order() for _ in range(2)]
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(orders)
        shop.settled(2)
        first, second = (one["messageId"] for one in orders)

        [shown] = shop.lines("dead", "show", first)
        exported = [
            json.loads(line) for line in shop.encamina("dead", "export").stdout.splitlines()
        ]
        refused = shop.encamina("dead", "drop", first, check=False)
        dropped = shop.lines("dead", "drop", first, "--yes")

        assert shown["event"]["properties"] == {"order_id": "SO-1"}
        assert shown["delivery"]["reason"].startswith("contract")
        assert [one["event"]["messageId"] for one in exported] == [first, second]
        assert refused.returncode == 2
        assert "Dead letters to drop: 1" in refused.stderr
        assert dropped == [{"dropped": 1}]
        assert [one["message_id"] for one in shop.lines("dead")] == [second]
        [skipped] = shop.deliveries("--message-id", first)
        assert skipped["state"] == "skipped"
        assert skipped["reason"].startswith("dropped by hand: contract")
        assert shop.encamina("dead", "show", "nobody", check=False).returncode == 1
