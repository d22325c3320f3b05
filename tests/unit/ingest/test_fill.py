"""What an order is told of its figures when it is accepted, whatever happened before."""

import pytest

from engine.ingest.accept import accept
from engine.ingest.readmit import readmit
from engine.model.event import Inbound
from engine.model.verdict import Quarantined
from engine.pipeline.clocked import AFTER_MS
from tests.support.deriving import GUEST, LUCIA, PURCHASES, a_derivation, order
from tests.support.events import SHOP

pytestmark = [pytest.mark.trio, pytest.mark.slow]

PLAN = {
    "schemas/events/order-completed.yaml": """
        title: Order Completed
        type: object
        properties:
          type: { const: track }
          event: { const: Order Completed }
          properties: { required: [total] }
        """
}


def told(event):
    return event.body["properties"].get("new_customer")


async def test_an_order_that_was_not_counted_before_a_crash_is_known_after_it(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        wall = it.wall
        [first] = await it.send(order({**LUCIA, **GUEST}, "1"))
    async with a_derivation(tmp_path, PURCHASES, wall, begin=False) as it:
        # Nothing of it was counted by now.
        [second] = await it.send(order(LUCIA, "2"))
        [guest] = await it.send(order(GUEST, "3"))
        [other] = await it.send(order({"userId": "marta"}, "4"))
        await it.deriving.begin()
        await it.settle()

        said = [told(one) for one in (first, second, guest, other)]
        assert said == [True, False, False, True]
        assert not it.ingest.fills.ahead["it"]
        assert (await it.names()).count("First Purchase") == 2


async def test_an_alias_that_was_not_counted_before_a_crash_is_known_after_it(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        wall = it.wall
        await it.send(order({"userId": "old"}, "1"))
        await it.settle()
        await it.send({"type": "alias", "userId": "lucia", "previousId": "old"})
    async with a_derivation(tmp_path, PURCHASES, wall, begin=False) as it:
        [second] = await it.send(order(LUCIA, "2"))

        assert told(second) is False


async def kept_back(it, body):
    """An order that goes into quarantine, as its schema wants a total."""
    whole = {"type": "track", "messageId": "late", **body}
    del whole["properties"]["total"]
    [verdict] = await accept(it.ingest, [Inbound(SHOP, whole, it.wall())])
    assert isinstance(verdict, Quarantined)


async def readmitted(it):
    """What is in quarantine, readmitted once its schema asks for less."""
    items = await it.ingest.state.quarantined(limit=9)
    done = await readmit(it.ingest, items, it.wall())
    assert done.accepted == len(items)
    entries = await it.ingest.log.read_range(0, 99)
    return next(one.event for one in entries if one.event.message_id == "late")


@pytest.mark.parametrize(("bought_meanwhile", "is_first"), [(False, True), (True, False)])
async def test_an_order_that_leaves_quarantine_is_told_what_is_made_of_it(
    tmp_path, mock_clock, bought_meanwhile, is_first
):
    async with a_derivation(tmp_path, PURCHASES, extra=PLAN) as it:
        wall = it.wall
        await kept_back(it, order(LUCIA, "1"))
        mock_clock.jump(2 * AFTER_MS / 1000)
        if bought_meanwhile:
            await it.send(order(LUCIA, "2"))
            await it.settle()
    async with a_derivation(tmp_path, PURCHASES, wall) as it:
        event = await readmitted(it)
        mock_clock.jump(1)
        [after] = await it.send(order(LUCIA, "3"))
        await it.settle()

        assert told(event) is is_first
        assert told(after) is False
        assert event.body["context"]["filled"] == ["properties.new_customer"]
        first = [one for one in await it.made() if one.name == "First Purchase"]
        causes = [one.body["context"]["derived"]["cause"] for one in first]
        assert (causes == ["late"]) is is_first
        assert len(causes) == 1


async def test_while_a_back_fill_builds_the_figures_an_order_is_told_nothing_of_them(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"))
        await it.settle()
        await it.ask_back_fill()
        [during] = await it.send(order(LUCIA, "2"))
        await it.settle()
        [after] = await it.send(order(LUCIA, "3"))

        assert told(during) is None
        assert told(after) is False


async def test_an_order_without_an_id_and_one_of_nobody_are_taken_too(tmp_path):
    async with a_derivation(tmp_path, PURCHASES, extra=PLAN) as it:
        body = order(LUCIA, "1")
        del body["properties"]["order_id"]
        [plain] = await it.send(body)
        [nobody] = await it.send(order({"anonymousId": "null"}, "2"))
        await it.settle()

        assert told(plain) is True
        assert told(nobody) is None


async def test_a_refund_takes_no_order_back(tmp_path):
    async with a_derivation(tmp_path, PURCHASES) as it:
        await it.send(order(LUCIA, "1"))
        await it.send({**order(LUCIA, "1"), "event": "Order Refunded"})
        [second] = await it.send(order(LUCIA, "2"))
        await it.settle()

        assert told(second) is False
        assert await it.names() == ["First Purchase", "Repeat Purchase"]


async def test_an_order_that_a_second_service_tells_is_told_as_it_was_the_first_time(tmp_path):
    async with a_derivation(tmp_path, PURCHASES, extra=PLAN) as it:
        [till] = await it.send(order(LUCIA, 1001))
        [payment] = await it.send(order(LUCIA, "1001"))
        await it.settle()

        assert [told(till), told(payment)] == [True, True]
        assert await it.names() == ["First Purchase"]
