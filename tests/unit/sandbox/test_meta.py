import json

import pytest

PATH = "/meta/v25.0/1234567890/events"
TOKEN = {"Authorization": "Bearer token-abc"}
NOW = 1_790_000_000


def error_of(answer):
    return answer.json()["error"]


def test_a_good_event_is_counted_and_its_key_recorded(sandbox, send, meta_event):
    answer = send(meta_event)

    assert answer.status_code == 200
    body = answer.json()
    assert body["events_received"] == 1
    assert body["messages"] == []
    assert body["fbtrace_id"]
    assert sandbox.last()["accepted"] == ["order-1"]
    assert sandbox.last()["diagnostics"] == []


def test_one_bad_event_refuses_the_whole_batch(sandbox, send, meta_event, change):
    bad = change(meta_event, {"custom_data/contents": [{"id": "1", "quantity": 1, "name": "x"}]})

    answer = send(meta_event, meta_event, bad)

    assert "$['data'][2]['custom_data']" in error_of(answer)["error_user_msg"]
    assert sandbox.last()["accepted"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH),
        ("POST", "/meta/1234567890/events"),
        ("POST", "/meta/v25.0/events"),
        ("POST", "/meta/v25.0/pixel/events"),
    ],
)
def test_another_path_or_method_is_no_edge(sandbox, method, path):
    answer = sandbox.ask(method, path, headers=TOKEN)

    assert answer.status_code == 400
    error = error_of(answer)
    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert error["type"] == "GraphMethodException"


def test_a_trailing_slash_is_the_same_edge(sandbox, meta_event):
    answer = sandbox.post(PATH + "/", {"data": [meta_event]}, headers=TOKEN)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "code", "subcode"),
    [
        ({}, 400, 104, None),
        ({"Authorization": "Basic abc"}, 400, 104, None),
        ({"Authorization": "Bearer invalid"}, 401, 190, None),
        ({"Authorization": "Bearer expired"}, 401, 190, 463),
        ({"Authorization": "Bearer wrong-dataset"}, 400, 100, 33),
    ],
)
def test_an_unusable_token_is_refused(sandbox, meta_event, headers, status, code, subcode):
    answer = sandbox.post(PATH, {"data": [meta_event]}, headers=headers)

    assert answer.status_code == status
    assert (error_of(answer)["code"], error_of(answer).get("error_subcode")) == (code, subcode)


def test_the_token_is_found_in_query_body_and_header(sandbox, meta_event):
    body = {"data": [meta_event]}

    answers = [
        sandbox.post(PATH, body, params={"access_token": "t"}),
        sandbox.post(PATH, {**body, "access_token": "t"}),
        sandbox.post(PATH, body, headers=TOKEN),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"appsecret_proof": "0" * 64}, 200),
        ({"appsecret_proof": "zzz"}, 400),
        ({"appsecret_proof": "0" * 64, "appsecret_time": str(NOW - 300)}, 200),
        ({"appsecret_proof": "0" * 64, "appsecret_time": str(NOW - 301)}, 400),
    ],
)
def test_a_proof_is_judged_by_form_and_age(sandbox, meta_event, query, status):
    answer = sandbox.post(PATH, {"data": [meta_event]}, headers=TOKEN, params=query)

    assert answer.status_code == status
    if status == 400:
        assert "appsecret_proof" in error_of(answer)["message"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1]", b"{}", b'{"data": []}', b'{"data": null}', b'{"data": [NaN]}'],
)
def test_a_body_without_data_is_refused(sandbox, body):
    answer = sandbox.ask("POST", PATH, content=body, headers=TOKEN)

    assert answer.status_code == 400
    assert error_of(answer)["code"] == 100
    assert "error_subcode" not in error_of(answer)
    assert error_of(answer)["message"] == "(#100) The parameter data is required"


def test_data_must_be_a_list(sandbox, meta_event):
    answer = sandbox.post(PATH, {"data": meta_event}, headers=TOKEN)

    assert (answer.status_code, error_of(answer)["code"]) == (400, 100)


def test_a_thousand_events_are_taken_and_one_more_is_refused(send, meta_event):
    assert send(*[meta_event] * 1000).json()["events_received"] == 1000

    error = error_of(send(*[meta_event] * 1001))

    assert error["code"] == 100
    assert "error_subcode" not in error


@pytest.mark.parametrize("as_text", [True, False])
def test_a_form_is_read_as_the_python_sdk_writes_it(sandbox, meta_event, as_text):
    data = json.dumps([json.dumps(meta_event) if as_text else meta_event])

    answer = sandbox.ask("POST", PATH, data={"data": data, "access_token": "t"})

    assert answer.json()["events_received"] == 1
    assert sandbox.last()["body"] == {"data": [meta_event], "access_token": "t"}


def test_a_multipart_form_is_read(sandbox, meta_event):
    fields = {"data": (None, json.dumps([meta_event])), "access_token": (None, "t")}

    answer = sandbox.ask("POST", PATH, files=fields)

    assert answer.json()["events_received"] == 1
    assert sandbox.last()["accepted"] == ["order-1"]


def test_a_refused_event_is_not_remembered_as_seen(sandbox, send, meta_event, change):
    send(meta_event, change(meta_event, {"user_data": {}}))

    send(meta_event)

    assert sandbox.noted() == set()
