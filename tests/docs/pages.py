"""The pages of the documentation, taken apart: blocks of code, links, headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
NAMED_FILE = re.compile(r"`((?:(?:rules|destinations|schemas)/[\w/-]+|encamina)\.yaml)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: ``before`` is the paragraph above it, ``line`` that of its first fence."""

    page: Path
    line: int
    language: str
    text: str
    before: str

    @property
    def where(self) -> str:
        """The place, for people."""
        return f"{name_of(self.page)}:{self.line}"

    @property
    def file(self) -> str | None:
        """The project file that the paragraph above says it is, if it does."""
        named = NAMED_FILE.findall(self.before)
        return named[-1] if named else None


def pages() -> list[Path]:
    """README.md and everything under docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    """The page relative to the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page in these languages, or all."""
    return [one for one in _blocks(page) if not languages or one.language in languages]


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in FENCE.finditer(text):
        above = text[: found.start()].rstrip("\n")
        before = above.rsplit("\n\n", 1)[-1]
        yield Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2], before)


def prose(page: Path) -> str:
    """The page without its blocks."""
    return FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """The targets of its links that lead into the repository."""
    return [one for one in LINK.findall(prose(page)) if not re.match(r"[a-z]+:", one)]


def anchors(page: Path) -> set[str]:
    """What a link can name after ``#``, as GitHub makes it of the headings."""
    return {_slug(heading) for heading in HEADING.findall(prose(page))}


def _slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")
