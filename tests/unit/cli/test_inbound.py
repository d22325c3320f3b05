"""``dry-run --inbound``: the events of a body, and what is wrong with them."""

import json

import pytest

from cli.events import EventsError
from cli.inbound import tell_inbound
from cli.output import Exit
from engine.model.errors import ProjectError
from tests.support.events import NOW
from tests.support.releases import a_release

MAPPING = """
    inbound: orders
    source: shop
    pull: { every: 24h, request: { url: https://erp.example.com/orders } }
    each: order in body
    event:
      type: track
      event: Order Completed
      messageId: "{{ order.id }}"
      userId: ana
      properties: { order_id: "{{ order.id }}", total: "{{ order.total | number }}" }
    """


@pytest.fixture
def release(tmp_path):
    return a_release(tmp_path, {"rules/inbound/orders.yaml": MAPPING})


@pytest.fixture
def tell(release, tmp_path, capsys):
    def tell(body, *, as_json=False):
        path = tmp_path / "body.json"
        path.write_text(json.dumps(body))
        code = tell_inbound(release, "orders", [str(path)], NOW, as_json=as_json)
        return code, *capsys.readouterr()

    return tell


def test_each_event_is_shown_with_its_verdict(tell):
    code, out, _ = tell([{"id": "1", "total": "10"}, {"id": "2"}])

    assert code == Exit.FINE
    assert out.count("Order Completed  accepted") == 2
    assert '"total": 10' in out


def test_an_event_that_would_be_quarantined_says_why(tell):
    code, out, _ = tell([{"total": 1}])

    assert code == Exit.FINDINGS
    assert "quarantined" in out
    assert "properties.order_id" in out


def test_a_fault_is_shown_with_its_place_and_without_the_data(tell):
    code, out, _ = tell([{"id": "1", "total": "hush"}])

    assert code == Exit.FINDINGS
    assert "rules/inbound/orders.yaml:10" in out
    assert "hush" not in out


def test_as_json_only_events_are_printed_so_that_they_can_be_read_again(tell):
    code, out, err = tell([{"id": "1"}, {"total": 1}], as_json=True)

    assert code == Exit.FINDINGS
    assert [json.loads(line)["userId"] for line in out.splitlines()] == ["ana", "ana"]
    assert "properties.order_id" in err


def test_a_list_is_one_body(tell):
    _, out, _ = tell([])

    assert out == ""


def test_an_unknown_name_gets_the_nearest(release):
    with pytest.raises(ProjectError, match='did you mean "orders"'):
        tell_inbound(release, "order", [], NOW, as_json=False)


@pytest.mark.parametrize("text", [None, "no json"])
def test_a_file_that_can_t_be_read_is_told(release, tmp_path, text):
    path = tmp_path / "it.json"
    if text is not None:
        path.write_text(text)

    with pytest.raises(EventsError, match=r"it\.json: "):
        tell_inbound(release, "orders", [str(path)], NOW, as_json=False)
