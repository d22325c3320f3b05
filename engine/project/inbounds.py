"""Typed records of a file of ``rules/inbound/``, as written."""

from dataclasses import dataclass

from engine.model.document import Document


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """``request:``: templates over batch, group, env, settings, tables, now, attempt."""

    method: str
    url: Document
    headers: Document
    params: Document
    body: Document
    contract: str | None
    document: Document


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """``budget:`` of a pull: so many requests within any ``per_ms``, kept under ``name``."""

    name: str
    requests: int
    per_ms: int
    document: Document


@dataclass(frozen=True, slots=True)
class PullSpec:
    """``pull:`` of an inbound mapping: what is fetched, and when.

    It falls due every ``every_ms``, counted from ``at_ms`` after a midnight in UTC. An attempt that
    ends without a verdict is made again ``times`` times, ``after_ms`` later.
    """

    vendor: str
    mode: Document
    settings: Document
    tables: Document
    every_ms: int
    at_ms: int
    budget: BudgetSpec | None
    timeout_ms: int
    times: int
    after_ms: int
    request: RequestSpec


@dataclass(frozen=True, slots=True)
class SignatureSpec:
    """``signature:`` of a post: who sends signs the body with a secret that both know.

    ``secret`` is a template over ``env``; ``given``, ``signed`` and ``at`` over ``headers``,
    ``signed`` over ``raw_body`` too: the signature as it came, or a list of several of which one
    must fit; what it was made of; and when, if that is told.
    """

    secret: Document
    given: Document
    signed: Document
    at: Document
    encoding: str
    tolerance_ms: int


@dataclass(frozen=True, slots=True)
class WarningSpec:
    """One of ``warnings:`` of a post: ``when`` it holds, ``message`` is told of ``path``."""

    when: Document
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class PostSpec:
    """``post:`` of an inbound mapping: a body that is posted to ``/ingest/NAME``, and elsewhere.

    ``paths`` are further HTTP paths, ``pattern`` is the NestJS message pattern; ``body`` is the
    JSON Schema that the body must meet. ``answer`` says what a caller gets back: ``document``, what
    the store keeps of the event, or ``verdicts``, counts as the tracking API gives them. Where the
    store keeps several documents of one event, ``model`` says which one is answered. An event of
    more than ``max_event_bytes`` (None: as any other) is quarantined.
    """

    paths: tuple[str, ...]
    pattern: str | None
    body: str | None
    status: int
    answer: str
    signature: SignatureSpec | None
    model: str | None
    settings: Document
    warnings: tuple[WarningSpec, ...]
    document: Document
    max_event_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class InboundSpec:
    """One file of ``rules/inbound/``: how a foreign body becomes events of ``source``.

    What ``otherwise`` gives is laid over an event that would be quarantined as it is.
    """

    name: str
    source: str
    tables: Document
    pull: PullSpec | None
    each: tuple[Document, ...]
    event: Document
    otherwise: Document
    document: Document
    post: PostSpec | None = None
