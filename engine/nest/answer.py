"""What a packet is answered: bodies go to ``ingest``, questions to the store."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.ingest.accept import Ingest
from engine.ingest.foreign import Came, Taken, take
from engine.ingest.guard import Guard
from engine.ingest.summary import summary
from engine.model.clock import Clock, Millis
from engine.model.errors import Refused, StorageError
from engine.model.event import Source
from engine.model.jsonvalue import Body, Json
from engine.model.verdict import Rejected
from engine.nest.packets import INTERNAL, Packet, failure, response, unknown
from engine.nest.patterns import Patterns, Served, at_pattern, patterns_of
from engine.release.inbound import InboundMapping
from engine.release.release import Release
from engine.store.interface import Store
from engine.store.questions import QUESTIONS, Question, QuestionError, read_arguments

TOO_DEEP = Refused(400, "invalid_body", "the body is nested too deeply")
FAULT = Refused(500, "internal_fault", str(INTERNAL["message"]))

NOT_NOW = "the store can't do it at the moment; nothing was kept, send it again"
NO_ANSWER = "the store can't answer at the moment; ask again"


@dataclass(frozen=True, slots=True)
class NestFace:
    """What answering needs; the release is asked for anew each time, so patterns may change.

    Events are those of ``source``, else of the mapping that takes them. Without a ``store`` none of
    the ``questions`` is served.
    """

    ingest: Ingest
    clock: Clock
    guard: Guard
    source: str | None = None
    store: Store | None = None
    questions: Sequence[Question] = QUESTIONS
    _made: list[tuple[Release, Patterns]] = field(default_factory=list)

    def patterns(self) -> Patterns:
        """What is served, made once for each release."""
        release = self.ingest.release()
        if not self._made or self._made[0][0] is not release:
            questions = self.questions if self.store is not None else ()
            self._made[:] = [(release, patterns_of(release, questions))]
        return self._made[0][1]

    async def answer(self, packet: Packet, now: Millis) -> Body | None:
        """The packet to send back, None for what was emitted; raises nothing of its own."""
        found = at_pattern(self.patterns(), packet.pattern)
        if found is None:
            return self._unknown(packet)
        try:
            value = await self._value(found, packet, now)
        except Exception as error:  # noqa: BLE001 - the edge: a fault in one packet is its own
            return self._refusal(found, packet, self._refused(found, error))
        return response(packet, value) if packet.wants_answer else None

    def _unknown(self, packet: Packet) -> Body | None:
        if packet.wants_answer:
            return unknown(packet)
        self.ingest.notices.emit_dropped("unknown", "unknown_pattern")
        return None

    def _refused(self, found: Served, error: Exception) -> Refused:
        """What a caller is told of a failure: nothing of the inside."""
        if isinstance(error, Refused):
            return error
        if isinstance(error, RecursionError):
            return TOO_DEEP
        self.ingest.notices.alarm("nest", error)
        if isinstance(error, StorageError):
            told = NOT_NOW if isinstance(found, InboundMapping) else NO_ANSWER
            return Refused(503, "storage", told)
        return FAULT

    async def _value(self, found: Served, packet: Packet, now: Millis) -> Json:
        if isinstance(found, InboundMapping):
            return await self._take(found, packet, now)
        if not packet.wants_answer:
            return None
        return await self._ask(found, packet.data)

    async def _take(self, mapping: InboundMapping, packet: Packet, now: Millis) -> Json:
        source = self._source(mapping)
        self.guard.admit("nest", source, 1)
        taken = await take(self.ingest, mapping, packet.data, Came(), source, now)
        if not packet.wants_answer:
            self._tell_rejected(mapping, taken)
            return None
        return _told(mapping, taken)

    def _source(self, mapping: InboundMapping) -> Source:
        for spec in self.ingest.release().spec.sources:
            if spec.name == self.source:
                return Source(spec.name, spec.kind, spec.unplanned)
        return mapping.source

    async def _ask(self, question: Question, data: Json) -> Json:
        assert self.store is not None
        try:
            asked = read_arguments(question, data)
        except QuestionError as error:
            raise Refused(400, "invalid_argument", str(error)) from None
        return (await self.store.ask(asked)).value

    def _tell_rejected(self, mapping: InboundMapping, taken: Taken) -> None:
        for verdict in taken.verdicts:
            if isinstance(verdict, Rejected):
                self.ingest.notices.emit_dropped(_pattern_of(mapping), "rejected")

    def _refusal(self, found: Served, packet: Packet, refused: Refused) -> Body | None:
        if packet.wants_answer:
            return failure(packet, _fault(refused))
        if isinstance(found, InboundMapping):
            self.ingest.notices.emit_dropped(_pattern_of(found), refused.code)
        return None


def _pattern_of(mapping: InboundMapping) -> str:
    return (mapping.post.pattern if mapping.post else None) or mapping.name


def _told(mapping: InboundMapping, taken: Taken) -> Json:
    """The stored document, or the verdicts where there is none; as over HTTP."""
    post = mapping.post
    if post is not None and post.answer == "document":
        documents = [one for one in taken.documents if one is not None]
        if documents and len(documents) == len(taken.verdicts):
            return documents[0] if len(documents) == 1 else documents
        for verdict in taken.verdicts:
            if isinstance(verdict, Rejected):
                errors = [{"path": one.path, "message": one.message} for one in verdict.reasons]
                raise Refused(400, "rejected", "the event can't be taken", errors=errors)
    told = [f"{one.path}: {one.message}" if one.path else one.message for one in taken.warnings]
    return summary(taken.verdicts, told)


def _fault(refused: Refused) -> Body:
    """A refusal in the form of NestJS's own errors, and with what HTTP says beside."""
    fault: dict[str, Json] = {
        "status": "error",
        "statusCode": refused.status,
        "code": refused.code,
        "message": refused.message,
    }
    if refused.errors:
        fault["errors"] = [dict(one) for one in refused.errors]
    if refused.retry_after_s is not None:
        fault["retryAfterSeconds"] = refused.retry_after_s
    return fault
