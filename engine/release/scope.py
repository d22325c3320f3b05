"""Which names an expression may use, by where it stands."""

from collections.abc import Mapping

from engine.mapping.scope import ScopeSpec
from engine.model.document import Document
from engine.model.jsonvalue import Body

OF_EVENT = ["event", "properties", "context", "traits", "user", "consent", "source"]
RULE_NAMES = [*OF_EVENT, "now", "age_s", "tables", "settings", "part", "flags"]
REQUEST_NAMES = ["batch", "group", "env", "settings", "tables", "now", "attempt"]
RAW_BODY = "raw_body"
HEADER_NAMES = [*REQUEST_NAMES, RAW_BODY]
PULL_NAMES = ["pull", "env", "settings", "tables", "now", "attempt"]
INBOUND_NAMES = ["body", "part", "settings", "tables", "now"]
OF_PULL = ["pull"]
HEADERS = "headers"
OF_POST = [HEADERS, "query", "request", "source"]
SIGNED_NAMES = [HEADERS, RAW_BODY]
RESPONSE_NAMES = ["status", "headers", "body", "batch", "tables", "settings"]
SETTING_NAMES = ["env"]
NOTHING_FIXED: Mapping[str, Body] = {}


def scope(
    names: list[str],
    *,
    tables: Document,
    settings: Document,
    fixed: Mapping[str, Body] = NOTHING_FIXED,
) -> ScopeSpec:
    """A scope of these names, in which a table or setting that isn't there is a finding."""
    closed = {
        "tables": _keys(tables),
        "settings": _keys(settings),
        "flags": frozenset[str](),
        "pull": frozenset({"at"}),
        "request": frozenset({"ip", "userAgent", "referer", "cookies", "idempotencyKey"}),
    }
    known = {key: closed[key] for key in closed if key in names}
    return ScopeSpec(frozenset(names), known, fixed=fixed)


def env_scope() -> ScopeSpec:
    """The scope of what is read once, when a release is built: the environment alone."""
    return ScopeSpec(frozenset(SETTING_NAMES), {})


def _keys(document: Document) -> frozenset[str]:
    return frozenset(key for key, _ in document.items())
