"""What the settings say of browsers, compiled."""

import pytest

from tests.support.releases import FILES, a_release, findings_of, write_project

SETTINGS = """
    version: 1
    sources:
      shop: {{ kind: server, write_key: "{{{{ env.SHOP_WRITE_KEY }}}}" }}
      web: {{ kind: browser, write_key: web-key, {more} }}
    server: {{ {server} }}
    log: sqlite:encamina.db
    state: sqlite:encamina.db
    """


def browsers(folder, more="unplanned: allow", server="listen: 127.0.0.1:8080", **env):
    files = {"encamina.yaml": SETTINGS.format(more=more, server=server)}
    return a_release(folder, files, {"SHOP_WRITE_KEY": "shop-key", **env}).browsers


def test_what_says_nothing_allows_no_other_site_and_gives_no_cookies(tmp_path):
    found = browsers(tmp_path)

    assert (found.origins, found.public_url) == (frozenset(), "")
    assert found.pages_of("web").origins == frozenset()
    assert found.pages_of("web").cookies is None
    assert found.pages_of("no-such-source").cookies is None


def test_origins_may_stand_in_the_environment_and_are_written_as_browsers_do(tmp_path):
    more = 'origins: ["{{ env.SITES }}", "http://LOCALHOST:3000/", "{{ env.NONE }}"]'

    found = browsers(tmp_path, more, SITES="https://a.example, https://B.example/")

    assert found.origins == {"https://a.example", "https://b.example", "http://localhost:3000"}
    assert found.pages_of("web").origins == found.origins
    assert found.pages_of("shop").origins == frozenset()


@pytest.mark.parametrize(
    ("cookies", "domain", "days", "consent"),
    [
        ("{}", None, 395, "functional"),
        (
            "{ domain: .Shop.example, max_age: 30d, consent: analytics }",
            "shop.example",
            30,
            "analytics",
        ),
    ],
)
def test_cookies_have_defaults_and_take_what_the_project_says(
    tmp_path, cookies, domain, days, consent
):
    found = browsers(tmp_path, f"cookies: {cookies}").pages_of("web").cookies

    assert (found.domain, found.consent) == (domain, consent)
    assert found.max_age_ms == days * 86_400_000


@pytest.mark.parametrize("url", ["https://e.example", "https://e.example/", "{{ env.URL }}"])
def test_the_public_address_ends_without_a_slash(tmp_path, url):
    found = browsers(tmp_path, server=f'public_url: "{url}"', URL="https://e.example/")

    assert found.public_url == "https://e.example"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://shop.co:443", "https://shop.co"),
        ("https://shop.co:0443/", "https://shop.co"),
        ("http://shop.co:80", "http://shop.co"),
        ("http://shop.co:443", "http://shop.co:443"),
        ("https://shop.co:80", "https://shop.co:80"),
        ("https://shop.co:08443", "https://shop.co:8443"),
    ],
)
def test_an_origin_is_without_the_port_that_its_scheme_has_anyway(tmp_path, written, expected):
    assert browsers(tmp_path, f'origins: ["{written}"]').origins == {expected}


@pytest.mark.parametrize(
    "written", ["https://shop.co:0", "https://shop.co:65536", "http://a:99999"]
)
def test_an_origin_with_a_port_that_cannot_be_is_told(tmp_path, written):
    files = {"encamina.yaml": SETTINGS.format(more=f'origins: ["{written}"]', server="")}
    _, findings = findings_of(write_project(tmp_path, {**FILES, **files}))

    assert any(one.code == "E316" and written in one.message for one in findings)
