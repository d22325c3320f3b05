"""``encamina deliveries``: as they stand now, counted as asked, and what is not among them."""

import pytest

from engine.model.clock import to_iso
from engine.model.delivery import State
from tests.support.events import NOW
from tests.unit.cli.conftest import a_delivery

DAY = 86_400_000
MAILBOX = """
    name: hook
    title: The hook
    contract: schemas/payloads/hook.yaml
    dedupe: id
    consent: { all: [advertising] }
    kind: mailbox
    mailbox: { key: id, keep: 2h }
    window: 7d
    """


def summary(shop, *options):
    [counts] = shop.lines("deliveries", "--summary", *options)
    return counts


def test_a_summary_counts_what_is_asked_for(shop):
    shop.fill(
        a_delivery(1, state=State.DELIVERED, reason=""),
        a_delivery(1, state=State.DEAD, replay=1, reason="HTTP 400"),
        a_delivery(2, message_id="m2", state=State.DEAD, reason="contract"),
        a_delivery(3, destination="other", state=State.DEAD, event="Heartbeat"),
        a_delivery(3, destination="other", rule="beat"),
    )

    assert summary(shop, "--replay", "1") == {"hook": {"dead": 1}}
    assert summary(shop, "--replay", "0") == {
        "hook": {"delivered": 1, "dead": 1},
        "other": {"dead": 1, "retrying": 1},
    }
    assert summary(shop, "--state", "dead") == {"hook": {"dead": 2}, "other": {"dead": 1}}
    assert summary(shop, "--destination", "o*") == {"other": {"dead": 1, "retrying": 1}}
    assert summary(shop, "--message-id", "m2") == {"hook": {"dead": 1}}
    assert summary(shop, "--error", "400") == {"hook": {"dead": 1}}
    assert summary(shop, "--rule", "beat") == {"other": {"retrying": 1}}
    assert summary(shop, "--event", "Heart*") == {"other": {"dead": 1}}
    assert summary(shop, "--since", to_iso(NOW + 1)) == {}


def test_a_summary_says_the_same_as_the_list(shop):
    shop.fill(*(a_delivery(at, state=state) for at, state in enumerate(State, 1)))

    for state in State:
        listed = shop.lines("deliveries", "--state", str(state))
        assert summary(shop, "--state", str(state)) == {"hook": {str(state): len(listed)}}


def test_unread_events_wait_in_a_summary_of_live_traffic_and_not_in_one_of_a_replay(shop, an_order):
    shop.fill(a_delivery(1), events=[an_order("m1"), an_order("m2")])

    assert summary(shop) == summary(shop, "--replay", "0")
    assert summary(shop, "--destination", "hook")["hook"]["waiting"] == 1
    assert summary(shop, "--replay", "1") == {}


def test_a_list_of_match_keys_takes_no_other_filter(shop):
    shop.fill()

    done = shop.run("deliveries", "--match-keys", "--state", "dead", code=2)

    assert "it takes --destination alone" in str(done.exception)


def test_what_is_on_its_way_stands_as_paused_while_its_destination_is(shop):
    shop.fill(
        a_delivery(1, message_id="m1"),
        a_delivery(2, message_id="m2", state=State.DELIVERED, reason=""),
        a_delivery(3, message_id="m3", destination="other"),
        pause="the account moves",
    )

    [first, second, third] = shop.lines("deliveries")

    assert (first["state"], first["next_at"]) == ("paused", None)
    assert first["reason"] == "the account moves; last: no answer: status 503"
    assert [second["state"], third["state"]] == ["delivered", "retrying"]
    assert [one["message_id"] for one in shop.lines("deliveries", "--state", "paused")] == ["m1"]
    assert [one["message_id"] for one in shop.lines("deliveries", "--state", "retrying")] == ["m3"]
    assert summary(shop)["hook"] == {"paused": 1, "delivered": 1, "waiting": 0}
    assert summary(shop, "--replay", "0")["hook"] == {"paused": 1, "delivered": 1}
    assert "next once it is resumed" in shop.run("deliveries", "--state", "paused").stdout


def test_the_newest_of_those_that_stand_as_paused_are_listed_in_order(shop):
    shop.fill(
        *(a_delivery(at, state=[State.RETRYING, State.PAUSED][at % 2]) for at in range(1, 9)),
        *(a_delivery(at, destination="other") for at in range(1, 9)),
        pause="",
    )

    found = shop.run("deliveries", "--state", "paused", "--limit", "3", "--json")

    assert found.stdout.count('"paused"') == 3
    assert len(shop.lines("deliveries", "--state", "paused")) == 8
    assert len(shop.lines("deliveries", "--state", "retrying")) == 8


def test_an_event_that_a_paused_destination_has_not_read_is_said_to_wait(shop, an_order):
    shop.fill(
        events=[an_order("m1"), an_order("m2"), an_order("m3")],
        read_to=1,
        pause="the account moves",
    )

    for options in ((), ("--json",)):
        done = shop.run("deliveries", "--message-id", "m3", *options)
        assert done.stdout.count("m3") == 0
        assert (
            "hook has not read it yet, as it is paused by hand (the account moves); it waits unread"
            in done.stderr
        )
    assert "2 events wait there unread" in shop.run("deliveries").stderr
    for options in (("--state", "dead"), ("--replay", "1"), ("--rule", "order")):
        assert "unread" not in shop.run("deliveries", *options).stderr
    assert "has not read" not in shop.run("deliveries", "--message-id", "m1").stderr
    assert "has not read" not in shop.run("deliveries", "--message-id", "nobody").stderr


def test_an_event_that_is_not_read_yet_says_how_many_come_before_it(shop, an_order):
    shop.fill(events=[an_order("m1"), an_order("m2"), an_order("m3")], read_to=1)

    assert "hook has not read it yet: it is the next" in (
        shop.run("deliveries", "--message-id", "m2").stderr
    )
    assert "1 events are read before it" in shop.run("deliveries", "--message-id", "m3").stderr
    assert shop.run("deliveries").stderr.count("unread") == 0


def test_one_that_waits_for_an_earlier_event_of_its_person_says_so_and_no_time(shop):
    behind = "waits for an earlier event of the same person"
    shop.fill(a_delivery(state=State.WAITING, reason=behind, attempts=0, next_at=NOW + 600_000))

    [told] = shop.lines("deliveries")
    text = shop.run("deliveries").stdout

    assert told["next_at"] is None
    assert f"{behind}; next after an earlier event of its person; gives up" in " ".join(
        text.split()
    )
    assert to_iso(NOW + 600_000) not in text


@pytest.mark.parametrize("window_ms", [None, 3_600_000])
def test_what_waits_in_a_mailbox_gives_up_when_the_mailbox_does(shop, window_ms):
    shop.changed |= {"destinations/hook.yaml": MAILBOX}
    shop.fill(a_delivery(state=State.WAITING, reason="", next_at=None, window_ms=window_ms))

    [told] = shop.lines("deliveries")

    assert told["gives_up_at"] == to_iso(NOW + 7_200_000)


def test_dead_letters_say_which_replay_they_are_of(shop):
    shop.fill(
        a_delivery(1, state=State.DEAD, reason="contract"),
        a_delivery(1, state=State.DEAD, reason="contract", replay=7),
    )

    text = shop.run("dead").stdout

    assert text.count("order") == 2
    assert text.count("order (replay 7)") == 1
    assert [one["replay"] for one in shop.lines("dead")] == [None, 7]
