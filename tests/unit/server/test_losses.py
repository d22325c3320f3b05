"""What was lost is named, table by table, with what it means."""

import sqlite3
from contextlib import closing

import pytest

from engine.log.open import open_log
from engine.server.losses import DERIVED, MADE_ANEW, MEANS, warnings_of
from engine.sqlite.database import Databases
from engine.sqlite.salvage import OUR_OWN
from engine.sqlite.trees import Saved
from engine.state.open import open_state
from engine.store.open import open_store


def test_only_tables_that_may_have_lost_rows_are_warned_of():
    tables = [
        Saved("events", 5),
        Saved("seen", 5, lost=[(1, 2)]),
        Saved("settings", cut=True),
        Saved("delivery_counts", cut=True),
    ]

    seen, settings = warnings_of(tables)

    assert seen.startswith("seen may have lost rows: a repeat")
    assert "REVOKED KEYS MAY BE VALID AGAIN" in settings


@pytest.mark.trio
async def test_every_table_that_is_kept_says_what_its_loss_means(tmp_path):
    async with Databases(tmp_path) as files:
        await open_log("sqlite:kept.db", files)
        await open_state("sqlite:kept.db", files)
        await open_store("sqlite:kept.db", files)
    with closing(sqlite3.connect(tmp_path / "kept.db")) as file:
        tables = {row[0] for row in file.execute("SELECT name FROM pragma_table_list")}

    kept = {one for one in tables if not one.startswith(("sqlite_", DERIVED))}
    assert kept - {OUR_OWN} == MEANS.keys() | MADE_ANEW
