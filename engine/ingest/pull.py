"""Bodies that are fetched on a schedule: due -> budget -> request -> events through the one way in.

One task a pull. It fetches once for each planned moment, whatever is restarted in between, and
never more than its budget. What goes wrong is a notice with its reason, and the next planned moment
comes all the same.
"""

from collections import Counter
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import trio

from engine.ingest.accept import Ingest, accept
from engine.ingest.pull_state import (
    Progress,
    load_progress,
    save_progress,
    spend,
    spent,
)
from engine.model.clock import Clock, Millis, to_iso
from engine.model.decision import Fault
from engine.model.delivery import Answer, NoAnswer, Request
from engine.model.event import Inbound
from engine.model.jsonvalue import Body, Json
from engine.model.verdict import VERDICTS, verdict_name
from engine.pipeline.classify import answer_text
from engine.pipeline.inbound import events_of, pull_request
from engine.pipeline.request import RequestFault, mask
from engine.release.destination import Mode
from engine.release.inbound import InboundMapping, Pull
from engine.telemetry.contact import without_contact
from engine.telemetry.notices import Notices

TOGETHER = 200
"""Events that are accepted in one write: some 10 ms of work between two requests of others."""

CHUNK = 50
"""Events made between two checkpoints."""

LONGEST_SLEEP_S = 60.0
"""The clock is looked at as often as this: it may be set, and a machine may sleep."""

AFTER_FAULT_MS = 60_000


class Send(Protocol):
    """Sends a request to a vendor, or to the sandbox in its place; the answer, or why none came."""

    def __call__(
        self, vendor: str, request: Request, timeout_ms: int
    ) -> Awaitable[Answer | NoAnswer]:
        """The answer."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt gave no body; ``again`` says that another may."""

    reason: str
    again: bool


@dataclass(slots=True)
class Pulls:
    """All pulls of the release that ``ingest`` serves."""

    ingest: Ingest
    send: Send
    clock: Clock
    _states: dict[str, Body] = field(default_factory=dict)

    async def run(self) -> None:
        """Fetch what falls due, until cancelled."""
        async with trio.open_nursery() as nursery:
            for mapping in self.ingest.release().inbounds:
                if mapping.pull is not None and self._is_on(mapping, mapping.pull):
                    nursery.start_soon(self._keep_pulling, mapping, mapping.pull)

    def states(self) -> Mapping[str, Body]:
        """What is to be told of each pull: whether it runs, when it last did, and its budget."""
        return dict(self._states)

    def _is_on(self, mapping: InboundMapping, pull: Pull) -> bool:
        if pull.mode is not Mode.LIVE:
            self._states[mapping.name] = {"state": "off", "reason": ""}
            return False
        if pull.unset:
            reason = f"not set: {', '.join(pull.unset)}"
            self._states[mapping.name] = {"state": "paused", "reason": reason}
            self._notices.said("pull paused", inbound=mapping.name, reason=reason)
            return False
        return True

    async def _keep_pulling(self, mapping: InboundMapping, pull: Pull) -> None:
        while True:
            try:
                again_at = await self.look(mapping, pull)
            except Exception as error:  # noqa: BLE001 - the edge of a pull's life
                self._notices.alarm("pull", error, inbound=mapping.name)
                again_at = Millis(self.clock() + AFTER_FAULT_MS)
            await self._sleep_until(again_at)

    async def _sleep_until(self, moment: Millis) -> None:
        while (left_s := (moment - self.clock()) / 1000) > 0:  # noqa: ASYNC110 - the wall clock
            await trio.sleep(min(left_s, LONGEST_SLEEP_S))

    async def look(self, mapping: InboundMapping, pull: Pull) -> Millis:
        """Fetch what is due, if anything is; gives the moment to look again."""
        now = self.clock()
        planned = pull.planned_at(now)
        progress = await load_progress(self.ingest.state, mapping.name)
        # More than one ahead: the clock was far off then, and it would be waited for for long.
        if not planned <= progress.planned <= planned + pull.every_ms:
            progress = Progress(planned)
        again_at = self._again_at(pull, progress)
        if again_at <= now:
            again_at, progress = await self._attempt(mapping, pull, progress)
        await self._tell(mapping, pull, progress, again_at)
        return again_at

    @staticmethod
    def _again_at(pull: Pull, progress: Progress) -> Millis:
        """When there is something to do: the next attempt, or the next planned moment."""
        next_at = Millis(progress.planned + pull.every_ms)
        if progress.done or progress.attempts > pull.times:
            return next_at
        if progress.attempts == 0:
            return progress.planned
        # A retry that would come after the next planned moment is that moment's own first attempt.
        return Millis(min(progress.at + pull.after_ms, next_at))

    async def _attempt(
        self, mapping: InboundMapping, pull: Pull, progress: Progress
    ) -> tuple[Millis, Progress]:
        """Make one attempt; when to look again, and how far the pull is then."""
        state, now = self.ingest.state, self.clock()
        next_at = Millis(progress.planned + pull.every_ms)
        if pull.budget is not None and (free_at := await spend(state, pull.budget, now)):
            again_at = Millis(min(free_at, next_at))
            reason = f"the budget of {pull.budget.requests} requests is spent"
            self._notices.not_pulled(mapping.name, reason, to_iso(again_at))
            return again_at, replace(progress, reason=reason)
        begun = replace(progress, attempts=progress.attempts + 1, at=now, reason="", accepted=0)
        await save_progress(state, mapping.name, begun)
        result = await self._fetch(pull, begun)
        if isinstance(result, Failed):
            ended = replace(begun, reason=result.reason, done=not result.again)
            again_at = self._again_at(pull, ended)
            self._notices.not_pulled(mapping.name, result.reason, to_iso(again_at))
        else:
            counts = await self._take(mapping, result, begun.planned)
            self._notices.pulled(mapping.name, counts)
            ended = replace(begun, accepted=counts["accepted"], done=True)
            again_at = next_at
        await save_progress(state, mapping.name, ended)
        return again_at, ended

    async def _fetch(self, pull: Pull, begun: Progress) -> Json | Failed:
        """The body, or why there is none: only no answer and a 5xx are worth another try."""
        env = self.ingest.release().env
        try:
            request = pull_request(pull, env, begun.planned, begun.at, begun.attempts)
        except RequestFault as fault:
            return Failed(str(fault), again=False)
        answer = await self.send(pull.vendor, request, pull.timeout_ms)
        if isinstance(answer, NoAnswer):
            return Failed(mask(answer.reason, request.secrets), again=True)
        if not 200 <= answer.status < 300:
            said = without_contact(mask(answer_text(answer), request.secrets))
            return Failed(said, again=answer.status >= 500)
        if isinstance(answer.body, str):
            return Failed("the answer is no JSON, or is larger than is read", again=False)
        return answer.body

    async def _take(
        self, mapping: InboundMapping, body: Json, planned: Millis
    ) -> Mapping[str, int]:
        """Make the events of a body and accept them; counts by verdict, and of faults."""
        now = self.clock()
        counts: Counter[str] = Counter(dict.fromkeys(VERDICTS, 0))
        faults: list[Fault] = []
        waiting: list[Inbound] = []
        for index, made in enumerate(events_of(mapping, body, now, planned)):
            if index % CHUNK == 0:
                await trio.lowlevel.checkpoint()
            faults += made.faults
            if made.body is not None:
                waiting.append(Inbound(mapping.source, made.body, now, index))
            if len(waiting) == TOGETHER:
                counts.update(map(verdict_name, await accept(self.ingest, waiting)))
                waiting = []
        counts.update(map(verdict_name, await accept(self.ingest, waiting)))
        if faults:
            self._notices.said("mapping faults", inbound=mapping.name, **_told(faults))
        return {**counts, "faults": len(faults)}

    async def _tell(
        self, mapping: InboundMapping, pull: Pull, progress: Progress, again_at: Millis
    ) -> None:
        told: dict[str, Json] = {
            "state": "failing" if progress.reason else "running",
            "reason": progress.reason,
            "last": to_iso(progress.at) if progress.attempts else None,
            "accepted": progress.accepted,
            "next": to_iso(again_at),
        }
        if pull.budget is not None:
            used = await spent(self.ingest.state, pull.budget, self.clock())
            told["budget"] = {"used": len(used), "of": pull.budget.requests}
        self._states[mapping.name] = told

    @property
    def _notices(self) -> Notices:
        return self.ingest.notices


def _told(faults: list[Fault]) -> dict[str, object]:
    """Faults for a log line: how many, and the first with its place."""
    first = faults[0]
    return {"count": len(faults), "first": f"{first.file}:{first.line} {first.message}"}
