"""What of the environment can't be used is told before anything is sent."""

import pytest

from engine.release.checks.environment import check_environment
from tests.support.accounts import an_rsa_key, credentials, pem
from tests.support.releases import FILES, a_release

HOOK = (
    FILES["destinations/hook.yaml"]
    + """
mode: "{{ env.HOOK_MODE | default('live') }}"
auth:
  type: oauth_service_account
  credentials: "{{ env.HOOK_CREDENTIALS }}"
  scope: in
  token_url: https://auth.example.com/token
"""
)


def told(folder, **env):
    whole = {"SHOP_WRITE_KEY": "shop-key", **env}
    release = a_release(folder, {"destinations/hook.yaml": HOOK}, whole)
    return [(one.code, one.message) for one in check_environment(release)]


def test_a_key_that_can_sign_is_no_finding_as_json_and_as_a_file(tmp_path):
    (tmp_path / "key.json").write_text(credentials())

    assert told(tmp_path, HOOK_CREDENTIALS=credentials()) == []
    assert told(tmp_path, HOOK_CREDENTIALS="key.json") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "the file can't be read: No such file or directory"),
        ("no json", "expected the JSON of a service account's key"),
        (credentials(private_key=None), "the key has no private_key"),
        (credentials(private_key="no PEM"), "the private key can't be read as PEM"),
        (
            credentials(private_key=pem(an_rsa_key())[:200]),
            "the private key can't be read as PEM",
        ),
    ],
    ids=["no file", "no json", "no key", "no PEM", "half a key"],
)
def test_a_file_that_is_no_key_is_a_warning_with_what_is_wrong(tmp_path, text, fault):
    if text is not None:
        (tmp_path / "key.json").write_text(text)

    assert told(tmp_path, HOOK_CREDENTIALS="key.json") == [
        ("W406", f"HOOK_CREDENTIALS: {fault}, so hook will be paused and its events kept")
    ]


def test_what_is_off_or_not_set_is_not_told_of_its_key(tmp_path):
    assert told(tmp_path, HOOK_CREDENTIALS="key.json", HOOK_MODE="off") == []
    assert [code for code, _ in told(tmp_path)] == ["W401"]


@pytest.mark.parametrize("mode", ["sandbox", "live"])
def test_a_place_for_requests_that_is_known_is_no_finding(tmp_path, mode):
    assert told(tmp_path, HOOK_CREDENTIALS=credentials(), ENCAMINA_VENDORS=mode) == []


def test_a_place_for_requests_that_is_neither_sandbox_nor_live_is_a_warning(tmp_path):
    assert told(tmp_path, HOOK_CREDENTIALS=credentials(), ENCAMINA_VENDORS="prod") == [
        ("W407", 'ENCAMINA_VENDORS is "prod", so nothing will be served')
    ]
