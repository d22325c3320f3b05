"""Keys made and revoked at run time."""

import pytest

from engine.control.control import ControlError
from engine.control.verbs import perform
from engine.ingest.stored_keys import stored_keys
from engine.model.errors import Refused
from engine.release.keys import digest_of

pytestmark = pytest.mark.trio


async def made(control, **asked):
    return await perform(control, "keys/create", asked)


async def test_a_made_key_is_good_at_once_for_its_source(control):
    key = (await made(control, kind="write", source="web", name="till"))["key"]

    assert control.keys.source_of(key).name == "web"
    assert key.startswith("enc_w_")


async def test_a_revoked_key_is_good_for_nothing_though_it_was_used_before(control):
    one = await made(control, kind="write", source="shop")
    assert control.keys.source_of(one["key"]).name == "shop"

    first = await perform(control, "keys/revoke", {"id": one["id"]})
    again = await perform(control, "keys/revoke", {"id": one["id"]})

    with pytest.raises(Refused):
        control.keys.source_of(one["key"])
    assert (first["revoked"], again["revoked"]) == (1, 0)


async def test_a_revoked_hash_wins_over_the_file(control):
    assert control.keys.source_of("shop-key").name == "shop"

    await perform(control, "keys/revoke", {"id": digest_of("shop-key")[:8]})

    with pytest.raises(Refused):
        control.keys.source_of("shop-key")


async def test_only_the_digest_of_a_key_is_kept(control):
    one = await made(control, kind="write", source="shop")

    [kept] = await stored_keys(control.state)

    assert kept.digest == digest_of(one["key"])
    settings = await control.state.settings("")
    assert one["key"] not in str(settings)


async def test_an_admin_token_opens_admin_and_sends_no_events(control):
    assert not control.keys.admin_is_open

    token = (await made(control, kind="admin"))["key"]

    assert control.keys.admin_is_open
    assert control.keys.is_admin(token)
    assert not control.keys.is_admin("shop-key")
    with pytest.raises(Refused):
        control.keys.source_of(token)


async def test_with_its_last_token_revoked_admin_is_shut(control):
    one = await made(control, kind="admin")

    await perform(control, "keys/revoke", {"id": one["id"]})

    assert not control.keys.admin_is_open


@pytest.mark.parametrize(
    ("name", "asked", "told"),
    [
        ("keys/create", {"kind": "writ"}, 'kind is "writ"; expected write or admin'),
        ("keys/create", {}, "kind is missing"),
        ("keys/create", {"kind": "write"}, "source is missing; encamina.yaml has shop, web"),
        ("keys/create", {"kind": "write", "source": "shopp"}, 'did you mean "shop"'),
        ("keys/create", {"kind": "admin", "source": "shop"}, "an admin token has no source"),
        ("keys/create", {"kind": "admin", "name": 7}, "name is int; expected a text"),
        ("keys/create", {"kind": "admin", "sourc": "x"}, 'nothing is asked with "sourc"'),
        ("keys/create", {"kind": "admin", "name": "x" * 101}, "at most 100"),
        ("keys/revoke", {"id": "00000000"}, 'no key has the id "00000000"'),
        ("keys/revoke", {"id": "0"}, "expected 8 or more digits"),
        ("keys/revok", {}, 'no such change: "keys/revok"; did you mean "keys/revoke"'),
    ],
)
async def test_what_can_not_be_meant_is_refused_in_words(control, name, asked, told):
    with pytest.raises(ControlError) as refused:
        await perform(control, name, asked)

    assert told in str(refused.value)
    assert await stored_keys(control.state) == []
