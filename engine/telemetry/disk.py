"""Notices of the disk: how full it is, what is refused for it, and what was removed."""

from dataclasses import dataclass, field

from prometheus_client import Counter, Gauge

from engine.telemetry.notices import Notices


@dataclass(slots=True)
class DiskNotices:
    """Gives them to a server's log and metrics; one for each ``Notices``."""

    notices: Notices
    _used: Gauge = field(init=False)
    _left: Gauge = field(init=False)
    _full: Gauge = field(init=False)
    _refusing: Gauge = field(init=False)
    _removed: Counter = field(init=False)

    def __post_init__(self) -> None:
        registry = self.notices.registry
        self._used = Gauge("encamina_data_bytes", "What the databases hold", registry=registry)
        self._left = Gauge("encamina_disk_free_bytes", "Left on its disk", registry=registry)
        self._full = Gauge(
            "encamina_data_full_ratio", "Databases, as a part of disk.most", registry=registry
        )
        self._refusing = Gauge(
            "encamina_ingest_refusing", "1 while events are refused for room", registry=registry
        )
        self._removed = Counter(
            "encamina_removed_total", "What retention removed", ["what"], registry=registry
        )

    def looked(self, used_bytes: int, left_bytes: int, most_bytes: int) -> None:
        """So much is used of what may be, and so much is left on the disk."""
        self._used.set(used_bytes)
        self._left.set(left_bytes)
        self._full.set(used_bytes / most_bytes)

    def filling(self, percent: int, used: str, most: str) -> None:
        """The data folder has passed that part of its limit."""
        log = self.notices.log
        (log.error if percent >= 80 else log.warning)(
            "data folder fills", percent=percent, used=used, most=most
        )

    def refusing(self, reason: str) -> None:
        """From now on new events are refused; deliveries go on."""
        self._refusing.set(1)
        self.notices.log.error("events refused for room", reason=reason)

    def taking(self) -> None:
        """There is room again."""
        self._refusing.set(0)
        self.notices.log.info("events taken again")

    def removed(self, what: str, count: int, why: str) -> None:
        """Retention removed so many events, records or groups."""
        self._removed.labels(what).inc(count)
        self.notices.log.info("removed", what=what, count=count, why=why)

    def clock_jumped(self, ahead_s: int) -> None:
        """The wall clock went ahead of time passed; nothing is removed by age for a day."""
        self.notices.log.error("the clock jumped", ahead_s=ahead_s, removal_by_age="waits a day")
