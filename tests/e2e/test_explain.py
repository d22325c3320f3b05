"""``encamina explain`` names every way an event can go, each reached by a real run."""

import httpx
import pytest

from tests.support.events import an_event
from tests.support.processes import sandbox_running, server_running, wait_until
from tests.support.releases import FILES, write_project

pytestmark = pytest.mark.slow

RULES = FILES["rules/hook.yaml"]
RETRY = """\
retry: { first: 10ms, longest: 500ms, max_age: 1h }
breaker: { failures: 1000000, window: 1s }
"""
LIST_OF_ONE = "batch: { max_events: 1, linger: 50ms }\n"

UNSURE = 'responses:\n  - { when: "{{ status == 200 }}", then: unverified }\n'
DESTINATIONS = {
    "proved": ("", ""),
    "unsure": (UNSURE, ""),
    "down": (RETRY, ""),
    "locked": (RETRY, ""),
    "refusing": (RETRY, ""),
    "strict": ("", ""),
    "late": (RETRY.replace("1h", "30m") + "window: 1h\n", ""),
    "private": ("consent: { all: [resale] }\n", ""),
    "elsewhere": ("", RULES.replace("Order Completed", "Heartbeat")),
    "chosen": ("rollout: { percent: 0, by: user }\n", ""),
    "tried": ("mode: shadow\n", ""),
    "sleeping": ("mode: off\n", ""),
    "dropping": ("", f"{RULES.split('payload:', maxsplit=1)[0].rstrip()}\n    drop: not for us\n"),
}
"""What is particular to each: keys of its file, and its rules."""


def destination_file(name, keys):
    lines = [
        f"name: {name}",
        f"title: The {name} one",
        f"contract: schemas/payloads/{'strict' if name == 'strict' else 'hook'}.yaml",
        "dedupe: id",
        *(["consent: { all: [advertising] }"] if "consent:" not in keys else []),
        "request:",
        "  method: POST",
        f"  url: https://{name}.example.com/in",
        '  body: { items: "{{ batch }}" }',
        keys,
    ]
    return "\n".join([*lines, LIST_OF_ONE])


def files():
    kept = {name: text for name, text in FILES.items() if "hook" not in name}
    contract = FILES["schemas/payloads/hook.yaml"]
    kept["schemas/payloads/hook.yaml"] = contract
    kept["schemas/payloads/strict.yaml"] = contract.replace("type: number", "maximum: 10")
    for name, (keys, rules) in DESTINATIONS.items():
        kept[f"destinations/{name}.yaml"] = destination_file(name, keys)
        text = (rules or RULES).replace("destination: hook", f"destination: {name}")
        kept[f"rules/{name}.yaml"] = text
    return kept


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server that was sent an order for every destination, and some more events."""
    folder = tmp_path_factory.mktemp("explain")
    project = write_project(folder / "project", files())
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, project, SHOP_WRITE_KEY="shop-key") as running,
    ):
        for vendor, fault in {"down": "503", "locked": "401", "refusing": "400"}.items():
            asked = {"vendor": vendor, "faults": fault}
            assert httpx.post(f"{sandbox.url}/faults", json=asked).status_code == 200
        running.post([an_event(messageId="first", timestamp=...)], "shop-key")
        wait_until(lambda: running.recorded(destination="locked", state="paused"))
        wait_until(lambda: down_again(running))
        running.post(
            [
                an_event(messageId="second", timestamp=...),
                an_event(messageId="second", timestamp=...),
                an_event(messageId="bad", timestamp=..., properties={}),
                an_event(messageId="old", timestamp="2020-01-01T00:00:00Z"),
            ],
            "shop-key",
        )
        wait_until(lambda: running.recorded(message_id="old") >= 11)
        # The consumer waited for an event when it was paused; it holds that one, and reads no more.
        running.post([an_event(messageId="third", timestamp=...)], "shop-key")
        wait_until(lambda: running.recorded(message_id="third") >= 11)
        yield running


def down_again(running):
    [one] = running.deliveries("--destination", "down") or [{"attempts": 0}]
    return one["attempts"] >= 2


def explained(running, message_id, *options):
    [told] = running.lines("explain", message_id, *options)
    return told["events"]


@pytest.fixture(scope="module")
def first(running):
    [event] = explained(running, "first")
    return {one["destination"]: one for one in event["destinations"]}


@pytest.mark.parametrize(
    ("name", "state", "reason"),
    [
        ("proved", "delivered", ""),
        ("unsure", "unverified", ""),
        ("down", "retrying", "503"),
        ("locked", "paused", "401"),
        ("refusing", "dead", "400"),
        ("strict", "dead", "contract"),
        ("private", "skipped", "consent"),
        ("elsewhere", "skipped", "no rule"),
        ("chosen", "skipped", "rollout"),
        ("tried", "shadowed", ""),
        ("dropping", "skipped", "not for us"),
    ],
)
def test_each_state_is_named_with_its_reason(first, name, state, reason):
    [delivery] = first[name]["deliveries"]

    assert delivery["state"] == state
    assert reason in delivery["reason"]


@pytest.mark.parametrize(
    ("name", "outcome", "status"),
    [
        ("proved", "delivered", 200),
        ("unsure", "unverified", 200),
        ("down", "retry", 503),
        ("locked", "pause", 401),
        ("refusing", "dead", 400),
    ],
)
def test_each_attempt_is_told_with_the_vendors_answer(first, name, outcome, status):
    [delivery] = first[name]["deliveries"]
    attempt = delivery["tried"][0]

    assert (attempt["number"], attempt["outcome"], attempt["status"]) == (1, outcome, status)
    assert attempt["answer"]
    assert len(delivery["tried"]) == delivery["attempts"]


def test_one_that_is_tried_again_says_when_and_until_when(first):
    [delivery] = first["down"]["deliveries"]

    assert delivery["at"] < delivery["next_at"] < delivery["gives_up_at"]
    assert delivery["attempts"] >= 2


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("proved", "rule order (rules/proved.yaml:3): matches"),
        ("proved", "contract schemas/payloads/hook.yaml: met"),
        ("strict", "contract schemas/payloads/strict.yaml: broken"),
        ("private", "consent: resale missing (when missing: deny)"),
        ("private", "stopped by: consent"),
        ("elsewhere", "no rule of 1 takes it"),
        ("chosen", "stopped by: rollout"),
    ],
)
def test_the_clause_that_decided_is_told(first, name, line):
    assert line in first[name]["why"]


def test_what_was_sent_is_known_again_by_its_digest(first):
    [delivery] = first["proved"]["deliveries"]

    assert delivery["same_payload_today"] is True


def test_a_destination_that_is_off_passed_the_event_over(first):
    assert first["sleeping"]["reading"] == "passed"
    assert first["sleeping"]["deliveries"] == []


def test_what_a_paused_destination_has_not_read_is_waiting(running):
    [event] = explained(running, "third", "--destination", "locked")
    [locked] = event["destinations"]

    assert (locked["reading"], locked["deliveries"]) == ("waiting", [])
    # "old" came in between, and may have been read with "second" or not.
    assert locked["ahead"] in (0, 1)


def test_a_duplicate_is_one_event(running):
    assert [one["verdict"] for one in explained(running, "second")] == ["accepted"]


def test_an_event_in_quarantine_tells_what_is_wrong_with_it(running):
    [event] = explained(running, "bad")

    assert event["verdict"] == "quarantined"
    assert event["errors"][0]["path"] == "properties.order_id"


def test_an_event_that_is_too_old_is_dead_for_its_age(running):
    [event] = explained(running, "old", "--destination", "late")
    [delivery] = event["destinations"][0]["deliveries"]

    assert (delivery["state"], delivery["reason"]) == ("dead", "older than 1h")


def test_two_sources_may_use_one_id(running):
    for key in ("shop-key", "strict-key"):
        running.post([an_event(messageId="shared", timestamp=...)], key)

    both = wait_until(lambda: len(found := explained(running, "shared")) == 2 and found)

    assert [one["source"] for one in both] == ["shop", "strict"]


def test_an_id_that_nobody_sent_is_said_to_be_unknown(running):
    done = running.encamina("explain", "nobody", check=False)

    assert done.returncode == 1
    assert 'nothing is known of "nobody"' in done.stderr


def test_a_destination_with_another_name_is_refused_with_the_nearest(running):
    for command in (("explain", "first"), ("deliveries",)):
        done = running.encamina(*command, "--destination", "prooved", check=False)

        assert done.returncode == 2
        assert 'did you mean "proved"?' in done.stderr


def test_the_text_for_people_tells_the_same(running):
    text = running.encamina("explain", "first", "--destination", "proved", "--payload").stdout

    for part in ("Order Completed  first  accepted", "person: userId lucia", "proved  delivered"):
        assert part in text
    assert "attempt 1" in text
    assert '"id": "first"' in text
    assert "today's rules make the same payload" in text


def test_explain_works_where_todays_files_have_errors(running):
    broken = running.project / "rules" / "proved.yaml"
    before = broken.read_text()
    broken.write_text(before.replace("match:", "mach:"))
    try:
        done = running.encamina("explain", "first", "--destination", "proved")
    finally:
        broken.write_text(before)

    assert "proved  delivered" in done.stdout
    assert "Today's files have errors" in done.stderr
