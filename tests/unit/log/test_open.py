import pytest

from engine.log.open import open_log
from engine.model.errors import StorageError
from engine.sqlite.database import Databases
from engine.state.open import open_state

pytestmark = pytest.mark.trio


@pytest.mark.parametrize("url", ["kafka://user:secret@host", "data.db", "", "sqlite:"])
@pytest.mark.parametrize("opener", [open_log, open_state])
async def test_an_unknown_url_is_refused_with_the_known_ones_and_no_secret(opener, url, tmp_path):
    async with Databases(tmp_path) as databases:
        with pytest.raises(StorageError, match="sqlite:…") as caught:
            await opener(url, databases)

    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


async def test_log_and_state_can_share_one_file(tmp_path):
    async with Databases(tmp_path) as databases:
        log = await open_log("sqlite:kept.db", databases)
        state = await open_state("sqlite:kept.db", databases)
        await log.create_group("meta")
        await state.set_setting("mode", "sandbox")

    assert [path.name for path in tmp_path.iterdir()] == ["kept.db"]
    async with Databases(tmp_path) as databases:
        state = await open_state("sqlite:kept.db", databases)
        assert await state.setting("mode") == "sandbox"
