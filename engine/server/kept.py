"""Which SQLite files of a data folder hold what, for those that look at them from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from engine.project.spec import Project
from engine.server.analytics import file_of_analytics


@dataclass(frozen=True, slots=True)
class Kept:
    """``log``, ``state`` and ``store`` name files in ``folder``, and may name the same one.

    ``store`` is None where a server keeps the analytics store, or the project has none; else
    ``filler`` is the destination that fills it, and ``destinations`` are the names of all.
    """

    folder: Path
    log: str
    state: str
    store: str | None = None
    filler: str = ""
    destinations: Sequence[str] = ()

    @classmethod
    def by(cls, project: Project, folder: Path) -> Self:
        """As the project's files say."""
        spec = project.spec
        filler = next((one.name for one in project.destinations if one.store is not None), "")
        return cls(
            folder,
            spec.log_url.partition(":")[2],
            spec.state_url.partition(":")[2],
            file_of_analytics(spec, project.env) if filler else None,
            filler,
            [one.name for one in project.destinations],
        )

    def names(self) -> list[str]:
        """Of each file once, whether or not it is there."""
        return list(dict.fromkeys([self.log, self.state, *([self.store] if self.store else [])]))

    def files(self) -> list[Path]:
        """The same as paths."""
        return [self.folder / name for name in self.names()]

    def is_store(self, path: Path) -> bool:
        """Whether the file holds the store and nothing else: its events can fill it again."""
        others = self.holds(path, self.log) or self.holds(path, self.state)
        return self.holds(path, self.store) and not others

    def holds(self, path: Path, name: str | None) -> bool:
        """Whether the file is the one of that name."""
        return name is not None and path == self.folder / name
