"""Replays, begun and stopped by hand."""

from dataclasses import replace

from engine.control import asked as read
from engine.control.control import Control, ControlError
from engine.delivery.replayed import give_up_open
from engine.log.interface import Log
from engine.model.clock import Millis
from engine.model.jsonvalue import Body, Json
from engine.model.names import did_you_mean
from engine.model.replay import Replay, ReplayState
from engine.release.destination import Mode
from engine.release.release import Release

ASKED = ("destination", "since", "until", "event", "again", "rate")
MOST_RUNNING = 8
DAY_MS = 86_400_000
SLOWEST_PER_S = 1 / 3_600
"""A slower one would never end, and its next moment lie beyond what a clock can count."""
FASTEST_PER_S = 1e9


async def start(control: Control, asked: Body) -> Body:
    """Begin a replay; gives it as ``Replay.as_json``.

    ``asked`` has ``destination`` and ``since``, and may have ``until``, ``event`` (a glob),
    ``again`` and ``rate`` (events a second). Without a server it begins when one is started.
    """
    replay = await replay_of(control.release, control.log, control.clock(), asked)
    running = [one for one in await control.state.replays() if one.state is ReplayState.RUNNING]
    if any(one.destination == replay.destination for one in running):
        raise ControlError(
            f"a replay to {replay.destination} is running already; wait for its end, "
            "or stop it with `encamina replay --stop`"
        )
    if len(running) >= MOST_RUNNING:
        raise ControlError(f"{len(running)} replays are running; at most {MOST_RUNNING} at a time")
    kept = await control.state.add_replay(replay)
    if control.delivery is not None:
        control.delivery.replays.look()
    return kept.as_json()


async def stop(control: Control, asked: Body) -> Body:
    """Stop the replay of that ``number``; what it has not sent ends as skipped."""
    read.only(asked, ("number",))
    number = asked.get("number")
    found = [one for one in await control.state.replays() if one.number == number]
    if not found:
        raise ControlError(f"there is no replay {number}; `encamina replay --list` shows them")
    if found[0].state is not ReplayState.RUNNING:
        raise ControlError(f"replay {number} is {found[0].state} already")
    stopped = replace(found[0], state=ReplayState.STOPPED, reason="stopped by hand")
    await control.state.set_replay(stopped)
    if control.delivery is None:
        await give_up_open(control.state, stopped)
    else:
        control.delivery.replays.look()
    return stopped.as_json()


async def replay_of(release: Release, log: Log, now: Millis, asked: Body) -> Replay:
    """The replay that is asked for, not kept yet; raises ``ControlError`` where it can't be."""
    read.only(asked, ASKED)
    name = read.needed(asked, "destination")
    _check_destination(release, name)
    since, before = read.moment(asked, "since"), read.moment(asked, "until")
    if since is None:
        raise ControlError("since is missing; expected a time such as 2026-11-20T12:00:00Z")
    if before is not None and before <= since:
        raise ControlError("until is not after since; nothing lies between them")
    last = await log.last_position()
    first = await _first_since(log, since, last)
    return Replay(
        destination=name,
        after=first - 1,
        until=last,
        asked_at=now,
        since=since,
        before=before,
        event=read.text(asked, "event"),
        again=read.flag(asked, "again"),
        rate_per_s=_rate(asked.get("rate")),
        reached=first - 1,
    )


def _check_destination(release: Release, name: str) -> None:
    destination = release.destination(name)
    if destination is None:
        names = [one.name for one in release.destinations]
        hint = did_you_mean(name, names) or f"there are {', '.join(names)}"
        raise ControlError(f'no destination "{name}"; {hint}')
    if destination.mailbox is not None:
        raise ControlError(f"{name} is a mailbox: what was not fetched in time can't be replayed")
    if destination.mode is not Mode.LIVE:
        raise ControlError(f"{name} is {destination.mode}; only what is live can be sent to")


async def _first_since(log: Log, since: Millis, last: int) -> int:
    """The first position of an event received at that moment or later, by halving the log.

    A clock that was set back puts some events out of order: a day before is looked through too.
    """
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        found = await log.read_range(middle - 1, 1)
        if found and found[0].event.received_at < since - DAY_MS:
            low = max(middle, found[0].position) + 1
        else:
            high = middle
    return low


def _rate(value: Json) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ControlError("rate is no number above 0; expected events a second")
    if not SLOWEST_PER_S <= value <= FASTEST_PER_S:
        raise ControlError(
            f"rate is {str(value)[:24]} events a second; expected at least one an hour "
            f"(--rate 1/h, or 0.000278), and at most {FASTEST_PER_S:,.0f} a second"
        )
    return float(value)
