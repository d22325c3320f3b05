"""Taking over documents: all of them, once, also after a run that was broken off."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from engine.model.clock import Millis
from engine.model.errors import StorageError
from engine.store.imports import (
    AT_ONCE,
    Batch,
    Imported,
    LeftOut,
    Progress,
    import_documents,
    open_source,
)
from engine.store.interface import Document, Model

pytestmark = pytest.mark.trio


@dataclass
class Kept:
    """A source in memory, which counts what is read of it."""

    views: int
    name: str = "mine"
    reads: list[str | None] = field(default_factory=list)

    async def count(self) -> list[Imported]:
        return [Imported(Model.PAGE_VIEW, self.views)]

    async def read(self, model: Model, after: str | None, limit: int) -> Batch:
        self.reads.append(after)
        names = [f"{number:024x}" for number in range(self.views)] if model == "page_view" else []
        found = [name for name in names if after is None or name > after][:limit]
        documents = [Document(name, model, {"sessionId": "s"}, Millis(0)) for name in found]
        return Batch(documents, found[-1] if found else None, {"odd": 1} if found else {})

    async def close(self) -> None:
        return


class Taker:
    """Takes batches, and breaks off at the one of that number; refuses so many of each."""

    def __init__(self, breaks_at: int = -1, refuses: int = 0) -> None:
        self.taken: list[str] = []
        self.batches = 0
        self.breaks_at = breaks_at
        self.refuses = refuses

    async def __call__(self, documents: Sequence[Document]) -> LeftOut:
        if self.batches == self.breaks_at:
            raise StorageError("down")
        self.batches += 1
        self.taken += [one.id for one in documents]
        return {"refused": self.refuses} if self.refuses else {}


async def test_all_is_taken_over_and_told(tmp_path):
    source, taker, told = Kept(AT_ONCE + 3), Taker(), []

    await import_documents(source, taker, Progress.within(tmp_path), told.append)

    assert len(set(taker.taken)) == len(taker.taken) == AT_ONCE + 3
    assert [one for one in told if one.done and one.model is not Model.PAGE_VIEW] == [
        Imported(model, 0, done=True) for model in Model if model is not Model.PAGE_VIEW
    ]
    assert Imported(Model.PAGE_VIEW, AT_ONCE + 3, done=True, left_out={"odd": 2}) in told


async def test_what_the_store_refuses_does_not_count_as_taken_over(tmp_path):
    told: list[Imported] = []

    progress = Progress.within(tmp_path)
    await import_documents(Kept(AT_ONCE + 3), Taker(refuses=2), progress, told.append)

    left_out = {"odd": 2, "refused": 4}
    assert Imported(Model.PAGE_VIEW, AT_ONCE - 1, done=True, left_out=left_out) in told


async def test_a_run_that_was_broken_off_goes_on_where_it_was(tmp_path):
    progress = Progress.within(tmp_path)
    first, second = Taker(breaks_at=2), Taker()

    with pytest.raises(StorageError):
        await import_documents(Kept(AT_ONCE * 4), first, progress, lambda _: None)
    await import_documents(Kept(AT_ONCE * 4), second, progress, lambda _: None)

    assert len(first.taken) == len(second.taken) == AT_ONCE * 2
    assert len({*first.taken, *second.taken}) == AT_ONCE * 4


async def test_a_run_after_one_that_ended_begins_at_the_beginning(tmp_path):
    progress, again = Progress.within(tmp_path), Taker()

    await import_documents(Kept(5), Taker(), progress, lambda _: None)
    await import_documents(Kept(6), again, progress, lambda _: None)

    assert len(again.taken) == 6
    assert list(tmp_path.iterdir()) == []


async def test_one_source_does_not_go_on_where_another_was(tmp_path):
    progress, taker = Progress.within(tmp_path), Taker()
    with pytest.raises(StorageError):
        await import_documents(Kept(AT_ONCE * 2), Taker(breaks_at=1), progress, lambda _: None)

    await import_documents(Kept(3, name="another"), taker, progress, lambda _: None)

    assert len(taker.taken) == 3


async def test_a_file_of_progress_that_makes_no_sense_is_begun_anew(tmp_path):
    (tmp_path / "store-import.json").write_text('{"mine": [')
    taker = Taker()

    await import_documents(Kept(3), taker, Progress.within(tmp_path), lambda _: None)

    assert len(taker.taken) == 3


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://db/shop", "no import from mysql; expected mongodb://USER"),
        ("127.0.0.1/shop", "no import without mongodb:// at the beginning of the URL"),
        ("shop:s3cret@db/shop", "no import without mongodb:// at the beginning of the URL"),
        ("mongodb:db/shop", "no import without mongodb:// at the beginning of the URL"),
    ],
)
async def test_what_can_be_no_source_is_refused_in_words_without_its_password(url, says):
    with pytest.raises(StorageError, match="expected mongodb://") as caught:
        open_source(url)
    assert str(caught.value).startswith(says)
    assert "s3cret" not in str(caught.value)
