import json

import pytest

from engine.model.decision import Payload
from engine.pipeline.decide import payload_of
from engine.pipeline.request import BodyFault, Moment, RequestFault, build_request, mask, masked
from tests.support.events import NOW
from tests.support.releases import ENV, a_release

HOOK = """
    name: hook
    repeats: possible
    settings: { region: eu }
    request:
      method: PUT
      url: "https://{{ settings.region }}.example.com/{{ env.HOOK_ID }}"
      params: { key: "{{ env.HOOK_SECRET }}" }
      headers:
        X-Attempt: "{{ attempt }}"
        X-Sent: "{{ now }}"
        X-Signature: "{{ raw_body | hmac_sha256(env.HOOK_SECRET) }}"
      body:
        client: "{{ group.client }}"
        items: "{{ batch | pluck('item') }}"
        key: "{{ env.HOOK_SECRET }}"
    batch: { max_events: 10, group_by: [client] }
"""
SET = {**ENV, "HOOK_ID": "42", "HOOK_SECRET": "s3cret"}


def hook(folder, text=HOOK, env=SET):
    changed = {"destinations/hook.yaml": text}
    return a_release(folder, changed, env).destinations[0]


def built(destination, env=SET, attempt=1):
    payloads = [
        payload_of(destination, {"client": "ana", "item": {"n": 1}}),
        payload_of(destination, {"client": "ana", "item": {"n": 2}}),
    ]
    return build_request(destination, env, payloads, Moment(NOW, attempt))


def test_a_request_carries_the_batch_the_group_and_the_secrets(tmp_path):
    request = built(hook(tmp_path))

    assert (request.method, request.url) == ("PUT", "https://eu.example.com/42")
    assert request.params == {"key": "s3cret"}
    assert json.loads(request.body) == {
        "client": "ana",
        "items": [{"n": 1}, {"n": 2}],
        "key": "s3cret",
    }
    assert request.headers["Content-Type"] == "application/json"


def test_headers_see_the_body_as_sent_the_moment_and_the_attempt(tmp_path):
    request = built(hook(tmp_path), attempt=3)

    assert request.headers["X-Attempt"] == "3"
    assert request.headers["X-Sent"] == "2026-11-20T15:00:00.000Z"
    assert len(request.headers["X-Signature"]) == 64


def test_no_secret_is_in_a_masked_request(tmp_path):
    request = masked(built(hook(tmp_path)))

    assert "s3cret" not in repr((request.url, request.params, request.headers, request.body))
    assert request.params == {"key": "***"}


def test_a_secret_is_masked_in_every_form_and_through_settings(tmp_path):
    text = HOOK.replace(
        "settings: { region: eu }", 'settings: { region: eu, pass: "{{ env.PASS }}" }'
    )
    text = text.replace(
        "X-Attempt:",
        'X-Basic: "{{ env.HOOK_SECRET | base64 }}"\n        X-Pass: "{{ settings.pass }}"'
        "\n        X-Attempt:",
    )
    env = {**SET, "HOOK_SECRET": "s3c&ret/", "PASS": "s3c&ret/longer"}

    request = built(hook(tmp_path, text, env), env)

    assert masked(request).headers["X-Basic"] == "***"
    assert masked(request).headers["X-Pass"] == "***"
    assert mask("?key=s3c%26ret%2F", request.secrets) == "?key=***"


@pytest.mark.parametrize(
    ("unset", "names"),
    [
        ({"HOOK_ID"}, ("HOOK_ID",)),
        ({"HOOK_SECRET"}, ("HOOK_SECRET",)),
        ({"HOOK_ID", "HOOK_SECRET"}, ("HOOK_ID", "HOOK_SECRET")),
        (set(), ()),
    ],
)
def test_what_the_request_needs_and_is_not_set_is_known_before_it_is_sent(tmp_path, unset, names):
    env = {name: value for name, value in SET.items() if name not in unset}

    assert hook(tmp_path, env=env).unset == names


@pytest.mark.parametrize(
    "expression",
    [
        "{{ env.HOOK_ID | default('') }}",
        "{{ env.HOOK_ID if env.HOOK_ID is defined else '' }}",
        "{{ env.HOOK_ID or env.HOOK_SECRET }}",
    ],
)
def test_what_is_marked_optional_is_not_needed(tmp_path, expression):
    text = HOOK.replace("{{ env.HOOK_ID }}", "{{ settings.region }}")
    text = text.replace("X-Attempt:", f'X-Id: "{expression}"\n        X-Attempt:')
    env = {name: value for name, value in SET.items() if name != "HOOK_ID"}

    assert hook(tmp_path, text, env).unset == ()


def test_a_fault_in_a_request_is_told_with_field_and_line(tmp_path):
    destination = hook(tmp_path, HOOK.replace("{{ attempt }}", "{{ attempt + 'x' }}"))

    with pytest.raises(RequestFault, match=r"request\.headers X-Attempt: .*hook\.yaml:9"):
        built(destination)


def test_a_body_that_breaks_the_request_s_contract_is_told(tmp_path):
    text = HOOK.replace("method: PUT", "method: PUT\n      contract: schemas/payloads/body.yaml")
    contract = "properties: { items: { maxItems: 1 } }"
    files = {"destinations/hook.yaml": text, "schemas/payloads/body.yaml": contract}
    destination = a_release(tmp_path, files, SET).destinations[0]

    with pytest.raises(BodyFault, match=r"request\.contract: items"):
        built(destination)


def test_a_body_that_is_a_list_is_judged_as_one(tmp_path):
    text = HOOK.replace("method: PUT", "method: PUT\n      contract: schemas/payloads/body.yaml")
    head, _, _ = text.partition("      body:")
    text = head + "      body: \"{{ batch | pluck('item') }}\"\n    batch: { group_by: [client] }\n"
    files = {"destinations/hook.yaml": text, "schemas/payloads/body.yaml": "type: array"}

    assert json.loads(built(a_release(tmp_path, files, SET).destinations[0]).body)[1] == {"n": 2}


@pytest.mark.parametrize("secret", ["ñandú", "two\nlines"])
def test_a_header_that_http_can_not_carry_is_configuration(tmp_path, secret):
    env = {**SET, "HOOK_SECRET": secret}
    text = HOOK.replace('"{{ attempt }}"', '"{{ env.HOOK_SECRET }}"')

    with pytest.raises(RequestFault, match="X-Attempt: HTTP takes printable ASCII alone"):
        built(hook(tmp_path, text, env), env)


def test_the_small_project_s_body_is_what_its_file_says(tmp_path):
    destination = a_release(tmp_path).destinations[0]
    request = build_request(destination, ENV, [Payload({"id": "a"}, 9)], Moment(NOW))

    assert request.body == b'{"items":[{"id":"a"}]}'
