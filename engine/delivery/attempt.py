"""One batch on its way: sent, its answer classified, split where it must be, and settled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.delivery.gate import Gate
from engine.delivery.pace import Pace
from engine.delivery.records import When, expired, held, outcome_of
from engine.delivery.retry import retry_at
from engine.delivery.send import Door
from engine.delivery.settle import Settlement
from engine.model.clock import Clock
from engine.model.delivery import (
    Answer,
    Delivered,
    Delivery,
    NoAnswer,
    Outcome,
    Pause,
    Retry,
    Split,
    Unverified,
)
from engine.pipeline.batch import Item, halves
from engine.pipeline.classify import classify
from engine.pipeline.request import BodyFault, Moment, RequestFault, build_request, mask
from engine.release.destination import Destination
from engine.telemetry.notices import Notices


@dataclass(frozen=True, slots=True)
class Attempts:
    """What sending for one destination needs; ``jitter`` gives numbers in [0, 1)."""

    destination: Destination
    env: Mapping[str, str]
    sender: Door
    settlement: Settlement
    gate: Gate
    pace: Pace
    notices: Notices
    clock: Clock
    jitter: Callable[[], float]

    async def send(self, batch: Sequence[Item], *, probe: bool = False) -> None:
        """Send a batch, and parts of it where the answer asks for that, until all is settled."""
        parts = [batch]
        while parts:
            part = await self._without_expired(parts.pop())
            if not part:
                continue
            # Without what the request needs, a probe would go out without its token.
            if self.gate.reason is not None and (self.destination.unset or not probe):
                await self._hold(part, self.gate.reason)
                continue
            parts += await self._send_once(part)

    async def _without_expired(self, batch: Sequence[Item]) -> Sequence[Item]:
        now, max_age_ms = self.clock(), self.destination.retry.max_age_ms
        dead = [expired(item.delivery, max_age_ms, now) for item in batch]
        await self.settlement.settle([one for one in dead if one is not None])
        return [item for item, one in zip(batch, dead, strict=True) if one is None]

    async def _hold(self, batch: Sequence[Item], reason: str) -> None:
        await self.settlement.settle(
            [held(item.delivery, reason, self.clock(), self.gate.probe_at) for item in batch]
        )

    async def _send_once(self, batch: Sequence[Item]) -> list[Sequence[Item]]:
        """The parts that are to be sent at once, after one request for ``batch``."""
        outcomes = await self._outcomes(batch)
        # Before the records are made: a pause sets the moment of the next probe.
        resumed = self._tell(outcomes)
        again: list[Item] = []
        split: list[Item] = []
        records: list[Delivery] = []
        for item, outcome in zip(batch, outcomes, strict=True):
            match outcome:
                case Retry(now=True):
                    again.append(item)
                case Split() if len(batch) > 1:
                    split.append(item)
                case _:
                    records.append(outcome_of(item, outcome, self._when(item, outcome)))
        await self.settlement.settle(records)
        if resumed:
            await self.settlement.wake()
        return [part for part in (again, *(halves(split) if split else ())) if part]

    async def _outcomes(self, batch: Sequence[Item]) -> list[Outcome]:
        payloads = [item.payload for item in batch]
        attempt = max(item.delivery.attempts for item in batch) + 1
        try:
            await self.pace.wait()
            moment = Moment(self.clock(), attempt)
            request = build_request(self.destination, self.env, payloads, moment)
            answer = await self.sender.send(
                self.destination.vendor, request, self.destination.limits.timeout_ms
            )
            self.notices.request(self.destination.name, _status(answer))
            outcomes = classify(self.destination, payloads, answer, self.clock())
            return [_without_secrets(one, request.secrets) for one in outcomes]
        except RequestFault as fault:
            return [Pause(str(fault))] * len(batch)
        except BodyFault as fault:
            return [Split(str(fault))] * len(batch)
        except Exception as error:  # noqa: BLE001 - our own bug: kept, alarmed, tried again
            self.notices.alarm("send", error, destination=self.destination.name)
            return [Retry(f"fault of Encamina: {type(error).__name__}")] * len(batch)

    def _when(self, item: Item, outcome: Outcome) -> When:
        now = self.clock()
        asked_ms = outcome.after_ms if isinstance(outcome, Retry) else None
        again = retry_at(
            item.delivery.attempts + 1, now, self.destination.retry, asked_ms, self.jitter()
        )
        return When(now, again, self.gate.probe_at)

    def _tell(self, outcomes: Sequence[Outcome]) -> bool:
        """Close or open the gate by what the vendor said; True if a pause ended by it."""
        name = self.destination.name
        refused = [one for one in outcomes if not isinstance(one, Delivered | Unverified | Pause)]
        if refused:
            kind = type(refused[0]).__name__.lower()
            self.notices.refused(name, len(refused), kind, refused[0].reason)
        for outcome in outcomes:
            if isinstance(outcome, Pause):
                if self.gate.close(outcome.reason):
                    self.notices.paused(name, outcome.reason)
                return False
        taken = any(isinstance(one, Delivered | Unverified) for one in outcomes)
        resumed = taken and self.gate.open()
        if resumed:
            self.notices.resumed(name)
        return resumed


def _without_secrets(outcome: Outcome, secrets: Sequence[str]) -> Outcome:
    """The outcome with no secret in its reason: some vendors repeat what they were sent."""
    if isinstance(outcome, Delivered | Unverified):
        return outcome
    return replace(outcome, reason=mask(outcome.reason, secrets))


def _status(answer: Answer | NoAnswer) -> int:
    return answer.status if isinstance(answer, Answer) else 0
