from engine.model.clock import Millis
from engine.model.decision import Payload
from engine.model.delivery import Delivery, DeliveryKey, State
from engine.pipeline.batch import Batcher, Item, halves
from engine.project.policy import BatchSpec

START = Millis(1_000_000)


def an_item(number, group=(), size_bytes=100, attempts=0):
    delivery = Delivery(
        key=DeliveryKey(number, "meta", "purchase"),
        message_id=f"message-{number}",
        event="Order Completed",
        state=State.WAITING,
        reason="",
        attempts=attempts,
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


def test_a_payload_that_is_larger_than_a_batch_goes_alone():
    batcher = Batcher(BatchSpec(max_events=10, max_bytes=4096 + 1000))

    for number, size_bytes in enumerate([100, 5000, 100, 100]):
        batcher.add(an_item(number, size_bytes=size_bytes), START)

    assert numbers(batcher.take(START)) == [[0], [1], [2, 3]]


def test_payloads_that_just_fit_share_a_request_and_one_byte_more_does_not():
    room = BatchSpec(max_events=10, max_bytes=4096 + 201)
    just, over = Batcher(room), Batcher(room)

    for number, size_bytes in enumerate([100, 100]):
        just.add(an_item(number, size_bytes=size_bytes), START)
        over.add(an_item(number, size_bytes=size_bytes + number), START)

    assert numbers(just.take(START)) == [[0, 1]]
    assert numbers(over.take(START)) == [[0], [1]]


def test_each_group_lingers_from_its_own_first_item():
    batcher = Batcher(BatchSpec(max_events=10, linger_ms=1000))
    batcher.add(an_item(1, group=("ana",)), START)
    batcher.add(an_item(2, group=("luz",)), Millis(START + 500))
    batcher.add(an_item(3, group=("ana",)), Millis(START + 900))

    assert batcher.next_close() == START + 1000
    assert numbers(batcher.take(Millis(START + 1000))) == [[1, 3]]
    assert batcher.next_close() == START + 1500


def test_what_is_tried_again_shares_no_request_with_what_is_new():
    batcher = Batcher(BatchSpec(max_events=10))

    for number, attempts in enumerate([0, 3, 0, 1]):
        batcher.add(an_item(number, attempts=attempts), START)

    assert sorted(numbers(batcher.take(START))) == [[0, 2], [1, 3]]


def test_everything_can_be_taken_at_once():
    batcher = Batcher(BatchSpec(max_events=10, linger_ms=1000))
    batcher.add(an_item(1), START)

    assert numbers(batcher.take(START, all_of_them=True)) == [[1]]


def test_halves_hold_every_item_once():
    items = [an_item(number) for number in range(5)]

    first, second = halves(items)

    assert [*first, *second] == items
    assert len(first) == 3


def test_a_batch_that_was_opened_before_the_clock_was_set_back_is_ready():
    batcher = Batcher(BatchSpec(max_events=10, linger_ms=1000))
    batcher.add(an_item(1), START)

    assert batcher.take(Millis(START + 999)) == []
    assert len(batcher.take(Millis(START - 86_400_000))) == 1
