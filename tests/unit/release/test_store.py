"""The destination that is the analytics store, as files say it."""

from textwrap import dedent

import pytest

from engine.model.finding import Severity
from tests.support.releases import FILES, findings_of, write_project

KEPT = """
    name: kept
    kind: store
    """
RULES = """
    destination: kept
    rules:
      - name: all
        match: { type: track }
        payload:
          model: event
          timestamp: "{{ event.timestamp }}"
          document: { eventName: "{{ event.event }}" }
    """


def found(folder, destination=KEPT, rules=RULES, **more):
    files = {**FILES, "destinations/kept.yaml": destination, "rules/kept.yaml": rules, **more}
    write_project(folder, files)
    release, findings = findings_of(folder)
    return release, [(one.code, one.message) for one in findings if one.severity is Severity.ERROR]


def test_a_store_needs_no_request_and_no_dedupe_key(tmp_path):
    release, errors = found(tmp_path)
    assert errors == []
    assert release.store.name == "kept"
    assert release.store.request is None


def test_a_store_keeps_documents_for_ever_unless_it_says_for_how_long(tmp_path):
    assert found(tmp_path)[0].store.store.keep_ms is None
    release, _ = found(tmp_path, KEPT + "store: { keep: 2d }\n")
    assert release.store.store.keep_ms == 2 * 86_400_000


@pytest.mark.parametrize(
    "line",
    [
        "request: { url: https://x.example }",
        "dedupe: id",
        "vendor: meta",
        "responses: []",
        "order_by: user",
        "mailbox: { key: id }",
    ],
)
def test_what_a_store_has_no_use_for_is_refused(tmp_path, line):
    _, errors = found(tmp_path, dedent(KEPT) + line + "\n")
    name = line.partition(":")[0]
    assert ("E162", f"{name} is not for a destination of kind store") in errors


def test_a_block_of_the_store_elsewhere_is_refused(tmp_path):
    hook = FILES["destinations/hook.yaml"] + "store: { keep: 2d }\n"
    _, errors = found(tmp_path, **{"destinations/hook.yaml": hook})
    assert ("E162", "store is not for a destination of kind http") in errors


@pytest.mark.parametrize(("kind", "needed"), [("http", "request"), ("mailbox", "mailbox")])
def test_a_destination_that_sends_must_say_how(tmp_path, kind, needed):
    destination = f"name: kept\nkind: {kind}\nrepeats: possible\n"
    _, errors = found(tmp_path, destination)
    message = f"{needed} is missing: a destination of kind {kind} can do nothing without it"
    assert ("E163", message) in errors


def test_there_is_one_store(tmp_path):
    more = {"destinations/second.yaml": KEPT.replace("kept", "second")}
    _, errors = found(tmp_path, **more)
    assert ("E330", "second is a second store, after kept") in errors


@pytest.mark.parametrize("missing", ["model", "timestamp", "document"])
def test_a_rule_of_the_store_that_makes_no_document_is_refused(tmp_path, missing):
    lines = [one for one in RULES.splitlines() if not one.strip().startswith(f"{missing}:")]
    _, errors = found(tmp_path, rules="\n".join(lines))
    assert errors == [("E331", f"rule all gives no {missing}, so it makes no document")]


def test_the_store_s_address_may_read_the_environment(tmp_path):
    settings = FILES["encamina.yaml"] + 'store: "{{ env.ANALYTICS_URL }}"\n'
    write_project(tmp_path, {**FILES, "encamina.yaml": settings})
    release, _ = findings_of(tmp_path, {"SHOP_WRITE_KEY": "k", "ANALYTICS_URL": "sqlite:other.db"})
    assert release.store_url == "sqlite:other.db"
    release, _ = findings_of(tmp_path)
    assert release.store_url == ""
