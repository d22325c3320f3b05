"""Dead letters, retried or dropped by hand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from engine.control import asked as read
from engine.control.control import Control
from engine.delivery.records import BY_HAND, DROPPED
from engine.delivery.replayed import CAME_THROUGH
from engine.delivery.same import Name, marks_of, name_of, paired
from engine.model.clock import Millis
from engine.model.delivery import UNSETTLED, Delivery, DeliveryKey, State
from engine.model.jsonvalue import Body
from engine.model.replay import Replay, ReplayState
from engine.release.destination import Mode
from engine.state.interface import DeliveryFilter

PAGE = 500
"""Dead letters changed in one step: some tens of milliseconds, then others get their turn."""

FILTERS = ("message_id", "destination", "rule", "event", "reason", "since", "until")
BEGINNING = DeliveryKey(0, "")
NOT_RETRIED = ("not_kept", "not_running", "busy", "delivered")

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
                    reason=f"{DROPPED}: {one.reason}",
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
    entries = await control.log.read_at(sorted({one.key.position for one in letters}))
    kept = {entry.position for entry in entries}
    counts["not_kept"] += sum(one.key.position not in kept for one in letters)
    due = [one for one in letters if one.key.position in kept]
    recorded = await control.state.deliveries_at(destination, sorted(kept))
    busy = await _busy(control, destination, due, recorded) | _older_of_two(due)
    counts["busy"] += len(busy)
    replays = {one.number: one for one in await control.state.replays()}
    through = _came_through(due, recorded, replays) - busy
    counts["delivered"] += len(through)
    due = [one for one in due if one.key not in busy | through]
    if live := [one for one in due if not one.key.replay]:
        await _make_due(control, destination, live)
    for number in sorted({one.key.replay for one in due} - {0}):
        await _give_to_replay(control, number, [one for one in due if one.key.replay == number])
    counts["retried"] += len(due)


def _came_through(
    letters: Sequence[Delivery], recorded: Sequence[Delivery], replays: Mapping[int, Replay]
) -> set[DeliveryKey]:
    """Those that were delivered otherwise: sent again they would count twice.

    What a replay was to send ``again`` counts only if it came through after the letter died.
    """
    found: set[DeliveryKey] = set()
    for letter in letters:
        replay = replays.get(letter.key.replay)
        since = letter.at if replay is not None and replay.again else 0
        here = [one for one in recorded if one.key.position == letter.key.position]
        theirs = [one for one in here if one.key.replay == letter.key.replay]
        others = [one for one in here if one.key.replay != letter.key.replay]
        came = [one for one in others if one.state in CAME_THROUGH and one.at >= since]
        to_go: set[Name] = {name_of(one) for one in theirs if one.state is State.DEAD}
        same = paired(marks_of(came), marks_of(theirs), to_go)
        if name_of(letter) in same.values():
            found.add(letter.key)
    return found


async def _busy(
    control: Control, destination: str, letters: Sequence[Delivery], recorded: Sequence[Delivery]
) -> set[DeliveryKey]:
    """Those whose entry is in hand, or may be taken in hand before we are done.

    Live traffic would then tell the log that it has finished with an entry, and what we put off
    would be lost; without a server nothing is in hand. A replay that was stopped a moment ago
    still has to let go of what it had.
    """
    on_its_way = [one for one in recorded if one.state in UNSETTLED]
    elsewhere = {(one.key.position, *name_of(one)) for one in on_its_way}
    busy = {one.key for one in letters if (one.key.position, *name_of(one)) in elsewhere}
    for number in {one.key.replay for one in letters} - {0}:
        stopped = [one for one in await control.state.replays() if one.number == number]
        if any(one.state is ReplayState.STOPPED for one in stopped) and (
            await control.state.count_open(number)
        ):
            busy |= {one.key for one in letters if one.key.replay == number}
    if control.delivery is None:
        return busy
    moving = {one.key.position for one in on_its_way if not one.key.replay}
    is_open = control.delivery.is_open
    return busy | {
        one.key
        for one in letters
        if is_open(destination, one.key.position)
        or (not one.key.replay and one.key.position in moving)
    }


def _older_of_two(letters: Sequence[Delivery]) -> set[DeliveryKey]:
    """Those that died a second time, as in a replay: the newer letter goes for both."""
    newest: dict[tuple[int, Name], Delivery] = {}
    for one in sorted(letters, key=lambda one: (one.at, one.key.replay)):
        newest[one.key.position, name_of(one)] = one
    return {one.key for one in letters} - {one.key for one in newest.values()}


async def _give_to_replay(control: Control, number: int, letters: Sequence[Delivery]) -> None:
    """Record these as retrying, undecided, and have their replay run once more for them.

    Opened first, so that nothing is stuck if we end half way; and opened last, as it may have
    ended before it saw them.
    """
    now = control.clock()
    await control.state.reopen_replay(number)
    await control.state.record([_undecided(one, now) for one in letters])
    await control.state.reopen_replay(number)
    name = letters[0].key.destination
    control.ingest.notices.deliveries(name, State.RETRYING, len(letters))
    if control.delivery is not None:
        control.delivery.replays.look()


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
