"""Dead letters, retried or dropped by hand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from engine.control import asked as read
from engine.control.control import Control
from engine.delivery.replayed import CAME_THROUGH
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey, State
from engine.model.jsonvalue import Body
from engine.release.destination import Mode
from engine.state.interface import DeliveryFilter

PAGE = 500
"""Dead letters changed in one step: some tens of milliseconds, then others get their turn."""

FILTERS = ("message_id", "destination", "rule", "event", "reason", "since", "until")
BEGINNING = DeliveryKey(0, "")
BY_HAND = "retried by hand"
NOT_RETRIED = ("not_kept", "not_running", "busy", "of_replays", "delivered")

SPARE_MS = 3_600_000
"""What ends between the steps of a retry leaves its entry put off so far: nothing is stuck."""


async def retry(control: Control, asked: Body) -> Body:
    """Have the dead letters of a filter decided and sent anew, by the rules of today.

    ``asked`` has some of ``FILTERS``, or ``"all": true``. Gives how many were ``retried``, and how
    many were not, as the log has not ``kept`` their event, their destination is off or gone
    (``not_running``), another delivery of their event is on its way there (``busy``), they are of
    a replay (``of_replays``), or a replay has ``delivered`` them since.
    """
    counts = dict.fromkeys(("retried", *NOT_RETRIED), 0)
    groups = frozenset(await control.log.groups())
    which, after = which_of(asked, some=True), BEGINNING
    while page := await _page(control, which, after):
        after = page[-1].key
        for destination, letters in _by_destination(page).items():
            await _retry(control, destination, letters, groups, counts)
    return counts


async def drop(control: Control, asked: Body) -> Body:
    """Have the dead letters of a filter end as skipped; gives how many were ``dropped``."""
    dropped = 0
    which, after = which_of(asked, some=True), BEGINNING
    while page := await _page(control, which, after):
        after = page[-1].key
        now = control.clock()
        await control.state.record(
            [
                replace(
                    one,
                    state=State.SKIPPED,
                    reason=f"dropped by hand: {one.reason}",
                    at=now,
                    next_at=None,
                )
                for one in page
            ]
        )
        for destination, letters in _by_destination(page).items():
            control.ingest.notices.deliveries(destination, State.SKIPPED, len(letters))
        dropped += len(page)
    return {"dropped": dropped}


def which_of(asked: Body, *, some: bool = False) -> DeliveryFilter:
    """The dead letters that are asked for; with ``some`` it has to be said which, or all.

    Raises ``ControlError`` where that can't be understood.
    """
    read.only(asked, (*FILTERS, "all"))
    if some:
        read.some_of(asked, FILTERS)
    return DeliveryFilter(
        state=State.DEAD,
        message_id=read.text(asked, "message_id"),
        destination=read.text(asked, "destination"),
        rule=read.text(asked, "rule"),
        event=read.text(asked, "event"),
        reason=read.text(asked, "reason"),
        since=read.moment(asked, "since"),
        until=read.moment(asked, "until"),
    )


async def _page(control: Control, which: DeliveryFilter, after: DeliveryKey) -> Sequence[Delivery]:
    """What the filter finds behind that key, some; it parts no two deliveries of one event."""
    page = await control.state.deliveries(which, limit=PAGE, after=after)
    if len(page) < PAGE:
        return page
    whole = [one for one in page if one.key.position != page[-1].key.position]
    return whole or page


def _by_destination(page: Sequence[Delivery]) -> Mapping[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = {}
    for one in page:
        found.setdefault(one.key.destination, []).append(one)
    return found


async def _retry(
    control: Control,
    destination: str,
    letters: Sequence[Delivery],
    groups: Collection[str],
    counts: dict[str, int],
) -> None:
    known = control.release.destination(destination)
    if known is None or known.mode is Mode.OFF or destination not in groups:
        counts["not_running"] += len(letters)
        return
    live = [one for one in letters if one.key.replay == 0]
    counts["of_replays"] += len(letters) - len(live)
    entries = await control.log.read_at(sorted({one.key.position for one in live}))
    kept = {entry.position for entry in entries}
    counts["not_kept"] += sum(one.key.position not in kept for one in live)
    busy = await _busy(control, destination, kept)
    counts["busy"] += sum(one.key.position in busy for one in live)
    due = [one for one in live if one.key.position in kept - busy]
    through = await _came_through(control, destination, due)
    counts["delivered"] += len(through)
    due = [one for one in due if one.key not in through]
    if due:
        await _make_due(control, destination, due)
    counts["retried"] += len(due)


async def _came_through(
    control: Control, destination: str, letters: Sequence[Delivery]
) -> set[DeliveryKey]:
    """Those that a replay has brought through since: sent again they would count twice."""
    positions = sorted({one.key.position for one in letters})
    recorded = await control.state.deliveries_at(destination, positions)
    replayed = [one for one in recorded if one.key.replay and one.state in CAME_THROUGH]
    return {one.key for one in letters if any(_is_same(one, other) for other in replayed)}


def _is_same(letter: Delivery, other: Delivery) -> bool:
    if letter.key.position != other.key.position:
        return False
    if letter.dedupe_key is not None and other.dedupe_key is not None:
        return letter.dedupe_key == other.dedupe_key
    return (letter.key.rule, letter.key.part) == (other.key.rule, other.key.part)


async def _busy(control: Control, destination: str, positions: Collection[int]) -> set[int]:
    """Entries that the consumer has in hand, or may take in hand before we are done.

    It would then tell the log that it has finished with them, and what we put off would be lost.
    """
    if control.delivery is None:
        return set()
    recorded = await control.state.deliveries_at(destination, sorted(positions))
    live = (one for one in recorded if one.key.replay == 0)
    moving = {one.key.position for one in live if one.state in UNSETTLED}
    held = {one for one in positions if control.delivery.is_open(destination, one)}
    return moving | held


async def _make_due(control: Control, destination: str, letters: Sequence[Delivery]) -> None:
    """Record these as retrying, undecided, and have the log hand out their entries at once.

    Put off first and made due last: whatever ends in between, they are handed out again in time.
    """
    now = control.clock()
    positions = sorted({one.key.position for one in letters})
    await control.log.retry(destination, positions, Millis(now + SPARE_MS))
    await control.state.record([_undecided(one, now) for one in letters])
    control.ingest.notices.deliveries(destination, State.RETRYING, len(letters))
    await control.log.retry(destination, positions, now)


def _undecided(letter: Delivery, now: Millis) -> Delivery:
    """The dead letter as one that today's rules are to decide; its time begins anew."""
    return replace(
        letter,
        state=State.RETRYING,
        reason=BY_HAND,
        at=now,
        due_at=now,
        next_at=now,
        payload=None,
    )
