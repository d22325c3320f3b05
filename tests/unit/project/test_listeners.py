import pytest

from engine.project.listeners import is_loopback, is_private
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


def test_nest_away_from_this_machine_needs_networks_or_certificates(tmp_path):
    _, bare = read(tmp_path, end="nest: { listen: '0.0.0.0:3001', source: shop }\n")
    allowed, findings = read(
        tmp_path, end="nest: { listen: '0.0.0.0:3001', source: shop, allow: [10.0.0.0/8] }\n"
    )

    assert [code for code, _ in bare] == ["E162"]
    assert findings == []
    assert allowed is not None
    assert allowed.spec.nest is not None
