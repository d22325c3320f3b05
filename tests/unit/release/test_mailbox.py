"""A destination that is a mailbox, compiled."""

from tests.support.releases import a_release

RULES = """
    destination: hook
    rules:
      - name: order
        match: { type: track, event: Order Completed }
        payload: { id: "{{ event.messageId }}", session: "{{ context.sessionId }}" }
    """
BARE = """
    name: hook
    kind: mailbox
    dedupe: id
    mailbox: { key: session }
    """


def the_mailbox(folder, text, **env):
    files = {"destinations/hook.yaml": text, "rules/hook.yaml": RULES}
    [hook] = a_release(folder, files, {"SHOP_WRITE_KEY": "shop-key", **env}).destinations
    assert hook.request is None
    return hook.mailbox


def test_what_is_left_out_keeps_twenty_for_half_an_hour_for_the_server_s_own_pages(tmp_path):
    mailbox = the_mailbox(tmp_path, BARE)

    assert (mailbox.key, mailbox.origins) == (("session",), frozenset())
    assert (mailbox.keep_ms, mailbox.max_pending) == (1_800_000, 20)


def test_origins_are_written_as_browsers_write_them(tmp_path):
    origins = 'key: session, origins: ["{{ env.SITES }}", "http://LOCALHOST:3000/"]'

    mailbox = the_mailbox(
        tmp_path,
        BARE.replace("key: session", origins),
        SITES="https://Tienda.ejemplo.co/, https://m.ejemplo.co",
    )

    assert mailbox.origins == {
        "https://tienda.ejemplo.co",
        "https://m.ejemplo.co",
        "http://localhost:3000",
    }


def test_a_variable_that_is_not_set_names_no_origin(tmp_path):
    text = BARE.replace("key: session", 'key: session, origins: ["{{ env.SITES }}"]')

    assert the_mailbox(tmp_path, text).origins == frozenset()
