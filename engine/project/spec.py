"""Typed records of the files that users edit, as written: nothing here is compiled yet.

A ``Document`` stands where the text may hold an expression; ``engine/release`` compiles those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.model.document import Document
from engine.model.event import SourceKind, Unplanned
from engine.model.jsonvalue import Body
from engine.project.cookies import CookiesSpec
from engine.project.derived import DerivedSpec
from engine.project.inbounds import InboundSpec, RequestSpec
from engine.project.listeners import ListenerSpec, NestSpec
from engine.project.networks import Network
from engine.project.policy import BatchSpec, BreakerSpec, LimitsSpec, RetrySpec

NOWHERE = Document("", None, {}, {})


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One entry of ``sources:``; ``write_key`` and its SHA-256 are templates over ``env``.

    So are the ``origins:`` of ``document``. ``consent`` is what is assumed of people who stated
    nothing, by category in lower case.
    """

    name: str
    kind: SourceKind
    unplanned: Unplanned
    write_key: Document
    write_key_sha256: Document
    document: Document
    rate_per_s: float | None = None
    cookies: CookiesSpec | None = None
    consent: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TlsSpec:
    """``server.tls:`` — PEM files, relative to the project's folder."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """``server:`` — where it listens and what one request may be.

    ``rate_per_s`` counts the events of each write key, None is no limit. ``max_in_flight_bytes`` is
    what the bodies of all requests may take together.
    """

    listen: str = "127.0.0.1:8080"
    max_request_bytes: int = 8 * 1024 * 1024
    max_event_bytes: int = 32 * 1024
    max_batch_events: int = 2500
    shutdown_ms: int = 10_000
    rate_per_s: float | None = None
    trusted_proxies: tuple[Network, ...] = ()
    tls: TlsSpec | None = None
    request_timeout_ms: int = 30_000
    max_connections: int = 10_000
    max_in_flight_bytes: int = 64 * 1024 * 1024
    log_format: str = "text"


@dataclass(frozen=True, slots=True)
class KeepSpec:
    """``privacy.keep:`` and ``disk:`` — for how long, and in how much room, things are kept.

    ``most_bytes`` is what the databases may take, ``free_bytes`` what stays free on their disk.
    """

    events_ms: int = 30 * 86_400_000
    audit_ms: int = 2 * 365 * 86_400_000
    most_bytes: int = 20 * 2**30
    free_bytes: int = 500 * 2**20


@dataclass(frozen=True, slots=True)
class ProjectSpec:
    """``encamina.yaml``; a ``remember_ms`` of 0 turns the memory of people off.

    ``store_url`` is a template over ``env``; the analytics store stands beside the log without it.
    """

    sources: tuple[SourceSpec, ...]
    server: ServerSpec
    log_url: str
    state_url: str
    dedupe_window_ms: int
    remember_ms: int
    document: Document
    keep: KeepSpec = field(default_factory=KeepSpec)
    store_url: Document = NOWHERE
    listeners: tuple[ListenerSpec, ...] = ()
    nest: NestSpec | None = None


@dataclass(frozen=True, slots=True)
class ConsentSpec:
    """``consent:`` of a destination: all or any of these, in lower case, must be granted."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    when_missing: str = "deny"


@dataclass(frozen=True, slots=True)
class MailboxSpec:
    """``mailbox:`` of a destination: how its payloads wait for a browser session.

    ``key`` is the dotted path of the session's key in a payload; ``origins`` is a list of
    templates over ``env``.
    """

    key: str
    keep_ms: int
    max_pending: int
    origins: Document


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """``store:`` of the destination that is the analytics store.

    Its documents go when they are older than ``keep_ms``, None is never.
    """

    keep_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ArchiveSpec:
    """``archive:`` — lines go into files below ``folder``, an expression over ``env``.

    The oldest go when they are older than ``keep_ms`` (None is never) or over ``most_bytes``. With
    ``deliveries`` what was settled, at every destination, is in files too.
    """

    folder: Document
    keep_ms: int | None
    most_bytes: int
    deliveries: bool = False


@dataclass(frozen=True, slots=True)
class AuthSpec:
    """``auth:`` of a destination: a service account's key, and where it gets a token for what.

    All are templates over ``env``; the only ``type`` there is is ``oauth_service_account``.
    """

    credentials: Document
    scope: Document
    token_url: Document


@dataclass(frozen=True, slots=True)
class ResponseSpec:
    """One line of ``responses:``; documents whose value is null are absent."""

    when: Document
    then: str
    after: Document
    reason: Document
    failed: Document
    rest: str | None


@dataclass(frozen=True, slots=True)
class VerifySpec:
    """``verify:``: the request with its changes made, and what of the answer are problems."""

    request: RequestSpec
    problems: Document


@dataclass(frozen=True, slots=True)
class DestinationSpec:
    """One file of ``destinations/``.

    With a ``mailbox``, or as the ``store``, it has no request, whose parts are null.
    """

    name: str
    title: str
    vendor: str
    aliases: tuple[str, ...]
    mode: Document
    rollout_percent: float
    consent: ConsentSpec
    ip: str
    contract: str | None
    settings: Document
    tables: Document
    dedupe: str | None
    event_name: str | None
    match_keys: Mapping[str, str]
    sources: tuple[str, ...]
    counts_in: Document
    mailbox: MailboxSpec | None
    auth: AuthSpec | None
    request: RequestSpec
    batch: BatchSpec
    limits: LimitsSpec
    retry: RetrySpec
    breaker: BreakerSpec
    ordered: bool
    window_ms: int | None
    sunset: str | None
    responses: tuple[ResponseSpec, ...]
    verify: VerifySpec | None
    document: Document
    store: StoreSpec | None = None
    archive: ArchiveSpec | None = None


@dataclass(frozen=True, slots=True)
class MatchSpec:
    """``match:`` of a rule: each a list of values or globs, empty for any."""

    type: tuple[str, ...] = ()
    event: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule of a rule file; documents whose value is null are absent."""

    name: str
    match: MatchSpec
    when: Document
    each: Document
    also: bool
    drop: str | None
    payload: Document
    window_ms: int | None
    document: Document


@dataclass(frozen=True, slots=True)
class RuleFileSpec:
    """One file of ``rules/``: how events become payloads of each of ``destinations``."""

    destinations: tuple[str, ...]
    tables: Document
    fragments: Document
    defaults: Document
    rules: tuple[RuleSpec, ...]
    document: Document


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """One JSON Schema of the project; ``path`` is relative to its root, with slashes."""

    path: str
    schema: Body
    document: Document


@dataclass(frozen=True, slots=True)
class Project:
    """A project as written: every file read, the broken ones left out and told as findings.

    ``whole`` is false where a file was left out: what is missing is then not to be complained of.
    ``schemas`` holds all of ``schemas/`` but ``config/``, by path; ``env`` is the environment over
    ``.env``, empty values left out; ``digest`` the SHA-256 over all files, in hex.
    """

    root: Path
    spec: ProjectSpec
    schemas: Mapping[str, SchemaFile]
    destinations: tuple[DestinationSpec, ...]
    rule_files: tuple[RuleFileSpec, ...]
    env: Mapping[str, str]
    digest: str
    whole: bool = True
    inbounds: tuple[InboundSpec, ...] = ()
    derived: tuple[DerivedSpec, ...] = ()
