"""The published SDKs for browsers, unchanged, from pages of another origin in a real Chromium."""

import json
import os
import re
from base64 import b64encode
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import site
from tests.browser.sdk_pages import handler
from tests.support.npm import packages
from tests.support.processes import ROOT, a_project, sandbox_running, server_running, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.needs_node]

SOURCES = """
  web: { kind: browser, write_key: web-key, origins: ["{{ env.WEB_ORIGINS }}"] }
  slow: { kind: browser, write_key: slow-key, origins: ["{{ env.WEB_ORIGINS }}"], rate: 1/s }
"""
CONSENT = {"consent": {"categoryPreferences": {"advertising": True, "analytics": True}}}
CALLS = """async (context) => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const options = [{ context }];
  if (analytics.ready) await Promise.race([new Promise((done) => analytics.ready(done)), wait(5000)]);
  analytics.page("Tienda", "Celular A56", { color: "azul" }, ...options);
  analytics.track("Product Viewed", { product_id: "A56", price: 1299900, currency: "COP" }, ...options);
  analytics.identify("lucia", { email: "lucia@example.com" }, ...options);
  analytics.group("g-1", { name: "Amigas" }, ...options);
  analytics.alias("lucia-2", "lucia", ...options);
  analytics.reset();
  analytics.track("Lead", { form: "contact" }, ...options);
}"""
TYPES = ["alias", "group", "identify", "page", "track", "track"]
FETCHED = """async ([url, init]) => {
  const answer = await fetch(url, init);
  return [answer.status, answer.headers.get("retry-after"), (await answer.json()).code];
}"""
BATCHING = {"size": 10, "timeout": 60_000}
SDKS = pytest.mark.parametrize("sdk", ["segment", "rudder"])


@pytest.fixture(scope="module")
def sdk_sites():
    """The shop's site with the SDKs, and the same pages at an origin that is not listed."""
    found = packages(ROOT / "tests/browser", "browser")
    if found is None:
        missing = "the npm packages can't be had: npm is not there, or its registry out of reach"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with site(handler(found)) as own, site(handler(found)) as foreign:
        yield own, foreign


def with_settings(folder, *changes):
    project = a_project(folder)
    settings = project / "encamina.yaml"
    text = settings.read_text().replace("\nserver:", f"{SOURCES}\nserver:", 1)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    settings.write_text(text)
    return project


@pytest.fixture(scope="module")
def shop(sdk_sites, tmp_path_factory):
    """A server that takes events from pages of the shop's site."""
    folder = tmp_path_factory.mktemp("sdks")
    project = with_settings(folder)
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, project, WEB_ORIGINS=sdk_sites[0]) as running,
    ):
        yield running


@pytest.fixture
def visit(page):
    """A tab, and what went wrong in it: words on the console, faults, answers that are no 2xx."""
    page.troubles = []
    page.on(
        "console", lambda one: one.type in ("error", "warning") and page.troubles.append(one.text)
    )
    page.on("pageerror", lambda fault: page.troubles.append(str(fault)))
    page.on("response", lambda one: one.ok or page.troubles.append(f"{one.status} {one.url}"))
    return page


def address(shop, origin, sdk, key="web-key", **options):
    asked = {"server": shop.server.url, "key": key, "options": json.dumps(options)}
    return f"{origin}/{sdk}?{urlencode(asked)}"


def opened(page, shop, origin, sdk, key="web-key", **options):
    """The page, once its SDK has begun."""
    page.goto(address(shop, origin, sdk, key, **options))
    page.wait_for_function("!!window.analytics")


def events(shop, marker):
    """What the log has of a test: its events carry the test's own marker in ``context``."""
    found = [one for one in shop.lines("events", "--limit", "1000") if marker in json.dumps(one)]
    return [body_of(one) for one in found]


def body_of(line):
    return line.get("event") if isinstance(line.get("event"), dict) else line.get("body", line)


def arrived(shop, marker, count):
    return wait_until(lambda: (found := events(shop, marker)) and len(found) >= count and found)


def track(page, marker, name="Lead"):
    page.evaluate(
        "([name, test]) => { analytics.track(name, { test }) }",
        [name, marker],
    )


@SDKS
def test_every_call_arrives_and_nothing_goes_wrong_on_the_page(shop, sdk_sites, visit, sdk):
    marker = f"everyday-{sdk}"
    posted = []
    visit.on("request", lambda one: one.method == "POST" and posted.append(one.post_data_json))
    opened(visit, shop, sdk_sites[0], sdk)

    visit.evaluate(CALLS, {**CONSENT, "test": marker})
    found = arrived(shop, marker, 6)
    visit.wait_for_timeout(300)  # Playwright tells what happened while it is asked something.

    assert sorted(one["type"] for one in found) == TYPES
    by_type = {one["type"]: one for one in found}
    assert by_type["identify"]["userId"] == "lucia"
    assert by_type["group"]["groupId"] == "g-1"
    assert by_type["alias"]["previousId"] == "lucia"
    assert by_type["page"]["properties"]["color"] == "azul"
    assert {one["context"]["ip"] for one in found} == {"127.0.0.1"}
    assert all("Chrome" in one["context"]["userAgent"] for one in found)
    assert not any("writeKey" in one for one in found)
    sent = {one["messageId"]: one.get("userId") or None for one in posted}
    assert {one["messageId"]: one.get("userId") for one in found} == sent
    assert visit.troubles == []


@pytest.mark.parametrize(
    ("sdk", "options"),
    [
        ("segment", {"deliveryStrategy": {"strategy": "batching", "config": BATCHING}}),
        ("rudder", {"useBeacon": True, "beaconQueueOptions": {"flushQueueInterval": 600_000}}),
    ],
)
def test_what_a_page_holds_when_it_is_left_goes_out(shop, sdk_sites, visit, sdk, options):
    marker = f"left-{sdk}"
    opened(visit, shop, sdk_sites[0], sdk, **options)
    track(visit, marker)
    track(visit, marker, "Chatbot Message Sent")
    visit.wait_for_timeout(500)
    before = events(shop, marker)

    visit.goto(f"{sdk_sites[0]}/empty")

    assert before == []
    assert len(arrived(shop, marker, 2)) == 2


@SDKS
def test_a_key_over_its_rate_is_waited_for_and_nothing_is_lost(shop, sdk_sites, page, sdk):
    marker = f"rated-{sdk}"
    statuses = []
    page.on("response", lambda one: one.request.method == "POST" and statuses.append(one.status))
    opened(page, shop, sdk_sites[0], sdk, "slow-key")

    for _ in range(4):
        track(page, marker)
    wait_until(lambda: page.wait_for_timeout(50) or statuses.count(200) == 4, 45)

    assert 429 in statuses
    assert set(statuses) == {200, 429}
    assert len(events(shop, marker)) == 4


@SDKS
def test_after_a_503_the_sdk_sends_it_again(shop, sdk_sites, page, sdk):
    marker = f"refused-{sdk}"
    refused = []

    def refuse_once(route):
        if route.request.method == "POST" and not refused:
            refused.append(route.request.url)
            route.fulfill(
                status=503,
                json={"success": False, "code": "storage_unavailable", "message": "later"},
                headers={
                    "Access-Control-Allow-Origin": sdk_sites[0],
                    "Access-Control-Allow-Credentials": "true",
                    "Retry-After": "1",
                },
            )
        else:
            route.continue_()

    opened(page, shop, sdk_sites[0], sdk)
    page.route(re.compile(r"/v1/(t|track)\b"), refuse_once)
    track(page, marker)
    wait_until(lambda: page.wait_for_timeout(50) or events(shop, marker))

    assert len(refused) == 1
    assert len(events(shop, marker)) == 1


@SDKS
def test_what_happened_offline_arrives_once_there_is_a_network_again(shop, sdk_sites, page, sdk):
    marker = f"offline-{sdk}"
    opened(page, shop, sdk_sites[0], sdk)
    page.wait_for_timeout(500)
    page.context.set_offline(offline=True)
    track(page, marker)
    page.wait_for_timeout(500)
    before = events(shop, marker)

    page.context.set_offline(offline=False)
    wait_until(lambda: page.wait_for_timeout(50) or events(shop, marker), 45)

    assert before == []
    assert len(events(shop, marker)) == 1


@SDKS
def test_a_page_of_an_origin_that_is_not_listed_sends_nothing(shop, sdk_sites, visit, sdk):
    marker = f"foreign-{sdk}"
    visit.goto(address(shop, sdk_sites[1], sdk))
    track(visit, marker)
    wait_until(lambda: visit.wait_for_timeout(50) or visit.troubles)
    visit.wait_for_timeout(500)

    assert events(shop, marker) == []
    assert any("blocked by CORS policy" in one for one in visit.troubles)


def test_a_request_that_needs_no_preflight_is_held_to_the_list_too(shop, sdk_sites, page):
    body = {
        "writeKey": "web-key",
        "anonymousId": "a1",
        "event": "Lead",
        "properties": {"test": "simple"},
    }
    init = {"method": "POST", "mode": "no-cors", "body": json.dumps(body)}
    page.goto(f"{sdk_sites[1]}/empty")

    with page.expect_response(re.compile("/v1/t$")) as answered:
        page.evaluate(
            "([url, init]) => fetch(url, init).then(() => 0)", [f"{shop.server.url}/v1/t", init]
        )

    assert answered.value.status == 403
    assert events(shop, "simple") == []


@pytest.mark.parametrize(
    ("path", "init", "answer"),
    [
        ("/v1/t", {"method": "POST", "body": "{"}, [400, None, "invalid_json"]),
        (
            "/v1/t",
            {"method": "POST", "body": '{"writeKey": "no"}'},
            [401, None, "invalid_write_key"],
        ),
        (
            "/v1/nothing",
            {"method": "POST", "headers": {"x-retry-count": "1"}},
            [404, None, "not_found"],
        ),
        ("/v1/t", {"credentials": "include"}, [405, None, "method_not_allowed"]),
        ("/v1/projects/no/settings", {}, [404, None, "invalid_write_key"]),
        ("/sourceConfig/", {}, [401, None, "invalid_write_key"]),
    ],
)
def test_a_page_can_read_why_it_was_refused(shop, sdk_sites, page, path, init, answer):
    page.goto(f"{sdk_sites[0]}/empty")

    assert page.evaluate(FETCHED, [shop.server.url + path, init]) == answer


def test_a_page_can_read_when_to_come_back_from_a_full_disk(sdk_sites, page, tmp_path):
    project = with_settings(tmp_path, ("\nserver:", "\ndisk: { free: 1024GiB }\nserver:"))
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, project, WEB_ORIGINS=sdk_sites[0]) as full,
    ):
        page.goto(f"{sdk_sites[0]}/empty")
        body = json.dumps({"writeKey": "web-key", "anonymousId": "a1", "event": "Lead"})
        init = {"method": "POST", "body": body, "credentials": "include"}

        answer = page.evaluate(FETCHED, [f"{full.server.url}/v1/t", init])

    assert answer == [503, "30", "disk_nearly_full"]


def test_an_image_of_a_page_is_an_event(shop, sdk_sites, page):
    body = {
        "writeKey": "web-key",
        "anonymousId": "a1",
        "event": "Lead",
        "properties": {"test": "image"},
    }
    data = b64encode(json.dumps(body).encode()).decode()
    page.goto(f"{sdk_sites[0]}/empty")

    width = page.evaluate(
        """(src) => new Promise((done, failed) => {
          const image = new Image();
          image.onload = () => done(image.width);
          image.onerror = failed;
          image.src = src;
        })""",
        f"{shop.server.url}/v1/pixel/track?{urlencode({'data': data})}",
    )
    [event] = arrived(shop, "image", 1)

    assert width == 1
    assert event["context"]["ip"] == "127.0.0.1"


@pytest.fixture(scope="module")
def baker(sdk_sites, tmp_path_factory):
    """A server that gives cookies to who grants them."""
    folder = tmp_path_factory.mktemp("cookies")
    project = with_settings(
        folder, ('["{{ env.WEB_ORIGINS }}"] }', '["{{ env.WEB_ORIGINS }}"], cookies: {} }')
    )
    with (
        sandbox_running(folder) as sandbox,
        server_running(folder, sandbox, project, WEB_ORIGINS=sdk_sites[0]) as running,
    ):
        yield running


def test_a_visitor_who_grants_it_keeps_an_id_that_no_script_can_read(baker, sdk_sites, visit):
    options = {"deliveryStrategy": {"config": {"credentials": "include"}}}
    opened(visit, baker, sdk_sites[0], "segment", **options)
    context = {"consent": {"categoryPreferences": {"functional": True, "advertising": True}}}

    with visit.expect_response(re.compile("/v1/t$")):
        visit.evaluate("(context) => { analytics.track('Lead', {}, { context }) }", context)
    [first] = arrived(baker, "Lead", 1)
    visit.wait_for_timeout(300)
    cookies = {one["name"]: one for one in visit.context.cookies(baker.server.url)}
    read = visit.evaluate("document.cookie")

    assert first["context"]["cookies"] == {"_fbp": cookies["_fbp"]["value"]}
    assert cookies["enc_anon"]["value"] == first["anonymousId"]
    assert all(cookies[name]["httpOnly"] for name in ("enc_anon", "_fbp"))
    assert "enc_anon" not in read
    assert "_fbp" not in read
    assert visit.troubles == []

    with visit.expect_response(re.compile("/v1/t$")):
        visit.evaluate("(context) => { analytics.track('Lead', {}, { context }) }", context)
    second = arrived(baker, "Lead", 2)[-1]

    assert second["context"]["cookies"] == first["context"]["cookies"]


def test_a_line_on_the_page_adds_what_the_visitor_chose_to_each_event(shop, sdk_sites, visit):
    opened(visit, shop, sdk_sites[0], "segment")
    visit.evaluate(
        """() => {
          window.tiendaConsent = { advertising: false, analytics: true };
          analytics.addSourceMiddleware(({ payload, next }) => {
            payload.obj.context.consent = { categoryPreferences: window.tiendaConsent };
            next(payload);
          });
          analytics.track("Lead", { test: "chosen" }, { messageId: "the-page-s-own" });
        }"""
    )
    [event] = arrived(shop, "chosen", 1)
    visit.wait_for_timeout(300)

    assert event["messageId"] == "the-page-s-own"
    assert event["context"]["consent"]["categoryPreferences"] == {
        "advertising": False,
        "analytics": True,
    }
    assert visit.troubles == []
