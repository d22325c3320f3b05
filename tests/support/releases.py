"""Small projects, made of text where a test looks, and the releases they give."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from textwrap import dedent

from engine.model.cache import Caches
from engine.model.finding import Finding, has_errors
from engine.project.read import read_project
from engine.release.build import build_release
from engine.release.checks.run import check
from engine.release.release import Release
from tests.support.processes import ROOT

_FILES: Mapping[str, str] = {
    "encamina.yaml": """
        version: 1
        sources:
          shop: { kind: server, write_key: "{{ env.SHOP_WRITE_KEY }}" }
          web: { kind: browser, write_key: web-key, unplanned: quarantine }
          strict:
            kind: server
            write_key_sha256: 083ec72c0b3129e378780f0a1f44da8c40053ed7f6810e5644b459af0cb5731b # of strict-key
            unplanned: reject
        log: sqlite:encamina.db
        state: sqlite:encamina.db
        """,
    "schemas/events/order-completed.yaml": """
        title: Order Completed
        type: object
        required: [type, event, properties]
        properties:
          type: { const: track }
          event: { const: Order Completed }
          properties:
            type: object
            required: [order_id]
            properties:
              order_id: { type: string }
              total: { type: [number, string] }
              currency: { type: string }
              products: { type: array, items: { type: object, properties: { sku: {}, price: {} } } }
        """,
    "schemas/payloads/hook.yaml": """
        type: object
        required: [id]
        properties:
          id: { type: string }
          total: { type: number }
        """,
    "destinations/hook.yaml": """
        name: hook
        title: The hook
        aliases: [Webhook]
        contract: schemas/payloads/hook.yaml
        dedupe: id
        consent: { all: [advertising] }
        request:
          method: POST
          url: https://hook.example.com/in
          body: { items: "{{ batch }}" }
        batch: { max_events: 10, linger: 50ms }
        window: 7d
        """,
    "rules/hook.yaml": """
        destination: hook
        rules:
          - name: order
            match: { type: track, event: Order Completed }
            payload:
              id: "{{ event.messageId }}"
              total: "{{ properties.total | number }}"
        """,
}
FILES = {name: dedent(text).lstrip() for name, text in _FILES.items()}
ENV = {"SHOP_WRITE_KEY": "shop-key"}


def write_project(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    """The files in a folder, indentation of the text taken off."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())
    return folder


def findings_of(folder: Path, env: Mapping[str, str] = ENV) -> tuple[Release | None, list[Finding]]:
    """The release in a folder, and every finding as ``validate`` tells them."""
    project, findings = read_project(folder, env)
    if project is None:
        return None, findings
    release, more = build_release(project, Caches.on())
    findings = [*findings, *more, *check(project, release)]
    return (None if has_errors(findings) else release), findings


def a_release(
    folder: Path, changed: Mapping[str, str] | None = None, env: Mapping[str, str] = ENV
) -> Release:
    """The small project's release, with some of its files changed."""
    write_project(folder, {**FILES, **(changed or {})})
    release, findings = findings_of(folder, env)
    assert release is not None, [str(one) for one in findings]
    return release


def the_reference_release(env: Mapping[str, str]) -> Release:
    """The release of the reference project, compiled once a run for each environment."""
    return _reference(frozenset(env.items()))


@cache
def _reference(env: frozenset[tuple[str, str]]) -> Release:
    release, findings = findings_of(ROOT, dict(env))
    assert release is not None, [str(one) for one in findings]
    return release
