"""Secrets that stand in ``encamina.yaml`` in clear."""

import pytest

from engine.model.finding import Severity
from tests.support.releases import FILES, findings_of, write_project

SETTINGS = """
    version: 1
    sources:
      shop: {{ kind: server, {shop} }}
      web: {{ kind: browser, write_key: web-key }}
    server: {{ {server} }}
    """
BY_ENV = 'write_key: "{{ env.SHOP_WRITE_KEY }}"'
HASH = "a" * 64


def found(folder, shop=BY_ENV, server="listen: 127.0.0.1:8080"):
    settings = SETTINGS.format(shop=shop, server=server)
    _, findings = findings_of(write_project(folder, {**FILES, "encamina.yaml": settings}))
    return [one for one in findings if one.code == "W342"]


@pytest.mark.parametrize(
    "key",
    [
        "sk-7731",
        '"sk-7731"',
        "\"{{ env.SHOP_WRITE_KEY | default('sk-7731') }}\"",
        "\"{{ 'sk-7731' }}\"",
    ],
)
def test_a_write_key_that_stands_there_in_clear_is_warned_of_and_not_repeated(tmp_path, key):
    [one] = found(tmp_path, f"write_key: {key}")

    assert one.severity is Severity.WARNING
    assert one.message == "source shop: its write key stands in this file in clear"
    assert str(one.place).startswith("encamina.yaml:3:")
    assert '"{{ env.SHOP_WRITE_KEY }}"' in one.hint
    assert "encamina keys create --source shop" in one.hint
    assert "7731" not in one.message + one.hint


@pytest.mark.parametrize("name", ["admin_token", "read_token"])
def test_so_is_a_token(tmp_path, name):
    [one] = found(tmp_path, server=f"{name}: sk-7731")

    assert one.message == f"server.{name} stands in this file in clear"
    assert f"env.ENCAMINA_{name.upper()}" in one.hint


@pytest.mark.parametrize(
    "shop",
    [BY_ENV, f"write_key_sha256: {HASH}", "write_key: \"{{ env.SHOP_WRITE_KEY | default('') }}\""],
)
def test_what_is_read_from_the_environment_or_hashed_is_fine_and_so_is_the_key_of_pages(
    tmp_path, shop
):
    assert found(tmp_path, shop, server='admin_token: "{{ env.ENCAMINA_ADMIN_TOKEN }}"') == []
