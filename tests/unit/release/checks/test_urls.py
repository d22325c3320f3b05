"""No event chooses where a request goes, and no setting slips in another host."""

import pytest

from engine.model.decision import Payload
from engine.pipeline.decide import payload_of
from engine.pipeline.request import BodyFault, Moment, build_request
from engine.release.checks.urls import plain_fault
from tests.support.events import NOW
from tests.support.releases import ENV, FILES, a_release, findings_of, write_project

HOOK = FILES["destinations/hook.yaml"]


def codes(folder, url, *, more="", env=ENV):
    text = HOOK.replace("https://hook.example.com/in", f"'{url}'") + more
    write_project(folder, {**FILES, "destinations/hook.yaml": text})
    return [one.code for one in findings_of(folder, env)[1]]


STEERED = [
    "{{ (batch | first).url }}",
    "{{ (batch | first).scheme }}://hook.example.com/in",
    "https://{{ (batch | first).host }}/in",
    "https://{{ (batch | first).host | url_part }}/in",
    "https://{{ (batch | first).shop }}.example.com/in",
    "https://hook.example.com{{ (batch | first).rest }}",
    "https://hook.example.com{{ (batch | first).rest | url_part }}/in",
    "https://hook.example.com:{{ (batch | first).port }}/in",
    "https://{{ (batch | first).user }}@hook.example.com/in",
    "https:/{{ (batch | first).rest }}",
    "https://{{ group.host }}/in",
    'https://{{ "a" if (batch | first).x else "b" }}/in',
    'https://{{ ("a" ~ (batch | first).x) | lower }}/in',
    "https://{{ tables.hosts[(batch | first).region] }}/in",
    "https://{{ settings.host or (batch | first).host }}/in",
    "{{ env.HOOK_URL ~ (batch | first).host }}",
    "{{ env.HOOK_URL }}//{{ (batch | first).host }}",
    '{{ "https://" ~ (batch | first).host ~ "/in" }}',
]


@pytest.mark.parametrize("url", STEERED)
def test_a_host_that_an_event_could_choose_is_an_error(tmp_path, url):
    more = "settings: { host: a.example.com }\ntables: { hosts: { eu: eu.example.com } }\n"

    assert codes(tmp_path, url, more=more) == ["E313"]


@pytest.mark.parametrize(
    "url",
    [
        "https://hook.example.com/{{ (batch | first).id }}",
        "https://hook.example.com/in?id={{ (batch | first).id }}",
        "https://hook.example.com/in#{{ (batch | first).id }}",
        'https://hook.example.com/{{ (batch | first).id | url_part | replace("%2F", "/") }}',
        'https://hook.example.com/{{ (batch | first).id | url_part or "../x" }}',
        "https://hook.example.com/{{ tables.paths[(batch | first).kind] }}",
    ],
)
def test_a_path_that_an_event_could_change_is_an_error(tmp_path, url):
    assert codes(tmp_path, url, more="tables: { paths: { a: b } }\n") == ["E317"]


@pytest.mark.parametrize(
    "url",
    [
        "https://hook.example.com/in/{{ (batch | first).id | url_part }}/x",
        "https://hook.example.com/in?id={{ (batch | first).id | url_part }}",
        "https://{{ settings.host }}/{{ (batch | first).id | url_part }}",
        "{{ env.HOOK_URL }}/{{ (batch | first).id | url_part }}",
        "{{ env.HOOK_URL | trim_end('/') ~ '/in' }}".replace("'", '"'),
        "https://hook.example.com//in",
    ],
)
def test_what_is_behind_the_host_and_encoded_is_fine(tmp_path, url):
    assert codes(tmp_path, url, more="settings: { host: a.example.com }\n") == []


@pytest.mark.parametrize(
    "host",
    [
        "hook.example.com@evil.example",
        "evil.example\\\\@hook.example.com",
        "evil.example\\\\.hook.example.com",
        "evil.example/..",
        "evil.example/%2e%2E/x",
        "evil.example /x",
        "evil.example:80:90",
        "",
    ],
)
def test_a_setting_that_slips_in_another_host_is_an_error(tmp_path, host):
    url = "https://{{ settings.host | default(env.X, '') }}/in".replace("(env.X, '')", '("")')

    assert codes(tmp_path, url, more=f'settings: {{ host: "{host}" }}\n') == ["E318"]


@pytest.mark.parametrize("url", ["ftp://hook.example.com/", "//hook.example.com/", "hook/in"])
def test_an_address_of_another_kind_is_an_error(tmp_path, url):
    assert codes(tmp_path, url) == ["E318"]


def test_an_address_from_the_environment_is_looked_at_and_an_unset_one_is_not(tmp_path):
    url = "{{ env.HOOK_URL }}"

    assert codes(tmp_path, url, env={**ENV, "HOOK_URL": "https://u:p@hook.example.com/"}) == [
        "E318"
    ]
    assert codes(tmp_path, url, env={**ENV, "HOOK_URL": "https://hook.example.com/"}) == []
    assert codes(tmp_path, url) == []


def test_the_host_header_is_not_an_events_to_choose(tmp_path):
    text = HOOK.replace(
        "  method: POST", "  method: POST\n  headers: { hOST: '{{ (batch | first).id }}' }"
    )
    write_project(tmp_path, {**FILES, "destinations/hook.yaml": text})

    assert [one.code for one in findings_of(tmp_path)[1]] == ["E313"]


def test_the_question_to_a_vendor_is_held_to_the_same(tmp_path):
    more = (
        "verify: { url: 'https://{{ (batch | first).id }}/x', problems: '{{ body.problems }}' }\n"
    )

    assert codes(tmp_path, "https://hook.example.com/in", more=more) == ["E313"]


def request_for(folder, message_id):
    url = "'https://hook.example.com/in/{{ (batch | first).id | url_part }}'"
    text = HOOK.replace("https://hook.example.com/in", url)
    [hook] = a_release(folder, {"destinations/hook.yaml": text}).destinations
    return build_request(hook, ENV, [payload_of(hook, {"id": message_id})], Moment(NOW))


@pytest.mark.parametrize(
    ("message_id", "step"),
    [
        ("a/../../admin", "a%2F..%2F..%2Fadmin"),
        ("@evil.example", "%40evil.example"),
        ("\\\\evil.example", "%5C%5Cevil.example"),
        ("//evil.example", "%2F%2Fevil.example"),
        ("?x=1#y", "%3Fx%3D1%23y"),
        ("a b\r\nHost: evil", "a%20b%0D%0AHost%3A%20evil"),
        ("%2e%2e", "%252e%252e"),
        ("ñ", "%C3%B1"),
    ],
)
def test_what_an_event_says_in_a_path_stays_one_step_of_it(tmp_path, message_id, step):
    assert request_for(tmp_path, message_id).url == f"https://hook.example.com/in/{step}"


@pytest.mark.parametrize("message_id", ["..", ".", ""])
def test_a_step_that_leads_elsewhere_is_the_events_fault(tmp_path, message_id):
    with pytest.raises(BodyFault, match=r"request\.url"):
        request_for(tmp_path, message_id)


def test_a_header_that_an_event_makes_unfit_is_the_events_fault(tmp_path):
    text = HOOK.replace(
        "  method: POST", "  method: POST\n  headers: { X-Id: '{{ (batch | first).id }}' }"
    )
    [hook] = a_release(tmp_path, {"destinations/hook.yaml": text}).destinations

    for message_id in ("ñ", "a\r\nHost: evil.example"):
        with pytest.raises(BodyFault, match="X-Id: HTTP takes printable ASCII"):
            build_request(hook, ENV, [Payload({"id": message_id}, 9)], Moment(NOW))


def test_a_bound_passed_in_a_body_is_the_events_fault(tmp_path):
    body = "body: { all: { $for: a in batch, $do: { $for: b in a.n, $do: '{{ b }}' } } }"
    text = HOOK.replace('body: { items: "{{ batch }}" }', body)
    [hook] = a_release(tmp_path, {"destinations/hook.yaml": text}).destinations

    with pytest.raises(BodyFault, match="1,000 steps"):
        build_request(hook, ENV, [Payload({"n": [1] * 1001}, 9)], Moment(NOW))


def test_a_fault_of_what_an_event_says_is_the_events(tmp_path):
    body = "body: { all: { $for: a in batch, $do: { n: '{{ a.n + 1 }}' } } }"
    text = HOOK.replace('body: { items: "{{ batch }}" }', body)
    [hook] = a_release(tmp_path, {"destinations/hook.yaml": text}).destinations

    with pytest.raises(BodyFault, match=r"request\.body all\[0\]\.n: .*hook\.yaml:10"):
        build_request(hook, ENV, [Payload({"n": {}}, 9)], Moment(NOW))


def test_a_plain_address_has_no_fault():
    assert plain_fault("https://eu.example.com:8443/a/b%20c?x=..&y=@") == ""
    assert "@" in plain_fault("https://a@b.example/")
