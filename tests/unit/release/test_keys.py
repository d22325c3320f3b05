"""The keys that ``encamina.yaml`` gives."""

import pytest

from engine.release.keys import digest_of
from tests.support.releases import ENV, FILES, a_release, findings_of, write_project

KEY = "shop-key"
CLEAR = 'write_key: "{{ env.SHOP_WRITE_KEY }}"'


def settings(**changed):
    text = FILES["encamina.yaml"]
    for old, new in changed.items():
        text = text.replace({"shop": CLEAR, "web": "write_key: web-key"}[old], new)
    return {"encamina.yaml": text}


def test_a_hashed_key_is_its_source_s_key_and_stands_nowhere_in_clear(tmp_path):
    hashed = f"write_key_sha256: {digest_of(KEY).upper()}"

    release = a_release(tmp_path, settings(shop=hashed))

    assert release.keys.write[digest_of(KEY)].name == "shop"
    assert KEY not in release.write_keys


def test_a_hashed_key_is_read_from_the_environment(tmp_path):
    hashed = 'write_key_sha256: "{{ env.SHOP_HASH }}"'

    release = a_release(tmp_path, settings(shop=hashed), {"SHOP_HASH": digest_of(KEY)})

    assert release.keys.write[digest_of(KEY)].name == "shop"


def test_a_source_may_have_both(tmp_path):
    both = f"{CLEAR}, write_key_sha256: {digest_of('older')}"

    release = a_release(tmp_path, settings(shop=both))

    names = {release.keys.write[digest_of(key)].name for key in (KEY, "older")}
    assert names == {"shop"}


def test_what_is_no_hash_is_an_error_that_does_not_show_it(tmp_path):
    hashed = 'write_key_sha256: "{{ env.SHOP_HASH }}"'
    write_project(tmp_path, {**FILES, **settings(shop=hashed)})

    release, findings = findings_of(tmp_path, {"SHOP_HASH": "the-key-itself"})

    assert release is None
    [found] = [one for one in findings if one.code == "E315"]
    assert "expected 64 hex digits" in found.message
    assert "the-key-itself" not in str(found)


@pytest.mark.parametrize(
    "other", [f"write_key_sha256: {digest_of(KEY)}", f"write_key: {KEY}"], ids=["hash", "clear"]
)
def test_two_sources_can_t_have_one_key_in_whatever_form(tmp_path, other):
    write_project(tmp_path, {**FILES, **settings(web=other)})

    _, findings = findings_of(tmp_path)

    assert "E314" in [one.code for one in findings]


def test_the_admin_token_is_kept_as_a_digest_and_may_be_unset(tmp_path):
    text = FILES["encamina.yaml"] + 'server: { admin_token: "{{ env.TOKEN }}" }\n'

    with_token = a_release(tmp_path / "a", {"encamina.yaml": text}, {**ENV, "TOKEN": "t"})
    without = a_release(tmp_path / "b", {"encamina.yaml": text})

    assert with_token.keys.admin == digest_of("t")
    assert without.keys.admin is None
