"""Lines of ``each`` that stand in another order when their order goes again."""

import pytest
import trio

from engine.delivery.same import Mark, paired, seats
from engine.model.delivery import UNSETTLED, Answer, State
from engine.model.replay import OF_DELIVERIES
from engine.state.interface import DeliveryFilter
from tests.support.consuming import OK, QUICK, a_consumer_s_world
from tests.support.releases import a_release
from tests.unit.delivery.test_renamed import retried
from tests.unit.delivery.test_replaying import asked, ended, replaying

unit = pytest.mark.trio

NO = Answer(400, {}, "no")
ITEMS = [{"sku": "b"}, {"sku": "a"}]
AS_THEY_CAME = "properties.products"
BY_SKU = 'properties.products | sort("sku")'


@pytest.fixture
async def running(tmp_path):
    async with a_consumer_s_world(tmp_path) as running:
        yield running


def release_of(folder, lines, id_="{{ item.sku }}"):
    rules = f"""
destination: hook
rules:
  - name: line
    match: {{ type: track, event: Order Completed }}
    each: item in {lines}
    payload: {{ id: "{id_}", total: 1 }}
"""
    files = {
        "destinations/hook.yaml": QUICK.replace("max_events: 10", "max_events: 1").replace(
            "dedupe: id", "repeats: possible"
        ),
        "rules/hook.yaml": rules,
    }
    return a_release(folder, files)


async def recorded(running, count):
    with trio.fail_after(5):
        while True:
            found = await running.state.deliveries(DeliveryFilter(), limit=100)
            if len(found) == count and not any(one.state in UNSETTLED for one in found):
                return {(one.key.part, one.key.replay): one for one in found}
            await trio.sleep(0.01)


async def with_one_dead(running, release, sku):
    """An order of two lines, of which that one is dead and the other came through."""
    running.vendor.answers = lambda items: NO if items[0]["id"].startswith(sku) else OK
    await running.append("m", properties={"order_id": "o", "total": 1, "products": ITEMS})
    async with running.consuming(release):
        found = await recorded(running, 2)
    running.vendor.answers = lambda items: OK
    running.vendor.got.clear()
    return found


@unit
@pytest.mark.parametrize(("sku", "part"), [("a", 1), ("b", 0)])
async def test_the_dead_line_alone_goes_again_though_lines_are_sorted_now(
    running, tmp_path, sku, part
):
    before = await with_one_dead(running, release_of(tmp_path / "a", AS_THEY_CAME), sku)
    assert before[part, 0].state is State.DEAD
    await retried(running, before[part, 0])

    async with running.consuming(release_of(tmp_path / "b", BY_SKU)):
        after = await recorded(running, 2)

    assert running.vendor.ids() == [sku]
    assert {one.state for one in after.values()} == {State.DELIVERED}
    assert after[part, 0].attempts == 2
    assert [after[at, 0].digest for at in (0, 1)] == [before[at, 0].digest for at in (0, 1)]


@unit
async def test_a_dead_line_that_was_mended_and_moved_goes_and_the_other_does_not(running, tmp_path):
    before = await with_one_dead(running, release_of(tmp_path / "a", AS_THEY_CAME), "a")
    await retried(running, before[1, 0])

    mended = "{{ 'good' if item.sku == 'a' else item.sku }}"
    async with running.consuming(release_of(tmp_path / "b", BY_SKU, mended)):
        after = await recorded(running, 2)

    assert running.vendor.ids() == ["good"]
    assert {one.state for one in after.values()} == {State.DELIVERED}


@unit
async def test_payloads_that_changed_altogether_are_told_by_their_part(running, tmp_path):
    before = await with_one_dead(running, release_of(tmp_path / "a", AS_THEY_CAME), "a")
    await retried(running, before[1, 0])

    async with running.consuming(release_of(tmp_path / "b", AS_THEY_CAME, "new-{{ item.sku }}")):
        await recorded(running, 2)

    assert running.vendor.ids() == ["new-a"]


@unit
async def test_a_line_that_was_put_in_front_is_new_and_takes_no_other_s_record(running, tmp_path):
    before = await with_one_dead(running, release_of(tmp_path / "a", AS_THEY_CAME), "a")
    await retried(running, before[1, 0])

    with_a_gift = "[{'sku':'gift'}, properties.products[0], properties.products[1]]"
    async with running.consuming(release_of(tmp_path / "b", with_a_gift)):
        after = await recorded(running, 3)

    assert sorted(running.vendor.ids()) == ["a", "gift"]
    assert [after[at, 0].digest for at in (0, 1)] == [before[at, 0].digest for at in (0, 1)]
    assert after[2, 0].state is State.DELIVERED


@pytest.mark.slow
@unit
async def test_a_replay_counts_and_sends_the_dead_line_alone(running, tmp_path):
    before = await with_one_dead(running, release_of(tmp_path / "a", AS_THEY_CAME), "a")
    today = release_of(tmp_path / "b", BY_SKU)
    async with running.consuming(today) as consumer:
        replay = await asked(running)
        async with replaying(running, today, consumer, replay):
            done = await ended(running)
        again = await asked(running)
        async with replaying(running, today, consumer, again):
            nothing_left = await ended(running, 2)

    after = await recorded(running, 3)
    assert running.vendor.ids() == ["a"]
    assert after[1, 1].digest == before[1, 0].digest
    assert counts(done) == {"to_send": 1, "left_out": 1}
    assert counts(nothing_left) == {"left_out": 2}


def counts(replay):
    return {name: getattr(replay, name) for name in OF_DELIVERIES if getattr(replay, name)}


def marks(*told):
    """Lines by their parts, each told as its bytes."""
    return [Mark(("line", part), None, digest) for part, digest in enumerate(told)]


@pytest.mark.parametrize(
    ("fresh", "before", "open_", "told"),
    [
        ("ab", "ba", {1}, {0: 1, 1: 0}),
        ("ab", "ab", {1}, {0: 0, 1: 1}),
        # Two lines of the same bytes are told by their part.
        ("aa", "aa", {1}, {0: 0, 1: 1}),
        ("xaa", "aa", {0}, {1: 1, 2: 0}),
        # The bytes of one changed: it takes the part that is left.
        ("zb", "ba", {1}, {0: 1, 1: 0}),
        ("xy", "ba", {1}, {0: 0, 1: 1}),
        # One line less, one more.
        ("a", "ba", {1}, {0: 1}),
        ("xab", "ba", {1}, {1: 1, 2: 0}),
    ],
)
def test_lines_are_told_by_bytes_and_then_by_parts(fresh, before, open_, told):
    found = paired(marks(*fresh), marks(*before), {("line", at) for at in open_})

    assert {new[1]: old[1] for new, old in found.items()} == told


def test_parts_of_one_rule_take_none_of_another_by_number():
    came, dead = marks("b"), [replace_part(marks("a")[0], 1)]

    assert paired(came, dead, {("line", 1)}) == {}


def replace_part(mark, part):
    return mark._replace(name=(mark.name[0], part))


def test_each_line_is_recorded_where_no_other_is():
    fresh, before = marks("x", "a", "b"), marks("b", "a")
    places = paired(fresh, before, set())

    found = seats([one.name for one in fresh], {one.name for one in before}, places)

    assert {new[1]: seat[1] for new, seat in found.items()} == {0: 2, 1: 1, 2: 0}
