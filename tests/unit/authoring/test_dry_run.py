import json

import pytest

from engine.authoring.dry_run import dry_run, request_of
from engine.authoring.explain import explain
from engine.model.cache import Caches
from engine.model.clock import from_iso
from engine.project.read import read_project
from engine.release.build import build_release
from tests.support.events import NOW, SHOP, an_event
from tests.support.processes import DEMO_ENV, ROOT
from tests.support.releases import ENV, FILES, a_release

ALL = frozenset({"meta", "ga4", "gtm", "posthog", "hook"})
DAY = [json.loads(line) for line in (ROOT / "tests/data/shop-day.jsonl").read_text().splitlines()]


def reference(caches):
    project, _ = read_project(ROOT, DEMO_ENV)
    release, _ = build_release(project, caches)
    return release


def fates(release):
    now = from_iso("2026-11-21T04:00:00Z")
    return [dry_run(release, body, SHOP, now, ALL).as_json() for body in DAY]


@pytest.mark.slow
def test_the_day_is_the_same_with_every_cache_on_off_and_warm():
    warm = reference(Caches.on())

    first, again = fates(warm), fates(warm)

    assert first == again == fates(reference(Caches.off()))


@pytest.mark.slow
def test_every_payload_of_the_day_meets_its_contract():
    invalid = [
        (fate["event"], one)
        for fate in fates(reference(Caches.on()))
        for one in fate["destinations"]
        if one["decision"] in {"invalid", "error"} or one["errors"]
    ]

    assert invalid == []


def test_the_machine_form_is_the_documented_one(tmp_path):
    fate = dry_run(a_release(tmp_path), an_event(), SHOP, NOW, ALL).as_json()

    assert fate == {
        "message_id": "3f2a6c1e-0000-4000-8000-000000000001",
        "event": "Order Completed",
        "type": "track",
        "verdict": "accepted",
        "errors": [],
        "destinations": [
            {
                "destination": "hook",
                "decision": "send",
                "rule": "order",
                "part": 0,
                "reason": "",
                "payload": {
                    "id": "3f2a6c1e-0000-4000-8000-000000000001",
                    "total": 1_414_700,
                },
                "errors": [],
            }
        ],
    }


@pytest.mark.parametrize("body", [an_event(properties={}), [], "text", an_event(event=...)])
def test_what_is_not_accepted_has_reasons_and_no_destinations(tmp_path, body):
    fate = dry_run(a_release(tmp_path), body, SHOP, NOW, ALL).as_json()

    assert fate["verdict"] in {"quarantined", "rejected"}
    assert fate["errors"]
    assert fate["destinations"] == []


def test_the_event_that_was_given_is_not_changed(tmp_path):
    body = an_event(userId=42, context={"a": None})
    before = json.loads(json.dumps(body))

    dry_run(a_release(tmp_path), body, SHOP, NOW, ALL)

    assert body == before


def test_a_request_is_shown_with_secrets_masked_and_unset_variables_named(tmp_path):
    text = FILES["destinations/hook.yaml"].replace(
        "  body:", '  headers: { Authorization: "Bearer {{ env.HOOK_TOKEN }}" }\n  body:'
    )
    files = {"destinations/hook.yaml": text}
    shown = {}
    for name, env in (("set", {**ENV, "HOOK_TOKEN": "s3cret"}), ("unset", ENV)):
        release = a_release(tmp_path / name, files, env)
        dry = dry_run(release, an_event(), SHOP, NOW, ALL)
        [(destination, decision)] = dry.decisions
        shown[name] = request_of(release, destination, decision.payload, NOW)

    assert shown["set"]["headers"]["Authorization"] == "Bearer ***"
    assert shown["unset"]["headers"]["Authorization"] == "Bearer <HOOK_TOKEN>"
    assert shown["set"]["method"] == "POST"
    assert shown["set"]["url"] == "https://hook.example.com/in"
    assert shown["set"]["body"]["items"][0]["total"] == 1_414_700


def explained(release, body):
    dry = dry_run(release, body, SHOP, NOW, ALL)
    [(destination, decision)] = dry.decisions
    return "\n".join(explain(release, dry, destination, decision, NOW))


def test_an_explanation_names_gate_rule_and_each_leaf_with_its_line(tmp_path):
    said = explained(a_release(tmp_path), an_event())

    assert "consent: advertising granted" in said
    assert "rule order (rules/hook.yaml:3): matches" in said
    assert "total = 1414700    {{ properties.total | number }}    rules/hook.yaml:7" in said


def test_an_explanation_says_what_stopped_an_event_and_what_was_dropped(tmp_path):
    release = a_release(tmp_path)

    assert "stopped by: consent" in explained(release, an_event(context={}))
    assert "no rule of 1 takes it" in explained(release, an_event("Other"))
    without = an_event(properties={"order_id": "1"})
    assert "total = dropped: missing" in explained(release, without)


def test_an_explanation_of_a_line_shows_what_that_line_gave(tmp_path):
    rules = FILES["rules/hook.yaml"].replace(
        "    payload:\n", "    each: product in properties.products\n    payload:\n"
    )
    rules = rules.replace("event.messageId }}", "event.messageId }}:{{ part }}")
    rules = rules.replace("properties.total | number", "product.price | number")
    release = a_release(tmp_path, {"rules/hook.yaml": rules})
    dry = dry_run(release, an_event(), SHOP, NOW, ALL)
    destination, second = dry.decisions[1]

    said = "\n".join(explain(release, dry, destination, second, NOW))

    assert "total = 49900 " in said


def test_a_payload_whose_body_breaks_the_request_s_contract_is_invalid(tmp_path):
    files = {
        "destinations/hook.yaml": FILES["destinations/hook.yaml"].replace(
            "request:\n", "request:\n  contract: schemas/payloads/body.yaml\n"
        ),
        "schemas/payloads/body.yaml": "properties: { items: { maxItems: 0 } }",
    }
    dry = dry_run(a_release(tmp_path, files), an_event(), SHOP, NOW, ALL)

    [(_, decision)] = dry.decisions
    assert (str(decision.verb), decision.reason.split(":")[0]) == ("invalid", "request.contract")


def test_explain_says_what_was_remembered(tmp_path):
    rules = (
        FILES["rules/hook.yaml"] + '      from: "{{ context.fbp }}"\n      to: "{{ user.email }}"\n'
    )
    contract = FILES["schemas/payloads/hook.yaml"] + "  from: {}\n  to: {}\n"
    changed = {"rules/hook.yaml": rules, "schemas/payloads/hook.yaml": contract}
    release = a_release(tmp_path, changed)
    context = {
        **an_event()["context"],
        "fbp": "fb.1.1735689600456.1",
        "remembered": ["context.fbp", "context.traits.email"],
    }
    dry = dry_run(release, an_event(context=context), SHOP, NOW, ALL)
    [(hook, decision)] = dry.decisions

    lines = explain(release, dry, hook, decision, NOW)

    assert "remembered and filled in: context.fbp, context.traits.email" in lines
    leaves = {line.split(" = ")[0]: "    remembered    " in line for line in lines if " = " in line}
    assert leaves == {"id": False, "total": False, "from": True, "to": True}


def test_an_explanation_tells_which_of_several_places_has_the_value(tmp_path):
    rules = FILES["rules/hook.yaml"].replace(
        "properties.total | number", "properties.revenue | default(properties.total) | number"
    )
    release = a_release(tmp_path, {"rules/hook.yaml": rules})
    [hook] = release.destinations
    properties = {"order_id": "SO-1", "total": 5}
    dry = dry_run(release, an_event(properties=properties), SHOP, NOW, ALL)

    lines = explain(release, dry, hook, dry.decisions[0][1], NOW)

    assert "    has properties.total; has no properties.revenue" in lines
