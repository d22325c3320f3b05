"""``encamina explain``: what is on its way, as it stands."""

from functools import partial

import pytest
import trio

from cli.kept import find
from engine.ingest.accept import accept
from engine.model.clock import to_iso
from engine.model.delivery import State
from engine.model.errors import ProjectError
from tests.support.controls import HandClock, a_control
from tests.support.events import NOW, an_inbound
from tests.unit.cli.conftest import a_delivery


def told(shop):
    [found] = shop.lines("explain", "m1")
    [event] = found["events"]
    [fate] = event["destinations"]
    return fate


def test_what_is_on_its_way_stands_as_paused_while_its_destination_is(shop, an_order):
    shop.fill(a_delivery(1), events=[an_order("m1")], read_to=1, pause="the account moves")

    [delivery] = told(shop)["deliveries"]
    text = shop.run("explain", "m1").stdout

    assert (delivery["state"], delivery["next_at"]) == ("paused", None)
    assert delivery["reason"] == "the account moves; last: no answer: status 503"
    assert "paused by hand: the account moves" in text
    assert "gives up" in text
    assert "tried next" not in text


async def posted(shop, *bodies):
    """What a mapping of the project made."""
    async with a_control(shop.folder, HandClock(), shop.changed) as control:
        await accept(control.ingest, [*map(an_inbound, bodies)], is_ours=True)


def test_what_was_meant_as_another_event_says_which_and_by_which_fields_it_is_none(shop, an_order):
    note = {"model": "conversion", "meant": "Order Completed", "wrong": ["orderId", "currency"]}
    meant = an_order("m1", context={"posted": note})
    trio.run(partial(posted, shop, meant, an_order("m2")))

    [found] = shop.lines("explain", "m1")
    [other] = shop.lines("explain", "m2")
    text = shop.run("explain", "m1").stdout

    said = {"event": "Order Completed", "fields": ["orderId", "currency"]}
    assert (found["events"][0]["meant"], other["events"][0]["meant"]) == (said, None)
    assert "meant as Order Completed, kept as a custom event: see orderId, currency" in text


def test_a_pause_without_a_reason_is_told_once(shop, an_order):
    shop.fill(events=[an_order("m1")], pause="")

    text = shop.run("explain", "m1").stdout

    assert text.count("paused by hand") == 1


def test_one_that_waits_for_an_earlier_event_of_its_person_says_so_and_no_time(shop, an_order):
    behind = "waits for an earlier event of the same person"
    one = a_delivery(1, state=State.WAITING, reason=behind, attempts=0, next_at=NOW + 600_000)
    shop.fill(one, events=[an_order("m1")], read_to=1)

    [delivery] = told(shop)["deliveries"]
    text = shop.run("explain", "m1").stdout

    assert delivery["next_at"] is None
    assert "next after an earlier event of its person, gives up" in text
    assert to_iso(NOW + 600_000) not in text


@pytest.mark.parametrize(
    "command",
    [
        ["explain", ""],
        ["deliveries", "--message-id", ""],
        ["deliveries", "--summary", "--message-id", ""],
        ["dead", "show", ""],
        ["dead", "retry", "", "--destination", "hook", "--yes"],
        ["quarantine", "show", ""],
    ],
    ids=" ".join,
)
def test_an_empty_message_id_is_refused_and_means_not_everything(shop, an_order, command):
    shop.fill(a_delivery(1, state=State.DEAD), events=[an_order("m1")], read_to=1)

    done = shop.run(*command, code=2)

    assert isinstance(done.exception, ProjectError)
    assert str(done.exception) == "the message id is empty; give the event's messageId"
    assert done.stdout == ""


@pytest.mark.trio
async def test_what_is_held_of_an_empty_message_id_can_not_be_asked():
    with pytest.raises(ProjectError, match="the message id is empty"):
        await find(None, "", [], NOW)


@pytest.mark.parametrize("verb", ["retry", "drop"])
@pytest.mark.parametrize(
    ("command", "words"),
    [("dead", "no dead letter of nope"), ("quarantine", "nothing in quarantine of nope")],
)
def test_a_change_to_an_event_that_is_not_there_says_so(shop, an_order, command, verb, words):
    shop.fill(events=[an_order("m1")])

    named = shop.run(command, verb, "nope", "--yes", code=1)
    filtered = shop.run(command, verb, "--event", "nope", "--yes")

    assert words in named.stderr
    assert named.stdout == ""
    assert filtered.stdout.startswith("0 ")
