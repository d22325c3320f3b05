import pytest

from engine.model.finding import Severity
from tests.support.releases import ENV, FILES, a_release, findings_of, write_project

AUTH = """
auth:
  type: oauth_service_account
  credentials: "{{ env.HOOK_CREDENTIALS }}"
  scope: "{{ env.HOOK_SCOPE | default('in') }}"
  token_url: https://auth.example.com/token
"""
HOOK = FILES["destinations/hook.yaml"]


def the_hook(folder, **env):
    [hook] = a_release(folder, {"destinations/hook.yaml": HOOK + AUTH}, {**ENV, **env}).destinations
    return hook


def test_an_account_s_key_can_stand_in_the_environment(tmp_path):
    hook = the_hook(tmp_path, HOOK_CREDENTIALS=' {"client_email": "a@b.example"} ')

    assert hook.auth.credentials == '{"client_email": "a@b.example"}'
    assert (hook.auth.scope, hook.auth.token_url) == ("in", "https://auth.example.com/token")
    assert hook.auth.called == "HOOK_CREDENTIALS"
    assert hook.unset == ()


@pytest.mark.parametrize("absolute", [True, False])
def test_a_key_s_file_is_looked_for_from_the_project_folder(tmp_path, absolute):
    path = "/etc/keys/hook.json" if absolute else "keys/hook.json"

    hook = the_hook(tmp_path, HOOK_CREDENTIALS=path)

    assert hook.auth.credentials == (path if absolute else str(tmp_path / path))


def test_credentials_that_are_not_set_are_named(tmp_path):
    assert the_hook(tmp_path).unset == ("HOOK_CREDENTIALS",)


def test_a_destination_without_auth_has_none(tmp_path):
    [hook] = a_release(tmp_path).destinations

    assert hook.auth is None


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("  type: oauth_service_account", "  type: oauth"),
        ('  credentials: "{{ env.HOOK_CREDENTIALS }}"', "  credentials: key-in-a-file"),
        ("  token_url: https://auth.example.com/token\n", ""),
    ],
)
def test_a_mistake_in_auth_is_told_where_it_stands(tmp_path, line, wrong):
    broken = HOOK + AUTH.replace(line, wrong)
    assert broken != HOOK + AUTH

    _, findings = findings_of(write_project(tmp_path, {**FILES, "destinations/hook.yaml": broken}))

    [finding] = [one for one in findings if one.severity is Severity.ERROR]
    assert str(finding).startswith("destinations/hook.yaml:")
    assert "key-in-a-file" not in finding.hint
