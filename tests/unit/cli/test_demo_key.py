"""``encamina sandbox --demo-key``: a key to try a destination with that needs one."""

import json

import pytest

from cli.commands.sandbox import sandbox
from engine.model.errors import ProjectError
from engine.release.auth import ServiceAccount
from engine.release.credentials import key_fault
from engine.sandbox.google_ads_token import AUDIENCE


def test_the_key_that_is_written_can_sign_and_is_its_owner_s_alone(tmp_path):
    path = tmp_path / "key.json"

    sandbox(demo_key=path)

    assert key_fault(ServiceAccount(str(path), "in", AUDIENCE, "HOOK")) == ""
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["type"] == "service_account"


def test_a_key_that_is_there_already_stays_what_it_is(tmp_path):
    path = tmp_path / "key.json"
    path.write_text("the shop's own")

    with pytest.raises(ProjectError, match="is there already"):
        sandbox(demo_key=path)

    assert path.read_text() == "the shop's own"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ProjectError, match="can't be written: No such file"):
        sandbox(demo_key=tmp_path / "nowhere" / "key.json")
