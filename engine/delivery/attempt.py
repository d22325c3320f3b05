"""One batch on its way: sent, its answer classified, split where it must be, and settled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from engine.delivery.answers import heard, words_of
from engine.delivery.gate import Gate
from engine.delivery.pace import Pace
from engine.delivery.records import (
    Heard,
    When,
    attempted,
    expired,
    held,
    outcome_of,
)
from engine.delivery.retry import retry_at
from engine.delivery.send import Door
from engine.delivery.settle import Settlement
from engine.model.clock import Clock, Millis, to_iso
from engine.model.decision import Payload
from engine.model.delivery import (
    Answer,
    Delivered,
    Delivery,
    NoAnswer,
    Outcome,
    Pause,
    Request,
    Retry,
    Split,
    Unverified,
    word_of,
)
from engine.pipeline.batch import Item, halves
from engine.pipeline.classify import classify
from engine.pipeline.request import BodyFault, Moment, RequestFault, build_request
from engine.release.destination import Destination
from engine.telemetry.notices import Notices

OF_THIS_REQUEST = frozenset({409, 425})
"""What is tried again, but tells nothing of how the vendor is: only this request came too early."""


class Taker(Protocol):
    """Who takes payloads where no request is sent, such as the analytics store."""

    async def hand_over(self, batch: Sequence[Item]) -> list[Outcome]:
        """What became of each of them; Retry where its storage fails."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """What sending for one destination needs; ``jitter`` gives numbers in [0, 1).

    With a ``taker`` nothing is sent: it stands where the vendor would.
    """

    destination: Destination
    env: Mapping[str, str]
    sender: Door
    settlement: Settlement
    gate: Gate
    pace: Pace
    notices: Notices
    clock: Clock
    jitter: Callable[[], float]
    taker: Taker | None = None

    async def send(self, batch: Sequence[Item], *, probe: bool = False) -> None:
        """Send a batch, and parts of it where the answer asks for that, until all is settled."""
        parts = [batch]
        # Without what the request needs, a probe would go out without its token.
        probe = probe and not self.destination.unset
        while parts:
            part = parts.pop()
            if not self.gate.is_shut(probe=probe):
                await self.pace.wait(len(part))
            part = await self._without_expired(part)
            # Asked again: the gate may have shut while this batch waited for its turn.
            if part and self.gate.is_shut(probe=probe):
                await self._hold(part)
            elif part:
                parts += await self._send_once(part)

    async def _without_expired(self, batch: Sequence[Item]) -> Sequence[Item]:
        now, max_age_ms = self.clock(), self.destination.retry.max_age_ms
        dead = [expired(item.delivery, max_age_ms, now) for item in batch]
        await self.settlement.settle([one for one in dead if one is not None])
        return [item for item, one in zip(batch, dead, strict=True) if one is None]

    async def _hold(self, batch: Sequence[Item]) -> None:
        how, now, again = self.gate.standing(), self.clock(), self.gate.probe_at
        await self.settlement.settle([held(item.delivery, how, now, again) for item in batch])

    async def _send_once(self, batch: Sequence[Item]) -> list[Sequence[Item]]:
        """The parts that are to be sent at once, after one request for ``batch``."""
        rested = self.gate.rests
        outcomes, said = await self._outcomes(batch)
        # Before the records are made: a pause sets the moment of the next probe.
        resumed = self._tell(outcomes) or (rested and not self.gate.rests)
        again: list[Item] = []
        split: list[Item] = []
        records: list[Delivery] = []
        for item, outcome in zip(batch, outcomes, strict=True):
            match outcome:
                case Retry(now=True):
                    again.append(attempted(item, outcome, said))
                case Split() if len(batch) > 1:
                    split.append(attempted(item, outcome, said))
                case _:
                    records.append(outcome_of(item, outcome, said, self._when(item, outcome)))
        await self.settlement.settle(records)
        if resumed:
            await self.settlement.wake()
        return [part for part in (again, *(halves(split) if split else ())) if part]

    async def _outcomes(self, batch: Sequence[Item]) -> tuple[list[Outcome], Heard]:
        """What one request for ``batch`` came to for each item, and what is kept of the answer."""
        said = Heard(self.clock())
        payloads = [item.payload for item in batch]
        attempt = max(item.delivery.attempts for item in batch) + 1
        try:
            if self.taker is not None:
                outcomes = [_told(one, ()) for one in await self.taker.hand_over(batch)]
                self._note_health(0, outcomes)
                return outcomes, Heard(self.clock(), None, "", len(batch))
            moment = Moment(self.clock(), attempt)
            request = build_request(self.destination, self.env, payloads, moment)
            answer = await self.sender.send(
                self.destination.vendor, request, self.destination.limits.timeout_ms
            )
            self.notices.request(self.destination.name, _status(answer))
            said = heard(answer, len(batch), request.secrets, self.clock())
            return self._judged(payloads, request, answer), said
        except RequestFault as fault:
            return [_told(Pause(str(fault)), ())] * len(batch), said
        except BodyFault as fault:
            return [_told(Split(str(fault)), ())] * len(batch), said
        except Exception as error:  # noqa: BLE001 - our own bug: kept, alarmed, tried again
            self.notices.alarm("send", error, destination=self.destination.name)
            return [Retry(f"fault of Encamina: {type(error).__name__}")] * len(batch), said

    def _judged(
        self, payloads: Sequence[Payload], request: Request, answer: Answer | NoAnswer
    ) -> list[Outcome]:
        outcomes = classify(self.destination, payloads, answer, self.clock())
        shown = [_told(one, request.secrets) for one in outcomes]
        self._note_health(_status(answer), shown)
        return shown

    def _when(self, item: Item, outcome: Outcome) -> When:
        now = self.clock()
        asked_ms = outcome.after_ms if isinstance(outcome, Retry) else None
        again = retry_at(
            item.delivery.attempts + 1, now, self.destination.retry, asked_ms, self.jitter()
        )
        # Nothing is sent before the gate lets through again, if it is shut.
        return When(now, max(again, self.gate.probe_at), self.gate.probe_at)

    def _note_health(self, status: int, outcomes: Sequence[Outcome]) -> None:
        """Tell the breaker how the vendor is, and leave it alone for as long as it asks for."""
        name = self.destination.name
        failed = [one for one in outcomes if isinstance(one, Retry) and not one.now]
        if len(failed) < len(outcomes) or status in OF_THIS_REQUEST:
            if self.gate.worked():
                self.notices.breaker_closed(name)
            return
        reason = failed[0].reason
        asked_ms = max(one.after_ms or 0 for one in failed)
        if asked_ms and self.gate.slow(asked_ms, reason):
            self.notices.slowed(name, reason, to_iso(Millis(self.clock() + asked_ms)))
        if self.gate.failed(reason):
            self.notices.breaker_opened(name, reason, to_iso(self.gate.probe_at))

    def _tell(self, outcomes: Sequence[Outcome]) -> bool:
        """Close or open the gate by what the vendor said; True if a pause ended by it."""
        name = self.destination.name
        refused = [one for one in outcomes if not isinstance(one, Delivered | Unverified | Pause)]
        if refused:
            kind = word_of(refused[0])
            self.notices.refused(name, len(refused), kind, refused[0].reason)
        for outcome in outcomes:
            if isinstance(outcome, Pause):
                if self.gate.close(outcome.reason):
                    self.notices.paused(name, outcome.reason)
                return False
        taken = any(isinstance(one, Delivered | Unverified) for one in outcomes)
        resumed = taken and self.gate.taken()
        if resumed:
            self.notices.resumed(name)
        return resumed


def _told(outcome: Outcome, secrets: Sequence[str]) -> Outcome:
    """The outcome with nothing secret or personal in its reason, which is shown to many."""
    if isinstance(outcome, Delivered | Unverified):
        return outcome
    return replace(outcome, reason=words_of(outcome.reason, secrets))


def _status(answer: Answer | NoAnswer) -> int:
    return answer.status if isinstance(answer, Answer) else 0
