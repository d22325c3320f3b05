"""A release: one loaded, validated set of files, immutable, known by the hash of its content."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.event import Source
from engine.project.spec import ProjectSpec
from engine.release.browsers import Browsers
from engine.release.derived import Derived
from engine.release.destination import Destination
from engine.release.inbound import InboundMapping
from engine.release.keys import FileKeys
from engine.release.plan import Plan


@dataclass(frozen=True, slots=True)
class Release:
    """What serves.

    ``name`` is the first 12 hex digits of the content hash; ``destinations`` stand in the order of
    their file names; ``store_url`` may hold a password, and is empty where the files name none.
    """

    name: str
    spec: ProjectSpec
    plan: Plan
    destinations: tuple[Destination, ...]
    keys: FileKeys
    env: Mapping[str, str]
    inbounds: tuple[InboundMapping, ...] = ()
    browsers: Browsers = field(default_factory=Browsers)
    store_url: str = ""
    derived: tuple[Derived, ...] = ()

    @property
    def write_keys(self) -> Mapping[str, Source]:
        """The source of each write key that stands in the files in clear."""
        return self.keys.clear

    @property
    def store(self) -> Destination | None:
        """The destination that is the analytics store; of several the first."""
        return next((one for one in self.destinations if one.store is not None), None)

    def inbound(self, name: str) -> InboundMapping | None:
        """The inbound mapping of that name."""
        return next((one for one in self.inbounds if one.name == name), None)

    def destination(self, name: str) -> Destination | None:
        """The destination of that name."""
        return next((one for one in self.destinations if one.name == name), None)
