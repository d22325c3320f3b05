"""Rules that are named otherwise when a dead letter is retried, over a real log and a real state."""

from dataclasses import replace

import pytest
import trio

from engine.delivery.same import Mark, paired
from engine.model.clock import system_clock
from engine.model.delivery import Answer, State
from engine.state.interface import DeliveryFilter
from tests.support.consuming import OK, QUICK, a_consumer_s_world
from tests.support.releases import a_release

unit = pytest.mark.trio

NO = Answer(400, {}, "no")
CALM = QUICK.replace("max_events: 10", "max_events: 1")
ORDER, LEAD = "order", "lead"


def rules(*named):
    """Rules of these names and ids that each make a delivery of an order."""
    lines = ["destination: hook", "rules:"]
    for name, id_ in named:
        lines += [
            f"  - name: {name}",
            "    match: { type: track, event: Order Completed }",
            "    also: true",
            f'    payload: {{ id: "{id_}", total: "{{{{ properties.total | number }}}}" }}',
        ]
    return "\n".join(lines) + "\n"


OWN = [(ORDER, "{{ event.messageId }}"), (LEAD, "{{ event.messageId }}:lead")]
"""Two deliveries with keys of their own."""
ONE_KEY = [(ORDER, "{{ event.messageId }}"), (LEAD, "{{ event.messageId }}")]


@pytest.fixture
async def running(tmp_path):
    async with a_consumer_s_world(tmp_path) as world:
        yield world


def release_of(folder, *named, destination=CALM):
    files = {"destinations/hook.yaml": destination, "rules/hook.yaml": rules(*named)}
    return a_release(folder, files)


async def all_of(running):
    found = await running.state.deliveries(DeliveryFilter(), limit=100)
    return {one.key.rule: one for one in found}


async def settled(running, *names):
    with trio.fail_after(5):
        while True:
            found = await all_of(running)
            if found.keys() == set(names) and all(
                one.state not in (State.WAITING, State.RETRYING) for one in found.values()
            ):
                return found
            await trio.sleep(0.01)


async def died(running, release, refused):
    """The order's two deliveries: what ``refused`` picks of the items is dead, the other came."""
    running.vendor.answers = lambda items: NO if refused(len(running.vendor.got)) else OK
    await running.append("m")
    async with running.consuming(release):
        found = await settled(running, *(name for name, _ in ONE_KEY))
    running.vendor.got.clear()
    running.vendor.answers = lambda items: OK
    return found


async def retried(running, *letters):
    now = system_clock()
    await running.state.record(
        [
            replace(
                one,
                state=State.RETRYING,
                reason="retried by hand",
                at=now,
                due_at=now,
                next_at=now,
                payload=None,
            )
            for one in letters
        ]
    )
    await running.log.retry("hook", [one.key.position for one in letters], now)


@unit
async def test_what_was_delivered_is_not_sent_again_under_another_name(running, tmp_path):
    found = await died(running, release_of(tmp_path / "a", *OWN), lambda sent: sent == 2)
    dead = next(one for one in found.values() if one.state is State.DEAD)
    came = next(one for one in found.values() if one.state is State.DELIVERED)
    id_ = dict(OWN)
    await retried(running, dead)

    renamed = [("bought", id_[came.key.rule]), (dead.key.rule, id_[dead.key.rule])]
    async with running.consuming(release_of(tmp_path / "b", *renamed)):
        after = await settled(running, ORDER, LEAD)

    assert len(running.vendor.ids()) == 1
    assert {one.state for one in after.values()} == {State.DELIVERED}


@unit
async def test_of_two_things_under_one_key_the_dead_one_still_goes(running, tmp_path):
    found = await died(running, release_of(tmp_path / "a", *ONE_KEY), lambda sent: sent == 2)
    [dead] = [one for one in found.values() if one.state is State.DEAD]
    await retried(running, dead)

    async with running.consuming(release_of(tmp_path / "b", *ONE_KEY)):
        after = await settled(running, ORDER, LEAD)

    assert running.vendor.ids() == ["m"]
    assert after[dead.key.rule].state is State.DELIVERED


@unit
async def test_a_dead_letter_whose_rule_was_renamed_is_settled_by_the_new_one(running, tmp_path):
    found = await died(running, release_of(tmp_path / "a", *OWN), lambda sent: True)
    await retried(running, found[LEAD])

    async with running.consuming(release_of(tmp_path / "b", OWN[0], ("contact", OWN[1][1]))):
        after = await settled(running, ORDER, LEAD, "contact")

    assert running.vendor.ids() == ["m:lead"]
    assert (after[LEAD].state, after[LEAD].reason) == (
        State.SKIPPED,
        'rule "contact" took the place of rule "lead"',
    )
    assert after["contact"].state is State.DELIVERED
    assert after[ORDER].state is State.DEAD


@unit
@pytest.mark.parametrize("left", [OWN[:1], [("other", "x")]], ids=["one known", "one new"])
async def test_a_dead_letter_whose_rule_is_gone_stays_dead_and_says_so(running, tmp_path, left):
    found = await died(running, release_of(tmp_path / "a", *OWN), lambda sent: True)
    await retried(running, found[LEAD])

    async with running.consuming(release_of(tmp_path / "b", *left)):
        after = await settled(running, *{ORDER, LEAD, *dict(left)})

    assert (after[LEAD].state, after[LEAD].reason) == (
        State.DEAD,
        'rule "lead" is gone, or takes this event no more',
    )


@unit
async def test_a_refusal_since_then_is_told_of_the_letter_itself(running, tmp_path):
    found = await died(running, release_of(tmp_path / "a", *OWN), lambda sent: True)
    await retried(running, *found.values())

    closed = CALM.replace("all: [advertising]", "all: [functional]")
    async with running.consuming(release_of(tmp_path / "b", *OWN, destination=closed)):
        after = await settled(running, ORDER, LEAD)

    assert {(one.state, one.reason) for one in after.values()} == {(State.SKIPPED, "consent")}
    assert running.vendor.ids() == []


@unit
async def test_a_retried_letter_outlives_a_fault_of_ours(running, tmp_path, monkeypatch):
    from engine.delivery import fates  # noqa: PLC0415 - it is broken and mended here

    found = await died(running, release_of(tmp_path / "a", *OWN), lambda sent: True)
    await retried(running, found[LEAD])
    good, calls = fates.decide, []

    def breaks_once(*args):
        calls.append(args)
        if len(calls) == 1:
            raise RuntimeError
        return good(*args)

    monkeypatch.setattr(fates, "decide", breaks_once)
    async with running.consuming(release_of(tmp_path / "b", OWN[0])):
        after = await settled(running, ORDER, LEAD)

    assert len(calls) == 2
    assert after[LEAD].reason == 'rule "lead" is gone, or takes this event no more'


def a_mark(rule, key=None, digest=None):
    return Mark((rule, 0), key, digest)


A, B, X, Y = (a_mark(name, "k") for name in "abxy")


@pytest.mark.parametrize(
    ("fresh", "recorded", "open_", "told"),
    [
        ([A, B], [A, B], "b", {"a": "a", "b": "b"}),
        ([X, B], [A, B], "b", {"x": "a", "b": "b"}),
        ([A, X], [A, B], "b", {"a": "a", "x": "b"}),
        # Which of both the new one is can't be told: it goes, under its old key.
        ([X], [A, B], "b", {"x": "b"}),
        ([X, Y], [A], "", {}),
        ([X, Y], [A, B], "", {"x": "a", "y": "b"}),
        ([a_mark("x"), a_mark("y", None, "2")], [a_mark("a", None, "2")], "", {"y": "a"}),
        ([a_mark("x", "k", "2"), a_mark("y", "k", "1")], [a_mark("a", "k", "1")], "", {"y": "a"}),
        ([a_mark("x", "other")], [A], "", {}),
    ],
)
def test_names_keys_and_bytes_tell_what_is_the_same(fresh, recorded, open_, told):
    found = paired(fresh, recorded, {(name, 0) for name in open_})

    assert {new[0]: old[0] for new, old in found.items()} == told
