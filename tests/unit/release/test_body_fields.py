"""Which field of a posted body a part of its event is made of."""

import pytest

from engine.release.body_fields import field_of
from tests.support.releases import a_release

MAPPING = """
    inbound: notes
    source: shop
    post: { settings: { currency: COP } }
    each:
      - order in body.orders
      - m in [order.more or {}]
      - >-
        its in [{'id': body.key | default(order.key),
                 'who': m.user if m.user is text else order.who}]
      - kind in ['x' if body.odd else body.kind | snake]
    event:
      type: track
      event: "{{ kind }}"
      messageId: "{{ its.id }}"
      userId: "{{ its.who }}"
      properties:
        $merge: "{{ m }}"
        total: "{{ order.total if body.paid else '' }}"
        currency: "{{ settings.currency | default(body.money) }}"
        fixed: yes
        lines: { $for: "line in order.lines or []", $do: { sku: "{{ line.sku }}" } }
        first: "{{ order.lines[0].sku }}"
    otherwise: { event: noted }
    """


@pytest.fixture(scope="module")
def fields(tmp_path_factory):
    files = {"rules/inbound/notes.yaml": MAPPING}
    mapping = a_release(tmp_path_factory.mktemp("fields"), files).inbound("notes")
    assert mapping is not None
    return mapping.fields


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("event", "kind"),
        ("messageId", "key"),
        ("userId", "orders [] more user"),
        ("properties total", "orders [] total"),
        ("properties currency", "money"),
        ("properties lines", "orders [] lines"),
        ("properties lines [] sku", "orders [] lines"),
        ("properties first", "orders [] lines [] sku"),
        ("properties other", "orders [] more other"),
        ("type", None),
        ("context ip", None),
    ],
)
def test_a_part_of_an_event_is_made_of_the_field_that_is_read_first(fields, path, field):
    found = field_of(fields, tuple(path.split()))

    assert found == (None if field is None else tuple(field.split()))
