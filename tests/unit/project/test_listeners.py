import pytest

from engine.project.listeners import is_loopback, is_private, is_same
from engine.project.read import read_project
from tests.support.releases import ENV, FILES, write_project


def read(folder, server="", end=""):
    settings = FILES["encamina.yaml"] + f"server: {{ {server} }}\n{end}"
    write_project(folder, {**FILES, "encamina.yaml": settings})
    project, findings = read_project(folder, ENV)
    return project, [(one.code, one.message) for one in findings]


def test_a_listener_of_a_private_address_may_ask_for_no_key(tmp_path):
    project, findings = read(
        tmp_path, "listeners: [{ listen: '127.0.0.1:8081', source: shop, auth: none }]"
    )

    assert findings == []
    assert project is not None
    assert [(one.source, one.needs_key) for one in project.spec.listeners] == [("shop", False)]


@pytest.mark.parametrize(
    ("listen", "loopback", "private"),
    [
        ("127.0.0.1:1", True, True),
        ("localhost:1", True, True),
        ("[::1]:1", True, True),
        ("10.1.2.3:1", False, True),
        ("192.168.0.4:1", False, True),
        ("[fd00::1]:1", False, True),
        ("0.0.0.0:1", False, False),
        ("[::]:1", False, False),
        ("169.254.3.4:1", False, True),
        ("[fe80::1]:1", False, True),
        ("203.0.113.7:1", False, False),
        ("0.0.0.1:1", False, False),
        ("[::ffff:0.0.0.0]:1", False, False),
        ("[2001:db8::1]:1", False, False),
        ("8.8.8.8:1", False, False),
        ("shop.internal:1", False, False),
    ],
)
def test_what_is_private_is_told_by_the_address_alone(listen, loopback, private):
    assert (is_loopback(listen), is_private(listen)) == (loopback, private)


@pytest.mark.parametrize("listen", ["0.0.0.0:8081", "8.8.8.8:8081", "shop.example:8081"])
def test_no_key_at_an_open_address_is_an_error(tmp_path, listen):
    _, findings = read(tmp_path, f"listeners: [{{ listen: '{listen}', source: shop, auth: none }}]")

    assert [code for code, _ in findings] == ["E161"]


def test_no_key_needs_a_source_that_is_there(tmp_path):
    _, findings = read(tmp_path, "listeners: [{ listen: '127.0.0.1:1', auth: none }]")
    _, others = read(tmp_path, "listeners: [{ listen: '127.0.0.1:1', source: shup }]")

    assert [code for code, _ in findings] == ["E161"]
    assert [code for code, _ in others] == ["E157"]


def test_one_address_is_listened_on_once(tmp_path):
    one = "{ listen: '127.0.0.1:1', source: shop }"

    _, findings = read(tmp_path, f"listeners: [{one}, {one}]")

    assert [code for code, _ in findings] == ["E160"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("127.0.0.1:8080", "localhost:8080"),
        ("localhost:8080", "[::1]:8080"),
        ("0.0.0.0:8080", "10.0.0.7:8080"),
        ("[::1]:8080", "[::]:8080"),
        ("shop.internal:8080", "Shop.Internal:8080"),
    ],
)
def test_an_address_of_the_server_can_t_be_a_listener_s_too(tmp_path, first, second):
    listeners = f"listeners: [{{ listen: '{second}', source: shop }}]"

    _, findings = read(tmp_path, f"listen: '{first}', {listeners}")

    assert findings == [("E160", f"{second} is listened on twice")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8081"),
        ("127.0.0.1:8080", "127.0.0.2:8080"),
        ("0.0.0.0:8080", "[::1]:8080"),
        ("127.0.0.1:0", "127.0.0.1:0"),
    ],
)
def test_addresses_that_can_be_listened_on_side_by_side_are_taken(first, second):
    assert not is_same(first, second)


def test_nest_can_t_listen_where_another_does(tmp_path):
    _, findings = read(
        tmp_path, "listen: '127.0.0.1:3001'", end="nest: { source: shop, max_connections: 9 }\n"
    )

    assert findings == [("E160", "127.0.0.1:3001 is listened on twice")]


def test_nest_away_from_this_machine_needs_networks_or_certificates(tmp_path):
    _, bare = read(tmp_path, end="nest: { listen: '0.0.0.0:3001', source: shop }\n")
    allowed, findings = read(
        tmp_path, end="nest: { listen: '0.0.0.0:3001', source: shop, allow: [10.0.0.0/8] }\n"
    )

    assert [code for code, _ in bare] == ["E162"]
    assert findings == []
    assert allowed is not None
    assert allowed.spec.nest is not None
