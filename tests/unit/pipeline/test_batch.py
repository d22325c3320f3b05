from engine.model.clock import Millis
from engine.model.decision import Payload
from engine.model.delivery import Delivery, DeliveryKey, State
from engine.pipeline.batch import Batcher, Item, halves
from engine.project.spec import BatchSpec

START = Millis(1_000_000)


def an_item(number, group=(), size_bytes=100):
    delivery = Delivery(
        key=DeliveryKey(number, "meta", "purchase"),
        message_id=f"message-{number}",
        event="Order Completed",
        state=State.WAITING,
        reason="",
        attempts=0,
        at=START,
        due_at=START,
        release="release",
        event_at=START,
    )
    return Item(delivery, Payload({"n": number}, size_bytes, group))


def numbers(batches):
    return [[item.payload.body["n"] for item in batch] for batch in batches]


def test_a_batch_is_ready_when_it_is_full():
    batcher = Batcher(BatchSpec(max_events=2, linger_ms=1000))

    for number in (1, 2, 3):
        batcher.add(an_item(number), START)

    assert numbers(batcher.take(START)) == [[1, 2]]
    assert len(batcher) == 1


def test_a_lone_last_item_goes_out_when_it_has_lingered():
    batcher = Batcher(BatchSpec(max_events=100, linger_ms=1000))
    batcher.add(an_item(1), START)

    assert batcher.next_close() == START + 1000
    assert batcher.take(Millis(START + 999)) == []
    assert numbers(batcher.take(Millis(START + 1000))) == [[1]]
    assert batcher.next_close() is None


def test_items_of_different_groups_share_no_request():
    batcher = Batcher(BatchSpec(max_events=10))

    for number, client in enumerate(["ana", "luz", "ana"]):
        batcher.add(an_item(number, group=(client, None)), START)

    assert sorted(numbers(batcher.take(START))) == [[0, 2], [1]]


def test_a_batch_stays_below_its_bytes():
    batcher = Batcher(BatchSpec(max_events=10, max_bytes=4096 + 1000))

    for number in range(3):
        batcher.add(an_item(number, size_bytes=450), START)

    assert numbers(batcher.take(START)) == [[0, 1], [2]]


def test_everything_can_be_taken_at_once():
    batcher = Batcher(BatchSpec(max_events=10, linger_ms=1000))
    batcher.add(an_item(1), START)

    assert numbers(batcher.take(START, all_of_them=True)) == [[1]]


def test_halves_hold_every_item_once():
    items = [an_item(number) for number in range(5)]

    first, second = halves(items)

    assert [*first, *second] == items
    assert len(first) == 3
