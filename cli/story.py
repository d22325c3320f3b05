"""The fate of one event, told: as JSON, and as text for people."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from cli.events import dump
from cli.origin import meant_json, origin_json, origin_lines
from cli.output import plain
from cli.rows import IN_TURN
from engine.authoring.story import Fate, Kept, Reading, Told, is_off
from engine.codec.body import loads
from engine.delivery.pauses import BY_HAND
from engine.model.clock import Millis, to_iso
from engine.model.delivery import UNSETTLED, Attempt, State, awaits_its_turn
from engine.model.event import Event
from engine.model.jsonvalue import Body, Json, as_body
from engine.pipeline.consent import consent_for
from engine.pipeline.privacy import consent_of
from engine.state.interface import QuarantinedEvent

COLOURS = {
    State.WAITING: "yellow",
    State.RETRYING: "yellow",
    State.PAUSED: "yellow",
    State.DELIVERED: "green",
    State.UNVERIFIED: "green",
    State.SKIPPED: "dim",
    State.SHADOWED: "cyan",
    State.DEAD: "red",
    State.ERASED: "dim",
}


def story_json(kept: Kept, fates: Sequence[Fate], release: str | None, *, payload: bool) -> Body:
    """An accepted event and what became of it."""
    event = kept.event
    told: dict[str, Json] = {"verdict": "accepted", "position": kept.position, "kept": bool(event)}
    if event is not None:
        told |= {
            "source": event.source,
            "received_at": to_iso(event.received_at),
            "timestamp": to_iso(event.timestamp),
            "type": event.type,
            "event": event.name,
            "person": _person(event),
            "consent": _consent(kept, event),
            "derived": origin_json(event) or None,
            "meant": meant_json(event) or None,
        }
    told["release"] = release
    told["destinations"] = [_fate_json(one, payload=payload) for one in fates]
    return told


def quarantined_json(one: QuarantinedEvent) -> Body:
    """An event in quarantine, with the reasons."""
    return {
        "verdict": "quarantined",
        "source": one.source,
        "received_at": to_iso(one.received_at),
        "errors": [reason.as_json() for reason in one.reasons],
    }


def _person(event: Event) -> Body:
    context = as_body(event.body.get("context"))
    person = {
        "user_id": event.body.get("userId"),
        "anonymous_id": event.body.get("anonymousId"),
        "remembered": context.get("remembered"),
        "remembered_person": context.get("remembered_person"),
    }
    return {name: value for name, value in person.items() if value is not None}


def _consent(kept: Kept, event: Event) -> Body:
    own = consent_of(event.body).categories
    return {
        "own": dict(own),
        "stored": {name: one.value for name, one in kept.stored.items()},
        "holds": dict(consent_for(own, event.timestamp, kept.stored)),
    }


def _fate_json(fate: Fate, *, payload: bool) -> Body:
    mode = None if fate.destination is None else str(fate.destination.mode)
    told: dict[str, Json] = {
        "destination": fate.name,
        "mode": mode,
        "reading": str(fate.reading),
        "ahead": fate.ahead if fate.reading is Reading.WAITING else None,
        "paused_by_hand": fate.paused,
        "bucket": fate.bucket,
        "rollout": None if fate.destination is None else fate.destination.rollout_percent,
        "deliveries": [_told_json(one, payload=payload) for one in fate.deliveries],
        "why": list(fate.why),
    }
    decisions: list[Json] = []
    for decision in fate.decisions:
        said = dict(decision.as_json())
        if not payload:
            del said["payload"]
        decisions.append(said)
    told["today"] = decisions
    if fate.earlier:
        told["earlier"] = [
            {"rule": key.rule or None, "part": key.part, "attempts": [*map(_attempt_json, tried)]}
            for key, tried in fate.earlier.items()
        ]
    return told


def _told_json(told: Told, *, payload: bool) -> Body:
    one = told.delivery
    said: dict[str, Json] = {
        **one.as_json(),
        "at": to_iso(one.at),
        "due_at": to_iso(one.due_at),
        "next_at": _moment(None if awaits_its_turn(one) else one.next_at),
        "gives_up_at": _moment(told.gives_up_at),
        "release": one.release,
        "digest": one.digest,
        "dedupe_key": one.dedupe_key,
        "same_payload_today": told.same_payload,
        "tried": [_attempt_json(attempt) for attempt in told.attempts],
    }
    if payload and one.payload is not None:
        said["payload"] = loads(one.payload)
    return said


def _attempt_json(attempt: Attempt) -> Body:
    return {"at": to_iso(attempt.at), **attempt.as_json()}


def _moment(at: Millis | None) -> str | None:
    return None if at is None else to_iso(at)


def show_quarantined(console: Console, message_id: str, one: QuarantinedEvent) -> None:
    """An event in quarantine, with the reasons and what to do."""
    body = as_body(one.body)
    name = str(body.get("event") or body.get("type") or "an event")
    console.print(f"[bold]{plain(name)}[/]  [dim]{plain(message_id)}[/]  [red]quarantined[/]")
    console.print(f"  received {to_iso(one.received_at)} from {plain(one.source)}")
    for reason in one.reasons:
        console.print(f"  {plain(reason.path or 'the event')}: {plain(reason.message)}")
    console.print(
        "  [dim]No destination has it. After a fix of the schema: "
        f"encamina quarantine retry {plain(message_id)}[/]\n"
    )


def show_story(
    console: Console,
    message_id: str,
    kept: Kept,
    fates: Sequence[Fate],
    release: str | None,
    *,
    payload: bool,
) -> None:
    """An accepted event: how it came, whose it is, and what became of it at each destination."""
    event = kept.event
    name = (event.name or event.type) if event else kept.deliveries[0].event
    console.print(f"[bold]{plain(name)}[/]  [dim]{plain(message_id)}[/]  [green]accepted[/]")
    for line in _about(kept):
        console.print(f"  {plain(line)}")
    others = []
    for fate in fates:
        if is_off(fate) and not fate.deliveries:
            others.append(fate.name)
            continue
        _show_fate(console, fate, release, payload=payload)
    if others:
        passed = f"off, passed it over at position {kept.position}: {plain(', '.join(others))}"
        console.print(f"  [dim]{passed}; --destination NAME tells of one[/]")
    console.print()


def _about(kept: Kept) -> Iterator[str]:
    event = kept.event
    if event is None:
        yield f"at position {kept.position}; the log keeps it no longer: what was recorded is left"
        return
    yield (
        f"received {to_iso(event.received_at)} from {event.source}, at position {kept.position}; "
        f"happened {to_iso(event.timestamp)}"
    )
    ids = [
        f"{name} {event.body[name]}" for name in ("userId", "anonymousId") if event.body.get(name)
    ]
    yield f"person: {', '.join(ids) or 'no id'}"
    yield from origin_lines(event)
    yield f"consent: {_consent_text(kept, event)}"


def _consent_text(kept: Kept, event: Event) -> str:
    own = consent_of(event.body).categories
    holds = consent_for(own, event.timestamp, kept.stored)
    words = [
        f"{name} {'granted' if holds[name] else 'refused'}"
        + ("" if own.get(name) == holds[name] else " by what is stored")
        for name in sorted(holds)
    ]
    return ", ".join(words) or "nothing was stated"


def _show_fate(console: Console, fate: Fate, release: str | None, *, payload: bool) -> None:
    console.print(f"\n  [bold]{plain(fate.name)}[/]  {_standing(fate)}")
    if fate.paused is not None:
        why = "" if fate.paused == BY_HAND else f": {plain(fate.paused)}"
        console.print(f"      [yellow]{BY_HAND}{why}[/]")
    if fate.destination is None:
        console.print("      [dim]not among today's destinations[/]")
    for line in fate.why:
        console.print(f"      [dim]{plain(line)}[/]")
    for told in fate.deliveries:
        _show_told(console, told, release, payload=payload)
    for key, tried in fate.earlier.items():
        console.print(f"      earlier, by rule {plain(key.rule or '-')}:")
        _show_attempts(console, tried)
    if payload and not any(one.delivery.payload for one in fate.deliveries):
        for decision in fate.decisions:
            if decision.payload is not None:
                console.print("      by today's rules:")
                console.print(_indented(dump(decision.payload.body)), markup=False)


def _standing(fate: Fate) -> str:
    states = list(dict.fromkeys(one.delivery.state for one in fate.deliveries))
    if states:
        return ", ".join(f"[{COLOURS[one]}]{one}[/]" for one in states)
    if fate.reading is Reading.WAITING:
        before = "next to be read" if fate.ahead == 0 else f"{fate.ahead:,} are read before it"
        return f"[yellow]waiting[/], not read yet: {before}"
    if is_off(fate):
        return "[dim]off: passed over, nothing is recorded[/]"
    return "[dim]nothing is recorded: it was off, or not there, when its cursor passed[/]"


def _show_told(console: Console, told: Told, release: str | None, *, payload: bool) -> None:
    one = told.delivery
    place = f"rule {one.key.rule}" if one.key.rule else "no rule"
    place += f" part {one.key.part}" if one.key.part else ""
    place += f" replay {one.key.replay}" if one.key.replay else ""
    reason = f": {one.reason}" if one.reason else ""
    console.print(
        f"      [{COLOURS[one.state]}]{one.state}[/] {to_iso(one.at)}  {plain(place + reason)}"
    )
    for line in _details(told, release):
        console.print(f"        [dim]{plain(line)}[/]")
    _show_attempts(console, told.attempts)
    if payload and one.payload is not None:
        console.print(_indented(dump(loads(one.payload))), markup=False)


def _details(told: Told, release: str | None) -> Iterator[str]:
    one = told.delivery
    ends = [] if told.gives_up_at is None else [f"gives up {to_iso(told.gives_up_at)}"]
    if awaits_its_turn(one):
        yield ", ".join([IN_TURN, *ends])
    elif one.next_at is not None and one.state in UNSETTLED:
        yield ", ".join([f"tried next {to_iso(one.next_at)}", *ends])
    else:
        yield from ends
    if one.digest is not None:
        same = {
            None: "",
            True: "; today's rules make the same payload",
            False: "; today's rules make another payload",
        }[told.same_payload]
        yield f"payload sha256 {one.digest[:16]}…, dedupe key {one.dedupe_key or 'none'}{same}"
    if release is not None and one.release != release:
        yield f"recorded by release {one.release}, explained by {release}"


def _show_attempts(console: Console, attempts: Sequence[Attempt]) -> None:
    last = 0
    for one in attempts:
        if one.number > last + 1:
            console.print(f"        [dim]… {one.number - last - 1} attempts between[/]")
        last = one.number
        console.print(
            f"        attempt {one.number}  {to_iso(one.at)}  {one.outcome}  {plain(_said(one))}"
        )


def _said(one: Attempt) -> str:
    if one.batch == 0:
        return one.reason
    if one.status is None:
        return one.reason or ("kept" if one.outcome == State.DELIVERED else "no answer")
    with_ = f" to a request of {one.batch}" if one.batch > 1 else ""
    return f"status {one.status}{with_}  {one.answer}".rstrip()


def _indented(text: str) -> str:
    return "\n".join(f"          {line}" for line in text.splitlines())
