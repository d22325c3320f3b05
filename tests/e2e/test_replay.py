"""Recorded events sent again: what goes, what is left out, and through a crash."""

import json
import signal
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
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
IN_SHOP = {**FILES, "encamina.yaml": SETTINGS}
STRICT = FILES["schemas/payloads/hook.yaml"].replace("[id]", "[id, total]")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(autouse=True)
def _without_faults(sandbox):
    yield
    set_faults(sandbox, "")


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "shop", IN_SHOP)


@pytest.fixture(scope="module")
def idle(tmp_path_factory, sandbox):
    """A server for what is refused: nothing is sent to it, and nothing comes of what is asked."""
    folder = tmp_path_factory.mktemp("idle")
    with serving(folder, sandbox, write_project(folder / "shop", IN_SHOP)) as shop:
        yield shop


def serving(folder, sandbox, project):
    return server_running(folder, sandbox, project, ENCAMINA_ADMIN_TOKEN=TOKEN)


def orders(count, name="Order Completed"):
    return [
        an_event(
            name,
            messageId=str(uuid.uuid4()),
            timestamp=datetime.now(UTC).isoformat(),
            properties={"order_id": "SO-1"},
        )
        for _ in range(count)
    ]


def ids_of(events):
    return sorted(one["messageId"] for one in events)


def arrived(shop, events):
    """How often each of these events came to the hook's stand-in."""
    wanted = set(ids_of(events))
    bodies = (item["body"] for item in shop.received("hook", limit=1000))
    return Counter(one["id"] for body in bodies for one in body["items"] if one["id"] in wanted)


def replayed(shop, *options, check=True):
    command = ("replay", "--destination", "hook", "--since", "1h", "--yes", *options)
    return shop.encamina(*command, check=check)


def done(shop):
    def listed():
        if shop.in_file("SELECT 1 FROM replays WHERE state = 'done'"):
            return [one for one in shop.lines("replay", "--list") if one["state"] == "done"]
        return None

    return wait_until(listed)


def test_all_goes_again_under_the_same_keys_through_the_rules_of_today(tmp_path, sandbox, project):
    events = orders(5)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(events)
        shop.settled(5)
    rules = project / "rules/hook.yaml"
    rules.write_text(rules.read_text().replace("{{ properties.total | number }}", "{{ 7 }}"))

    with serving(tmp_path, sandbox, project) as shop:
        said = replayed(shop, "--again").stdout
        found = shop.deliveries("--replay", "1")

        assert "Replay 1 to hook is done: 5 delivered" in said
        assert [(one["state"], one["replay"]) for one in found] == [("delivered", 1)] * 5
        assert arrived(shop, events) == dict.fromkeys(ids_of(events), 2)
        newest = shop.received("hook")[-1]["body"]["items"]
        assert {one["total"] for one in newest} == {7}


def test_what_came_through_is_left_out_and_what_did_not_goes(tmp_path, sandbox, project):
    contract = project / "schemas/payloads/hook.yaml"
    good = contract.read_text()
    contract.write_text(STRICT)
    died, came = orders(2), orders(3)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(died)
        assert {one["state"] for one in shop.settled(2)} == {"dead"}
    contract.write_text(good)

    with serving(tmp_path, sandbox, project) as shop:
        shop.post(came)
        shop.settled(5)
        counted = json.loads(replayed(shop, "--dry-run", "--json").stdout)
        assert (counted["events"], counted["to_send"], counted["left_out"]) == (5, 2, 3)
        replayed(shop)

        assert arrived(shop, died) == dict.fromkeys(ids_of(died), 1)
        assert arrived(shop, came) == dict.fromkeys(ids_of(came), 1)
        assert replayed(shop, "--dry-run").stdout == (
            "5 events make 5 deliveries to hook\n"
            "  0  to be sent\n"
            "  5  delivered before, left out; --again sends them too\n"
        )


def test_only_events_of_a_name_and_of_a_time_go(tmp_path, sandbox, project):
    events = orders(2)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post([*events, *orders(3, "Product Viewed")])
        shop.settled(5)

        by_name = json.loads(replayed(shop, "--dry-run", "--json", "--event", "Order *").stdout)
        by_time = json.loads(replayed(shop, "--dry-run", "--json", "--until", "10m").stdout)
        every = json.loads(replayed(shop, "--dry-run", "--json").stdout)

        assert (by_name["events"], by_time["events"], every["events"]) == (2, 0, 5)
        assert (every["no_rule"], every["left_out"], every["deliveries"]) == (3, 2, 5)


def test_a_replay_goes_on_after_a_crash_and_loses_nothing(tmp_path, sandbox, project):
    events = orders(120)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(events)
        shop.settled(120, within_s=60)
        replayed(shop, "--again", "--rate", "30/s", "--no-wait")
        wait_until(lambda: sum(arrived(shop, events).values()) > 140)
        shop.server.ended(signal.SIGKILL)
        assert sum(arrived(shop, events).values()) < 240

    with serving(tmp_path, sandbox, project) as shop:
        [one] = done(shop)

        assert one["to_send"] == 120
        assert min(arrived(shop, events).values()) >= 2
        states = Counter(one["state"] for one in shop.deliveries("--replay", "1"))
        assert states == {"delivered": 120}


def test_one_that_is_stopped_sends_no_more_and_says_so(tmp_path, sandbox, project):
    events = orders(60)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(events)
        shop.settled(60)
        replayed(shop, "--again", "--rate", "10/s", "--no-wait")
        wait_until(lambda: sum(arrived(shop, events).values()) > 60)
        shop.encamina("replay", "--stop", "1")

        wait_until(lambda: shop.recorded(replay=1, state="waiting") == 0)
        states = Counter(one["state"] for one in shop.deliveries("--replay", "1"))
        assert states["waiting"] == 0
        assert states["skipped"] > 0
        assert states["delivered"] + states["skipped"] == 60
        [skipped, *_] = shop.deliveries("--replay", "1", "--state", "skipped")
        assert skipped["reason"] == "replay 1 was stopped"
        again = shop.encamina("replay", "--stop", "1", check=False)
        assert (again.returncode, "is stopped already" in again.stderr) == (2, True)


def test_asked_for_without_a_server_it_runs_when_there_is_one(tmp_path, sandbox, project):
    events = orders(3)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(events)
        shop.settled(3)

    assert "begins when the server is started" in replayed(shop, "--again").stdout
    with serving(tmp_path, sandbox, project) as shop:
        done(shop)
        assert arrived(shop, events) == dict.fromkeys(ids_of(events), 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--destination", "hok", "--since", "1h"), 'did you mean "hook"'),
        (("--destination", "hook"), "--since is missing"),
        (("--since", "1h"), "--destination is missing"),
        (("--destination", "hook", "--since", "soon"), "expected how long ago"),
        (("--destination", "hook", "--since", "1h", "--rate", "fast"), "expected a rate"),
        (("--destination", "hook", "--since", "1h", "--until", "2h"), "not after since"),
        (("--stop", "9"), "no replay 9"),
    ],
)
def test_what_can_t_be_asked_is_told(idle, options, said):
    refused = idle.encamina("replay", *options, check=False)

    assert refused.returncode == 2
    assert said in refused.stderr.replace("\n", " ")
    assert "Traceback" not in refused.stderr
    assert idle.in_file("SELECT * FROM replays") == []


def test_a_replay_to_one_that_is_off_is_refused(tmp_path, sandbox, project):
    file = project / "destinations/hook.yaml"
    file.write_text(file.read_text() + "mode: off\n")
    with serving(tmp_path, sandbox, project) as shop:
        refused = replayed(shop, check=False)

    assert "hook is off" in refused.stderr


def test_live_traffic_goes_first(tmp_path, sandbox, project):
    file = project / "destinations/hook.yaml"
    text = file.read_text().replace("max_events: 10", "max_events: 1")
    file.write_text(text + "limits: { rate: 20/s, concurrency: 1 }\n")
    old, new = orders(80), orders(15)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(old)
        shop.settled(80)
        # The command may take as long to end as the replay does.
        with ThreadPoolExecutor(1) as beside:
            asked = beside.submit(replayed, shop, "--again", "--no-wait")
            wait_until(lambda: sum(arrived(shop, old).values()) > 82)
            shop.post(new)
            assert asked.result().returncode == 0
        wait_until(lambda: len(arrived(shop, new)) == 15)
        done(shop)
        came = [one["id"] for item in shop.received("hook") for one in item["body"]["items"]]

    is_new = [one in ids_of(new) for one in came if one in {*ids_of(old), *ids_of(new)}]
    first, last = is_new.index(True), len(is_new) - 1 - is_new[::-1].index(True)
    # One of the replay may have been on its way already.
    assert is_new[first : last + 1].count(False) <= 1
    assert is_new[last + 1 :].count(False) > 0


def test_a_replay_goes_on_when_its_vendor_is_well_again_though_nothing_else_comes(
    tmp_path, sandbox, project
):
    file = project / "destinations/hook.yaml"
    file.write_text(
        file.read_text() + "retry: { first: 10ms }\nbreaker: { failures: 3, open: 1s }\n"
    )
    events = orders(30)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(events)
        shop.settled(30)
        set_faults(sandbox, "503")
        replayed(shop, "--again", "--no-wait")
        wait_until(lambda: stands(shop)["state"] in ("open", "half-open"))
        set_faults(sandbox, "")

        done(shop)
        assert {one["state"] for one in shop.deliveries("--replay", "1")} == {"delivered"}


def test_what_a_revoked_token_kept_of_a_replay_goes_after_a_restart(tmp_path, sandbox, project):
    events = orders(3)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(events)
        shop.settled(3)
        set_faults(sandbox, "401")
        replayed(shop, "--again", "--no-wait")
        wait_until(lambda: shop.recorded(replay=1, state="paused") == 3)
    set_faults(sandbox, "")

    with serving(tmp_path, sandbox, project) as shop:
        done(shop)
        assert {one["state"] for one in shop.deliveries("--replay", "1")} == {"delivered"}


def test_live_traffic_that_trickles_stops_no_replay(tmp_path, sandbox, project):
    file = project / "destinations/hook.yaml"
    file.write_text(file.read_text().replace("linger: 50ms", "linger: 1s"))
    old = orders(40)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(old)
        shop.settled(40)
        replayed(shop, "--again", "--no-wait")

        def is_through():
            shop.post(orders(1))  # one is always waiting for its batch to fill
            return min(arrived(shop, old).values()) == 2

        wait_until(is_through)


def test_a_dead_letter_that_a_replay_brought_through_is_not_sent_again(tmp_path, sandbox, project):
    contract = project / "schemas/payloads/hook.yaml"
    good = contract.read_text()
    contract.write_text(STRICT)
    died = orders(2)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(died)
        shop.settled(2)
    contract.write_text(good)

    with serving(tmp_path, sandbox, project) as shop:
        replayed(shop)
        told = json.loads(shop.encamina("dead", "retry", "--all", "--yes", "--json").stdout)

        assert (told["retried"], told["delivered"]) == (0, 2)
        assert arrived(shop, died) == dict.fromkeys(ids_of(died), 1)


def test_a_dead_letter_of_a_replay_is_retried_as_one_of_it(tmp_path, sandbox, project):
    events = orders(2)
    with serving(tmp_path, sandbox, project) as shop:
        shop.post(events)
        shop.settled(2)
        set_faults(sandbox, "400")
        replayed(shop, "--again", "--no-wait")
        done(shop)
        set_faults(sandbox, "")
        assert len(shop.deliveries("--replay", "1", "--state", "dead")) == 2
        told = json.loads(shop.encamina("dead", "retry", "--all", "--yes", "--json").stdout)
        assert told["retried"] == 2

        wait_until(lambda: shop.recorded(replay=1, state="delivered") == 2)
        assert len(shop.deliveries("--replay", "1", "--state", "delivered")) == 2
        [one] = done(shop)
        assert (one["to_send"], one["dead"]) == (2, 0)


def test_what_live_traffic_still_has_is_counted_as_on_its_way(tmp_path, sandbox, project):
    events = orders(3)
    with serving(tmp_path, sandbox, project) as shop:
        set_faults(sandbox, "503")
        shop.post(events)
        wait_until(lambda: shop.recorded(replay=0, state="retrying") == 3)

        counted = json.loads(replayed(shop, "--again", "--dry-run", "--json").stdout)
        assert (counted["to_send"], counted["on_their_way"]) == (0, 3)


def set_faults(sandbox, faults):
    asked = {"vendor": "hook", "faults": faults}
    assert httpx.post(f"{sandbox.url}/faults", json=asked).status_code == 200


def stands(shop):
    return httpx.get(f"{shop.server.url}/readyz").json()["destinations"]["hook"]
