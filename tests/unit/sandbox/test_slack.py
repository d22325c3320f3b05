import pytest

PATH = "/slack/services/T0DEMO/B0DEMO/demo"


def test_a_message_is_answered_ok_in_plain_text(sandbox):
    answer = sandbox.post(PATH, {"text": "Order SO-1 paid"})

    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")
    assert sandbox.noted() == set()


@pytest.mark.parametrize("content", [b"", b"[]", b"not json"])
def test_what_is_no_object_is_an_invalid_payload(sandbox, content):
    answer = sandbox.ask("POST", PATH, content=content)

    assert (answer.status_code, answer.text) == (400, "invalid_payload")


def test_a_message_without_words_is_no_text(sandbox):
    answer = sandbox.post(PATH, {"username": "tienda"})

    assert (answer.status_code, answer.text) == (400, "no_text")


@pytest.mark.parametrize("path", ["/slack/services/T1/B1/invalid", "/slack/services/T1", "/slack/"])
def test_an_address_that_is_none_is_no_service(sandbox, path):
    answer = sandbox.post(path, {"text": "Order SO-1 paid"})

    assert (answer.status_code, answer.text) == (404, "no_service")


def test_a_second_message_within_a_second_has_to_wait(sandbox):
    sandbox.post(PATH, {"text": "one"})
    refused = sandbox.post(PATH, {"text": "two"})
    other = sandbox.post("/slack/services/T0DEMO/B0DEMO/other", {"text": "two"})
    sandbox.now += 1
    taken = sandbox.post(PATH, {"text": "two"})

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert other.status_code == taken.status_code == 200


@pytest.mark.parametrize(
    ("message", "note"),
    [
        ({"text": "Order of <!channel>"}, "calls_people"),
        ({"text": "Order of <@U012ABC|Ana>"}, "calls_people"),
        ({"text": "Order", "blocks": [{"text": {"text": "<!here>"}}]}, "calls_people"),
        ({"text": "Order", "channel": "#ventas"}, "ignored"),
        ({"blocks": [{"type": "divider"}]}, "no_fallback"),
    ],
)
def test_what_is_taken_and_noted(sandbox, message, note):
    assert sandbox.post(PATH, message).status_code == 200
    assert sandbox.noted() == {note}


@pytest.mark.parametrize(
    ("word", "status"),
    [("action_prohibited", 403), ("channel_is_archived", 410), ("rollup_error", 500)],
)
def test_slack_s_own_words_can_be_asked_for(sandbox, word, status):
    sandbox.told_to(f"slack={word}")

    answer = sandbox.post(PATH, {"text": "Order SO-1 paid"})

    assert (answer.status_code, answer.text) == (status, word)
