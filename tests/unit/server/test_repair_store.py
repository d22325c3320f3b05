"""A damaged store is saved document by document, and its answers count what is left."""

import random
from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.model.delivery import State as Ends
from engine.model.errors import StorageError
from engine.server.kept import Kept
from engine.server.losses import warnings_of
from engine.server.repair import repair
from engine.sqlite.database import Databases
from engine.sqlite.salvage import damage_of
from engine.state.open import open_state
from engine.store.interface import Model
from engine.store.open import open_store
from tests.conformance.store_documents import HOUR_MS, NOON, a_view, ask
from tests.unit.server.test_repair import NOW, PAGE, TABLE_LEAF, a_delivery, leaves, overwrite

pytestmark = pytest.mark.trio

VIEWS = 600


def views(count=VIEWS):
    return [
        a_view(f"v{n}", Millis(NOON - n * HOUR_MS // 10), f"/p{n % 7}", pad="x" * 300)
        for n in range(count)
    ]


async def filled(folder):
    folder.mkdir()
    async with Databases(folder) as files:
        store = await open_store("sqlite:analytics.db", files)
        await store.write(views())
    return folder / "analytics.db"


def kept_in(folder):
    return Kept(folder, "encamina.db", "encamina.db", "analytics.db", "store", ["store"])


async def answers(folder, written=None):
    """How many views there are, and what the store answers about pages."""
    async with Databases(folder) as files:
        store = await open_store("sqlite:analytics.db", files)
        if written is not None:
            await store.write(written)
        popular = await ask(store, "popular_pages", limit=100)
        return (await store.count())[Model.PAGE_VIEW], popular


async def test_what_is_left_counts_in_the_answers_and_nothing_else(tmp_path):
    path = await filled(tmp_path / "data")
    chosen = random.Random(4).sample(sorted(leaves(path, TABLE_LEAF)), 12)
    overwrite(path, chosen)
    assert damage_of(path)

    done = await repair(kept_in(path.parent), path, NOW)

    assert damage_of(path) is None
    assert done.kept_as.exists()
    left, popular = await answers(path.parent)
    assert 0 < left < VIEWS
    assert sum(one["views"] for one in popular) == left
    assert any("replay" in one for one in warnings_of(done.tables))


async def test_what_is_filled_in_again_counts_once(tmp_path):
    path = await filled(tmp_path / "data")
    sound = await answers(path.parent)
    overwrite(path, random.Random(5).sample(sorted(leaves(path, TABLE_LEAF)), 12))

    await repair(kept_in(path.parent), path, NOW)

    assert await answers(path.parent, views()) == sound


@pytest.mark.parametrize("page", [0, 1, 2, 3])
async def test_whatever_root_is_gone_the_answers_agree_with_what_is_left(tmp_path, page):
    path = await filled(tmp_path / "data")
    overwrite(path, [page])

    await repair(kept_in(path.parent), path, NOW)

    left, popular = await answers(path.parent)
    assert left > 0
    assert sum(one["views"] for one in popular) == left


async def test_facts_that_make_no_sense_are_a_document_lost(tmp_path):
    path = await filled(tmp_path / "data")
    data = path.read_bytes()
    at = data.rindex(b'[["')
    path.write_bytes(data[:at] + b"{{{" + data[at + 3 :])

    await repair(kept_in(path.parent), path, NOW)

    left, popular = await answers(path.parent)
    assert left == VIEWS - 1
    assert sum(one["views"] for one in popular) == left


async def test_a_store_without_a_readable_row_says_how_to_fill_a_new_one(tmp_path):
    path = await filled(tmp_path / "data")
    overwrite(path, range(path.stat().st_size // PAGE))
    before = path.read_bytes()

    with pytest.raises(StorageError, match="encamina replay --destination store --again"):
        await repair(kept_in(path.parent), path, NOW)

    assert path.read_bytes() == before


async def test_a_store_in_the_file_of_the_log_is_saved_with_it(tmp_path):
    path = await filled(tmp_path / "data")
    async with Databases(path.parent) as files:
        state = await open_state("sqlite:analytics.db", files)
        await state.record([a_delivery(1, Ends.DELIVERED)])
    kept = replace(kept_in(path.parent), log="analytics.db", state="analytics.db")
    assert not kept.is_store(path)

    await repair(kept, path, NOW)

    assert (await answers(path.parent))[0] == VIEWS
