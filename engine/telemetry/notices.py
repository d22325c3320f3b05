"""Notices: what happens while serving, each with one name, its log line and its counter.

Tag values come from a small set (source, destination, verdict, outcome), never from data. A notice
is given once a batch.
"""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from structlog.typing import FilteringBoundLogger

from engine.model.decision import Fault
from engine.model.errors import EncaminaError

TOLD = 20
"""Warnings of one body that go into the log."""

FRAMES = 6
"""Innermost frames of a fault that go into the log."""


@dataclass(frozen=True, slots=True)
class _Counters:
    events: Counter
    readmitted: Counter
    deliveries: Counter
    requests: Counter
    alarms: Counter
    paused: Gauge
    breaker: Gauge
    openings: Counter
    pulls: Counter
    limited: Counter
    turned_away: Counter
    emits_dropped: Counter

    @classmethod
    def over(cls, registry: CollectorRegistry) -> "_Counters":
        return cls(
            Counter(
                "encamina_events_total",
                "Events by source and verdict",
                ["source", "verdict"],
                registry=registry,
            ),
            Counter(
                "encamina_readmitted_total",
                "Events that left the quarantine after a fix, by source and verdict",
                ["source", "verdict"],
                registry=registry,
            ),
            Counter(
                "encamina_deliveries_total",
                "Recorded deliveries by destination and state",
                ["destination", "state"],
                registry=registry,
            ),
            Counter(
                "encamina_requests_total",
                "Requests to vendors by destination and status (0: no answer)",
                ["destination", "status"],
                registry=registry,
            ),
            Counter(
                "encamina_alarms_total",
                "Faults of our own, by where they were caught",
                ["where"],
                registry=registry,
            ),
            Gauge(
                "encamina_destination_paused",
                "1 while a destination is paused",
                ["destination"],
                registry=registry,
            ),
            Gauge(
                "encamina_destination_breaker_open",
                "1 while a destination's circuit breaker is not closed",
                ["destination"],
                registry=registry,
            ),
            Counter(
                "encamina_breaker_openings_total",
                "How often a destination's circuit breaker opened, also after a probe",
                ["destination"],
                registry=registry,
            ),
            Counter(
                "encamina_pulls_total",
                "Requests of pulls by inbound mapping and outcome",
                ["inbound", "outcome"],
                registry=registry,
            ),
            Counter(
                "encamina_rate_limited_events_total",
                "Events in requests that were over their write key's rate",
                ["source"],
                registry=registry,
            ),
            Counter(
                "encamina_turned_away_total",
                "Requests refused for a wrong key, token or origin, or for want of room for their"
                " body, and connections of NestJS's transport that were closed, by why",
                ["why"],
                registry=registry,
            ),
            Counter(
                "encamina_emits_dropped_total",
                "Bodies that NestJS callers emitted and that were not kept, by pattern and why",
                ["pattern", "why"],
                registry=registry,
            ),
        )


@dataclass(slots=True)
class Notices:
    """Gives notices to the log and to the metrics; one for each server."""

    log: FilteringBoundLogger
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    _counters: _Counters = field(init=False)
    _dropped: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._counters = _Counters.over(self.registry)

    def events(self, source: str, verdict: str, count: int) -> None:
        """So many events of a source met this verdict."""
        self._counters.events.labels(source, verdict).inc(count)

    def limited(self, source: str, count: int) -> None:
        """So many events came over the rate of their write key; nothing of them was kept."""
        self._counters.limited.labels(source).inc(count)

    def turned_away(self, why: str) -> None:
        """A request was refused; ``why`` is one of a few (docs/operations.md)."""
        self._counters.turned_away.labels(why).inc()

    def emit_dropped(self, pattern: str, why: str) -> None:
        """What a NestJS caller emitted was not kept, and nobody could be told; ``why`` is a code.

        The first of a kind goes into the log: a caller that is wrong may be so a thousand times.
        """
        self._counters.emits_dropped.labels(pattern, why).inc()
        if (pattern, why) not in self._dropped:
            self._dropped.add((pattern, why))
            self.log.warning("emitted and not kept", pattern=pattern, why=why)

    def readmitted(self, source: str, verdict: str, count: int) -> None:
        """So many events of a source left the quarantine for the log, or were there already."""
        self._counters.readmitted.labels(source, verdict).inc(count)
        self.log.info("readmitted", source=source, verdict=verdict, count=count)

    def dropped(self, source: str, count: int) -> None:
        """So many events of a source were dropped from quarantine by hand."""
        self.log.warning("quarantined events dropped by hand", source=source, count=count)

    def deliveries(self, destination: str, state: str, count: int) -> None:
        """So many deliveries of a destination came into this state."""
        self._counters.deliveries.labels(destination, state).inc(count)

    def request(self, destination: str, status: int) -> None:
        """A request to a vendor ended with this status, 0 for no answer."""
        self._counters.requests.labels(destination, str(status)).inc()

    def refused(self, destination: str, count: int, outcome: str, reason: str) -> None:
        """A vendor did not take some payloads; ``outcome`` says what becomes of them."""
        self.log.warning(
            "not taken", destination=destination, count=count, outcome=outcome, reason=reason
        )

    def paused(self, destination: str, reason: str) -> None:
        """A destination stops, everything is kept; a person has to look."""
        self._counters.paused.labels(destination).set(1)
        self.log.error("destination paused", destination=destination, reason=reason)

    def resumed(self, destination: str) -> None:
        """A paused destination goes on."""
        self._counters.paused.labels(destination).set(0)
        self.log.info("destination resumed", destination=destination)

    def breaker_opened(self, destination: str, reason: str, until: str) -> None:
        """A vendor fails, so nothing is sent before ``until``; then one request tries it."""
        self._counters.breaker.labels(destination).set(1)
        self._counters.openings.labels(destination).inc()
        self.log.error("breaker open", destination=destination, reason=reason, until=until)

    def breaker_closed(self, destination: str) -> None:
        """A vendor that failed is well again."""
        self._counters.breaker.labels(destination).set(0)
        self.log.info("breaker closed", destination=destination)

    def slowed(self, destination: str, reason: str, until: str) -> None:
        """A vendor asked to be left alone until then."""
        self.log.warning("slowed", destination=destination, reason=reason, until=until)

    def warned(
        self,
        inbound: str,
        warnings: Sequence[Fault],
        message_ids: Sequence[str],
        *,
        is_taken: bool = True,
    ) -> None:
        """Something of a posted body, which gave these events, is not as it should be."""
        told = [
            (f"{one.path}: " if one.path else "")
            + one.message
            + (f" ({one.file}:{one.line})" if one.file else "")
            for one in warnings[:TOLD]
        ]
        ids = [*message_ids[:TOLD]]
        what = "taken with warnings" if is_taken else "not taken"
        self.log.warning(what, inbound=inbound, message_ids=ids, warnings=told)

    def pulled(self, inbound: str, facts: Mapping[str, int]) -> None:
        """A pull fetched a body; ``facts`` count what became of its events."""
        self._counters.pulls.labels(inbound, "fetched").inc()
        self.log.info("pulled", inbound=inbound, **facts)

    def not_pulled(self, inbound: str, reason: str, next_at: str) -> None:
        """A pull got nothing, or was not made; it is looked at again at ``next_at``."""
        self._counters.pulls.labels(inbound, "failed").inc()
        self.log.warning("not pulled", inbound=inbound, reason=reason, next=next_at)

    def alarm(self, where: str, error: BaseException, **facts: object) -> None:
        """A fault of our own, caught at an edge; what it stopped is tried again."""
        self._counters.alarms.labels(where).inc()
        # The exception's own text can hold data, so the log gets its type and where it came from.
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        trace = [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames]
        # What we say ourselves is fit to be shown: which file, and what to do.
        if isinstance(error, EncaminaError):
            facts["message"] = str(error)
        self.log.error("fault", where=where, error=type(error).__name__, trace=trace, **facts)

    def said(self, what: str, **facts: object) -> None:
        """A plain line in the log: started, stopping, listening."""
        self.log.info(what, **facts)

    def metrics(self) -> bytes:
        """All counters in Prometheus' text format."""
        return generate_latest(self.registry)
