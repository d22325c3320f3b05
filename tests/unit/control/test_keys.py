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


async def test_the_last_token_is_revoked_only_where_that_is_said_and_admin_is_shut_then(control):
    one = await made(control, kind="admin")

    with pytest.raises(ControlError, match="is the last admin token, and nothing was revoked"):
        await perform(control, "keys/revoke", {"id": one["id"]})
    assert control.keys.admin_is_open

    done = await perform(control, "keys/revoke", {"id": one["id"], "last": True})

    assert (done["revoked"], done["left"]) == (1, 0)
    assert not control.keys.admin_is_open


async def test_a_token_that_is_not_the_last_is_revoked_unasked(control):
    one, other = [await made(control, kind="admin") for _ in range(2)]

    done = await perform(control, "keys/revoke", {"id": one["id"]})

    assert (done["revoked"], done["left"]) == (1, 1)
    assert control.keys.is_admin(other["key"])


async def test_a_revoked_token_is_none_that_is_left(control):
    one, other = [await made(control, kind="admin") for _ in range(2)]
    await perform(control, "keys/revoke", {"id": one["id"]})

    again = await perform(control, "keys/revoke", {"id": one["id"]})
    with pytest.raises(ControlError, match="last admin token"):
        await perform(control, "keys/revoke", {"id": other["id"]})

    assert again["revoked"] == 0


async def test_the_last_write_key_of_a_source_is_revoked_and_said_to_be(control):
    done = await perform(control, "keys/revoke", {"id": digest_of("strict-key")[:8]})

    assert (done["source"], done["left"]) == ("strict", 0)


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
        ("keys/create", {"kind": "admin", "name": "a\ud800"}, "name holds half a character"),
        ("keys/create", {"kind": "write", "source": "\udcff"}, "source holds half a character"),
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
