"""A new event type, and a new destination: files and nothing else."""

import json

import pytest

from tests.support.processes import a_project, sandbox_running, server_running

pytestmark = pytest.mark.slow

SCHEMA = """\
title: Trade-in Requested
$ref: ../common/event.yaml
properties:
  type: { const: track }
  event: { const: Trade-in Requested }
  properties:
    type: object
    properties:
      model: { type: string }
      offer: { type: number }
    required: [model]
required: [type, event, properties]
"""

RULE = """\
  - name: trade-in
    match: { type: track, event: Trade-in Requested }
    payload:
      event_name: TradeIn
      custom_data:
        model: "{{ properties.model | lower }}"
        offer: "{{ properties.offer }}"
"""

DESTINATION = """\
name: erp
title: The shop's ERP
request:
  method: POST
  url: https://erp.example.com/hooks/{{ settings.hook }}
  body: { orders: "{{ batch }}" }
settings: { hook: orders }
dedupe: id
contract: schemas/payloads/erp.yaml
batch: { max_events: 10, linger: 50ms }
"""

CONTRACT = """\
type: object
properties:
  id: { type: string }
  total: { type: number }
required: [id, total]
additionalProperties: false
"""

ERP_RULES = """\
destination: erp
rules:
  - name: order
    match: { type: track, event: Order Completed }
    payload:
      id: "{{ event.messageId }}"
      total: "{{ properties.total | number }}"
"""

TRADE_IN = {
    "type": "track",
    "event": "Trade-in Requested",
    "messageId": "trade-in-1",
    "userId": "lucia",
    "properties": {"model": "A54", "offer": 400_000},
    "context": {
        "userAgent": "Mozilla/5.0",
        "ip": "190.25.101.7",
        "traits": {"email": "lucia@example.com"},
        "page": {"url": "https://tienda.example.com/plan-renueva"},
        "consent": {"categoryPreferences": {"advertising": True, "analytics": True}},
    },
}

ORDER = {
    **TRADE_IN,
    "event": "Order Completed",
    "messageId": "order-1",
    "properties": {
        "order_id": "SO-9",
        "total": "1299900",
        "currency": "COP",
        "products": [{"product_id": "A56", "price": 1299900, "quantity": 1}],
    },
}


@pytest.fixture
def project(tmp_path):
    return a_project(tmp_path)


def test_a_new_event_type_is_a_schema_and_a_rule(project, tmp_path):
    (project / "schemas/events/trade-in-requested.yaml").write_text(SCHEMA)
    rules = project / "rules/meta.yaml"
    rules.write_text(rules.read_text().replace("\nrules:\n", f"\nrules:\n{RULE}", 1))
    event = tmp_path / "event.json"
    event.write_text(json.dumps(TRADE_IN))

    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, project) as running,
    ):
        findings = running.encamina("validate", "--strict", "--json").stdout
        [dry] = running.lines("dry-run", str(event), "--destination", "meta")
        verdict = running.post([TRADE_IN]).json()
        running.settled(expected=4)
        [item] = running.received("meta", message_id="trade-in-1")

    assert json.loads(findings) == {"ok": True, "findings": []}
    [decision] = dry["destinations"]
    assert (decision["decision"], decision["rule"]) == ("send", "trade-in")
    assert decision["payload"]["custom_data"] == {"model": "a54", "offer": 400_000}
    assert verdict["accepted"] == 1
    assert item["accepted"] == ["trade-in-1"]
    assert item["body"]["data"][0]["custom_data"] == {"model": "a54", "offer": 400_000}


def test_a_broken_event_of_the_new_type_is_quarantined(project, tmp_path):
    (project / "schemas/events/trade-in-requested.yaml").write_text(SCHEMA)
    broken = {**TRADE_IN, "properties": {"offer": "much"}}

    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, project) as running,
    ):
        [result] = running.post([broken]).json()["results"]

    assert result["verdict"] == "quarantined"
    assert [one["path"] for one in result["errors"]] == ["properties.model", "properties.offer"]


def test_a_new_destination_is_three_files(project, tmp_path):
    (project / "destinations/erp.yaml").write_text(DESTINATION)
    (project / "rules/erp.yaml").write_text(ERP_RULES)
    (project / "schemas/payloads/erp.yaml").write_text(CONTRACT)

    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, project) as running,
    ):
        running.encamina("validate", "--strict")
        running.post([ORDER])
        running.settled(expected=5)
        [item] = running.received("erp")
        [delivery] = running.deliveries("--destination", "erp")

    assert item["path"] == "/hooks/orders"
    assert item["body"] == {"orders": [{"id": "order-1", "total": 1_299_900}]}
    assert (delivery["state"], delivery["rule"], delivery["attempts"]) == ("delivered", "order", 1)
