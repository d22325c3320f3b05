"""What is sent where, told from the rules."""

from engine.authoring.sent import destinations_page, lines_of
from tests.support.releases import FILES, a_release

ORDER = FILES["schemas/events/order-completed.yaml"] + (
    "examples:\n  - { type: track, event: Order Completed, messageId: m1, properties: { total: 1 } }\n"
)
HOOK = FILES["destinations/hook.yaml"] + "event_name: kind\n"
RULES = """
destination: hook
fragments:
  line: { sku: "{{ product.sku }}", price: "{{ product.price | number }}" }
rules:
  - name: large
    match: { type: track, event: Order Completed }
    when: "{{ properties.total | number > 100 }}"
    drop: too large for it
  - name: order
    match: { type: track, event: Order Completed }
    payload:
      id: "{{ event.messageId }}"
      kind: "{{ 'Paid' if properties.total else 'Free' }}"
      lines: { $for: product in properties.products, $do: { $use: line } }
"""


def the_release(folder):
    changed = {
        "schemas/events/order-completed.yaml": ORDER,
        "destinations/hook.yaml": HOOK,
        "rules/hook.yaml": RULES,
    }
    return a_release(folder, changed)


def test_each_rule_that_an_event_meets_is_a_line_until_one_takes_it(tmp_path):
    release = the_release(tmp_path)

    large, order = lines_of(release, release.destinations[0])

    assert (large.event, large.drop, large.condition) == (
        *("Order Completed", "too large for it"),
        "properties.total | number > 100",
    )
    assert (order.name, order.condition) == ("Paid", "")
    assert order.fields == {("id",), ("kind",), ("lines", "[]", "sku"), ("lines", "[]", "price")}


def test_the_page_tells_where_each_event_goes_as_what_and_with_what(tmp_path):
    page = destinations_page(the_release(tmp_path))

    assert "| Order Completed | ● |" in page
    assert "With nearly every event: `id, kind, lines[].{price, sku}`." in page
    assert "| Order Completed | `Paid` |  |" in page
    assert (
        "| Order Completed | too large for it, when `properties.total \\| number > 100` |" in page
    )
