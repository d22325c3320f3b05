"""First-party cookies: given only where an event grants them, and filled into what lacks them."""

import base64
import json
from http.cookies import SimpleCookie

import pytest

from tests.support.events import NOW
from tests.support.faces import SETTINGS, a_face

pytestmark = pytest.mark.trio

GIVING = SETTINGS.replace(
    '["https://tienda.example"] }',
    '["https://tienda.example"], cookies: { domain: .tienda.example, consent: functional } }',
)
ALL = {"functional": True, "advertising": True, "analytics": True}
NAMES = ["_fbc", "_fbp", "enc_anon"]
URL = "https://tienda.example/a56?fbclid=PAZ123"


@pytest.fixture
async def face(tmp_path):
    async with a_face(tmp_path, GIVING) as face:
        yield face


def lead(consent=ALL, url=URL, **overrides):
    context = {"page": {"url": url}}
    if consent is not None:
        context["consent"] = {"categoryPreferences": consent}
    body = {"type": "track", "event": "Lead", "anonymousId": "a 1", "context": context}
    return {key: one for key, one in {**body, **overrides}.items() if one is not ...}


async def sent(face, *events, key="web-key", **cookies):
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    return await face.http.post(
        "/v1/batch", json={"batch": events}, auth=(key, ""), headers=headers if cookies else {}
    )


def given(answer):
    jar = SimpleCookie()
    for one in answer.headers.get_list("set-cookie"):
        jar.load(one)
    return {name: jar[name] for name in sorted(jar)}


async def test_who_grants_all_is_given_all_out_of_reach_of_scripts(face):
    found = given(await sent(face, lead()))

    assert list(found) == NAMES
    assert found["enc_anon"].value == "a%201"
    assert found["_fbc"].value == f"fb.1.{NOW}.PAZ123"
    assert found["_fbp"].value.startswith(f"fb.1.{NOW}.")
    for one in found.values():
        assert one["httponly"] is True
        assert one["secure"] is True
        assert (one["samesite"], one["path"]) == ("Lax", "/")
        assert one["domain"] == "tienda.example"
        assert one["max-age"] == str(395 * 86_400)


async def test_the_first_event_already_has_what_was_made_for_its_browser(face):
    found = given(await sent(face, lead()))

    [kept] = await face.kept()
    assert kept["context"]["cookies"] == {
        "_fbp": found["_fbp"].value,
        "_fbc": found["_fbc"].value,
    }


@pytest.mark.parametrize(
    ("consent", "names"),
    [
        (None, []),
        ({}, []),
        ({"analytics": True}, []),
        ({"functional": True}, ["enc_anon"]),
        ({"Functional": True, "advertising": False}, ["enc_anon"]),
        ({"advertising": True}, ["_fbc", "_fbp"]),
        (["functional"], ["enc_anon"]),
        ([], []),
        ("yes", []),
    ],
)
async def test_nothing_is_given_that_the_event_does_not_grant(face, consent, names):
    answer = await sent(face, lead(consent))

    assert list(given(answer)) == names
    [kept] = await face.kept()
    assert ("cookies" in kept["context"]) == ("_fbp" in names)


async def test_who_refuses_loses_what_they_have(face):
    refusal = lead({"functional": False, "advertising": False})

    answer = await sent(face, refusal, enc_anon="a1", _fbp="fb.1.1700000000000.7", _fbc="x")

    found = given(answer)
    assert list(found) == NAMES
    assert {(one.value, one["max-age"]) for one in found.values()} == {("", "0")}
    assert {one["domain"] for one in found.values()} == {"tienda.example"}
    assert "cookies" not in (await face.kept())[0]["context"]


async def test_the_last_word_of_a_batch_counts(face):
    answer = await sent(face, lead(), lead({"functional": False, "advertising": False}))

    assert given(answer) == {}


async def test_known_cookies_are_filled_in_where_the_event_lacks_them(face):
    cookies = {
        "enc_anon": "a%209",
        "_fbp": "fb.1.1700000000000.7",
        "_fbc": "fb.1.1700000000000.OLD",
        "_ga": "GA1.1.11.22",
        "session": "secret",
    }

    answer = await sent(face, lead(anonymousId=..., url="https://tienda.example/"), **cookies)

    [kept] = await face.kept()
    assert kept["anonymousId"] == "a 9"
    assert kept["context"]["cookies"] == {name: cookies[name] for name in ("_fbp", "_fbc", "_ga")}
    assert given(answer)["_fbp"].value == "fb.1.1700000000000.7"


async def test_a_link_on_another_site_reads_and_sets_no_cookie(face):
    data = base64.b64encode(json.dumps(lead(anonymousId=...)).encode()).decode()
    led = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    headers = {**led, "Cookie": "enc_anon=VICTIM; _fbp=fb.1.1700000000000.7"}

    answer = await face.http.get(
        "/v1/pixel/track", params={"data": data, "writeKey": "web-key"}, headers=headers
    )

    assert answer.status_code == 200
    assert given(answer) == {}
    assert all("VICTIM" not in json.dumps(one) for one in await face.kept())


async def test_the_event_s_own_values_go_first(face):
    event = lead(url="https://tienda.example/")
    event["context"] |= {"fbp": "fb.1.1700000000001.8", "cookies": {"_ga": "GA1.1.33.44"}}

    answer = await sent(face, event, enc_anon="other", _fbp="fb.1.1.7", _ga="GA1.1.11.22")

    [kept] = await face.kept()
    assert kept["anonymousId"] == "a 1"
    assert kept["context"]["cookies"] == {"_ga": "GA1.1.33.44"}
    assert given(answer)["_fbp"].value == "fb.1.1700000000001.8"
    assert given(answer)["enc_anon"].value == "a%201"


@pytest.mark.parametrize(
    ("had", "expected"),
    [
        ("fb.1.1700000000000.PAZ123", "fb.1.1700000000000.PAZ123"),
        ("fb.1.1700000000000.OLD", f"fb.1.{NOW}.PAZ123"),
        ("rubbish", f"fb.1.{NOW}.PAZ123"),
    ],
)
async def test_a_new_click_replaces_an_older_one_and_the_same_one_keeps_its_moment(
    face, had, expected
):
    answer = await sent(face, lead(), _fbc=had)

    assert given(answer)["_fbc"].value == expected
    [kept] = await face.kept()
    assert kept["context"]["cookies"]["_fbc"] == expected


async def test_who_has_granted_analytics_alone_has_no_id_of_ads_read(face):
    await sent(face, lead({"analytics": True}), _fbp="fb.1.1700000000000.7", _ga="GA1.1.11.22")

    [kept] = await face.kept()
    assert kept["context"]["cookies"] == {"_ga": "GA1.1.11.22"}


@pytest.mark.parametrize("key", ["blog-key", "shop-key"])
async def test_other_sources_give_and_read_none(face, key):
    answer = await sent(face, lead(), key=key, _fbp="fb.1.1700000000000.7")

    assert given(answer) == {}
    assert "cookies" not in (await face.kept())[0]["context"]


@pytest.mark.parametrize(
    ("base_url", "is_given"),
    [("http://events.tienda.example", False), ("http://localhost:8080", True)],
)
async def test_where_others_could_read_them_there_are_none(tmp_path, base_url, is_given):
    async with a_face(tmp_path, GIVING, base_url) as face:
        assert bool(given(await sent(face, lead()))) is is_given


async def test_of_what_was_not_kept_nobody_is_given_a_cookie(face):
    assert given(await sent(face, {**lead(), "type": 7})) == {}


async def test_odd_values_do_no_harm(face):
    event = lead(anonymousId="a\r\nSet-Cookie: x=1; Path=/")
    event["context"]["cookies"] = "none"

    answer = await sent(face, event, lead(anonymousId=["x"]), 7)

    assert answer.status_code == 200
    assert given(answer)["enc_anon"].value == "a%0D%0ASet-Cookie%3A%20x%3D1%3B%20Path%3D%2F"
    assert "x" not in given(answer)


@pytest.mark.parametrize("depth", [50, 200, 400, 900])
async def test_what_is_nested_too_deeply_is_no_fault_of_ours(face, depth):
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    context = b'{"consent":{"categoryPreferences":{"advertising":true}},"posthog":' + nested + b"}"
    body = (
        b'{"batch":[{"type":"track","event":"Lead","anonymousId":"a","context":' + context + b"}]}"
    )

    answer = await face.http.post("/v1/batch", content=body, auth=("web-key", ""))

    assert answer.status_code in (200, 400)


@pytest.mark.parametrize(
    "odd", ["1e400", "123456789012345678901234567890", '"\\ud83d"', "[[]]", "{}"]
)
async def test_odd_values_among_the_ids_are_no_fault_of_ours(face, odd):
    cookies = f'{{"_fbp": {odd}, "_fbc": {odd}, "_ga": {odd}}}'
    context = (
        f'{{"fbp": {odd}, "fbclid": {odd}, "posthog": {{"a": {odd}}}, "page": {{"url": {odd}}}, '
        f'"consent": {{"categoryPreferences": ["advertising", "functional"]}}, "cookies": {cookies}}}'
    )
    event = f'{{"type": "track", "event": "Lead", "anonymousId": {odd}, "context": {context}}}'

    answer = await face.http.post(
        "/v1/batch", content=f'{{"batch": [{event}]}}', auth=("web-key", "")
    )

    assert answer.status_code == 200
