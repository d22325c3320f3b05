"""Which store a project's files mean."""

import pytest

from engine.model.errors import StorageError
from engine.server.analytics import look_into_analytics, open_analytics
from engine.sqlite.database import Databases
from engine.store.open import open_store
from tests.support.releases import FILES, a_release

pytestmark = pytest.mark.trio

KEPT = {
    "destinations/kept.yaml": "name: kept\nkind: store\n",
    "rules/kept.yaml": """
        destination: kept
        rules:
          - name: all
            match: { type: track }
            payload: { model: event, timestamp: "{{ event.timestamp }}", document: { a: 1 } }
        """,
}
BY_ENV = {"encamina.yaml": FILES["encamina.yaml"] + 'store: "{{ env.ANALYTICS_URL }}"\n'}


async def test_a_project_without_a_store_opens_none(tmp_path):
    async with Databases(tmp_path) as files:
        assert await open_analytics(a_release(tmp_path), files) is None
    assert not (tmp_path / "analytics.db").exists()


async def test_a_store_stands_in_a_file_of_its_own_unless_it_is_told_where(tmp_path):
    async with Databases(tmp_path) as files:
        assert await open_analytics(a_release(tmp_path, KEPT), files)
    assert (tmp_path / "analytics.db").exists()


async def test_a_store_whose_variable_is_not_set_is_refused_and_not_put_elsewhere(tmp_path):
    release = a_release(tmp_path, {**KEPT, **BY_ENV})
    async with Databases(tmp_path) as files:
        with pytest.raises(StorageError, match="variable that is not set"):
            await open_analytics(release, files)
        with pytest.raises(StorageError, match="variable that is not set"):
            await look_into_analytics(release.spec, {}, files)
    assert not (tmp_path / "analytics.db").exists()


async def test_an_unknown_engine_is_refused_with_the_known_ones(tmp_path):
    async with Databases(tmp_path) as files:
        with pytest.raises(StorageError, match=r"no engine is known by 'oracle:'.*sqlite:"):
            await open_store("oracle://x", files)


async def test_a_look_at_a_store_that_was_never_served_says_what_to_do(tmp_path):
    (tmp_path / "analytics.db").touch()
    async with Databases(tmp_path, look_only=True) as files:
        with pytest.raises(StorageError, match="start `encamina serve` once"):
            await open_store("sqlite:analytics.db", files)
