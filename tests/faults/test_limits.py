"""Rates of write keys, and who a browser's request came from, over a real server."""

import json

import httpx
import pytest

from tests.support.processes import a_project, sandbox_running, server_running

pytestmark = pytest.mark.slow

SOURCES = """
  web:
    kind: browser
    write_key: web-key
  few:
    kind: browser
    write_key: few-key
    rate: 50/min
"""
SERVER = """server:
  rate: 1000/s
  trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A server behind a proxy of ours, with a source for browsers that may send little."""
    folder = tmp_path_factory.mktemp("limits")
    project = a_project(folder)
    settings = project / "encamina.yaml"
    text = (
        settings.read_text()
        .replace("server:\n", SERVER)
        .replace("sources:\n", "sources:" + SOURCES)
    )
    settings.write_text(text)
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox, project) as running:
        yield running


def a_track(id_):
    return {"type": "track", "event": "Seen", "anonymousId": id_, "messageId": id_}


def sent_by_browser(shop, id_, key="web-key", **headers):
    url = f"{shop.server.url}/v1/batch"
    return httpx.post(url, json={"batch": [a_track(id_)], "writeKey": key}, headers=headers)


def kept(shop, id_):
    [event] = [
        one["event"]
        for one in shop.lines("events", "--limit", "1000")
        if one["event"]["messageId"] == id_
    ]
    return event


def test_the_address_comes_from_our_proxy_and_not_from_what_the_client_made_up(shop):
    forwarded = {
        "X-Forwarded-For": "6.6.6.6, 186.80.12.4:5123, 10.1.1.1",
        "User-Agent": "Browser/1",
    }

    assert sent_by_browser(shop, "ip-1", **forwarded).json()["accepted"] == 1

    context = kept(shop, "ip-1")["context"]
    assert (context["ip"], context["userAgent"]) == ("186.80.12.4", "Browser/1")


def test_an_address_that_is_none_leaves_the_event_without_one(shop):
    assert sent_by_browser(shop, "ip-2", **{"X-Forwarded-For": "unknown"}).json()["accepted"] == 1

    assert "ip" not in kept(shop, "ip-2")["context"]


def test_a_server_s_word_is_taken_as_it_is(shop):
    assert shop.post([a_track("ip-3")]).json()["accepted"] == 1

    assert "ip" not in kept(shop, "ip-3").get("context", {})


def test_a_key_over_its_rate_is_told_to_wait_and_nothing_of_it_is_kept(shop):
    answers = [sent_by_browser(shop, f"rate-{n}", "few-key") for n in range(6)]

    late = [one for one in answers if one.status_code == 429]
    assert len(late) >= 4
    assert late[0].json()["code"] == "rate_limited"
    assert "50 events a minute" in late[0].json()["message"]
    assert 1 <= int(late[0].headers["Retry-After"]) <= 300
    ids = {one["event"]["messageId"] for one in shop.lines("events", "--limit", "1000")}
    assert len([one for one in ids if one.startswith("rate-")]) == 6 - len(late)
    metrics = httpx.get(f"{shop.server.url}/metrics").text
    assert f'encamina_rate_limited_events_total{{source="few"}} {float(len(late))}' in metrics


def test_another_key_is_not_held_back(shop):
    assert [shop.post([a_track(f"other-{n}")]).status_code for n in range(20)] == [200] * 20


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("trusted_proxies: [10.0.0.1/8]", "expected a network such as 10.0.0.0/8"),
        ("rate: 0/s", "expected a rate of more than none"),
        ("rate: fast", "a rate such as 1000/s"),
        ("tls: { certificate: x.pem }", "key"),
        ("max_connections: 1", "10"),
        ("request_timeout: 30", "a time such as"),
        ("log_format: xml", "json"),
    ],
)
def test_a_wrong_setting_is_told_with_its_line(tmp_path, shop, line, told):
    project = a_project(tmp_path)
    settings = project / "encamina.yaml"
    settings.write_text(settings.read_text().replace("server:\n", f"server:\n  {line}\n"))

    done = shop.encamina("validate", "--project", str(project), "--json", check=False)

    assert done.returncode == 1
    found = [json.loads(one) for one in done.stdout.splitlines()]
    assert any(told in json.dumps(one) and "encamina.yaml" in json.dumps(one) for one in found), (
        found
    )
