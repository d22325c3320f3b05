"""``encamina keys revoke``: nothing that can't be taken back happens in silence."""

import json

TOKEN = {"ENCAMINA_ADMIN_TOKEN": "enc_a_by-file"}


def made(shop, *options):
    [key] = shop.lines("keys", "create", *options)
    return key


def revoked(shop):
    return {one["id"] for one in shop.lines("keys") if one["revoked_at"]}


def test_the_last_admin_token_is_not_revoked_unasked(shop):
    shop.fill()
    one = made(shop, "--admin")

    done = shop.run("keys", "revoke", one["id"], code=2)

    assert f"{one['id']} is the last admin token: without one, commands can change nothing" in (
        str(done.exception)
    )
    assert "--yes" in str(done.exception)
    assert revoked(shop) == set()


def test_with_yes_it_is_revoked_and_the_way_to_a_new_one_is_told(shop):
    shop.fill()
    one = made(shop, "--admin")

    done = shop.run("keys", "revoke", one["id"], "--yes", "--json")

    assert json.loads(done.stdout)["left"] == 0
    assert "No admin token is left" in done.stderr
    assert "encamina keys create --admin" in done.stderr
    assert revoked(shop) == {one["id"]}


def test_one_of_several_tokens_is_revoked_unasked_and_without_a_word_more(shop):
    shop.fill()
    one, _ = made(shop, "--admin"), made(shop, "--admin")

    done = shop.run("keys", "revoke", one["id"])

    assert (done.stdout, done.stderr) == (f"{one['id']} revoked\n", "")


def test_a_token_in_the_settings_is_one_too(shop, monkeypatch):
    monkeypatch.setenv(*next(iter(TOKEN.items())))
    settings = shop.changed["encamina.yaml"]
    server = 'server: { admin_token: "{{ env.ENCAMINA_ADMIN_TOKEN }}" }\n'
    shop.changed["encamina.yaml"] = f"{settings}{server}"
    shop.fill()
    [one] = [key["id"] for key in shop.lines("keys") if key["kind"] == "admin"]

    assert "the last admin token" in str(shop.run("keys", "revoke", one, code=2).exception)
    made(shop, "--admin")
    shop.run("keys", "revoke", one)

    assert revoked(shop) == {one}


def test_a_source_without_a_key_is_told_of(shop):
    shop.fill()
    [one] = [key["id"] for key in shop.lines("keys") if key["source"] == "strict"]

    done = shop.run("keys", "revoke", one)

    assert "strict has no write key any more, so nobody can send as it" in done.stderr
    assert "encamina keys create --source strict" in done.stderr
