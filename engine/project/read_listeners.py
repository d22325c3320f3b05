"""``server.listeners:`` and ``nest:`` as typed records."""

from collections.abc import Collection, Iterator

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.model.names import did_you_mean
from engine.project.fields import Units, optional_text, text_of, whole_of
from engine.project.listeners import ListenerSpec, NestSpec, is_private, is_same

USUAL_NEST = "127.0.0.1:3001"


def read_listeners(
    document: Document, sources: Collection[str], units: Units
) -> tuple[ListenerSpec, ...]:
    """The further addresses; ``sources`` are the names that there are."""
    found = []
    for one in document.elements():
        listen = text_of(one.at("listen"))
        spec = ListenerSpec(listen, optional_text(one.at("source")), one.at("auth").value != "none")
        units.findings.extend(_findings(spec, one, sources))
        found.append(spec)
    return tuple(found)


def listened_twice(settings: Document, first: str) -> Iterator[Finding]:
    """A finding for each address that another has taken; ``first`` is ``server.listen``."""
    nest = settings.at("nest")
    further = [one.at("listen") for one in settings.at("server", "listeners").elements()]
    further += [] if nest.value is None else [nest.at("listen")]
    taken = [first]
    for document in further:
        listen = text_of(document, USUAL_NEST)
        other = next((one for one in taken if is_same(one, listen)), None)
        if other is not None:
            message = f"{listen} is listened on twice"
            hint = "take another port" if other == listen else f"{other} takes it too"
            yield error("E160", document.place(), message, hint)
        taken.append(listen)


def _findings(
    spec: ListenerSpec, document: Document, sources: Collection[str]
) -> Iterator[Finding]:
    yield from _source(document.at("source"), sources)
    if spec.needs_key:
        return
    place = document.at("auth").place()
    if not is_private(spec.listen):
        yield error(
            "E161",
            place,
            f"auth: none at {spec.listen}, where anybody who reaches it could send and read",
            "listen on a loopback or private address, such as 127.0.0.1:8081, or ask for a key",
        )
    if spec.source is None:
        hint = "add source: with a name of sources:"
        yield error("E161", place, "auth: none needs a source, as no key tells who sends", hint)


def read_nest(document: Document, sources: Collection[str], units: Units) -> NestSpec | None:
    """NestJS's TCP transport, None where it isn't asked for."""
    if document.value is None:
        return None
    usual, tls = NestSpec(""), document.at("tls")
    spec = NestSpec(
        listen=text_of(document.at("listen"), USUAL_NEST),
        source=text_of(document.at("source")),
        allow=units.networks(document.at("allow")),
        certificate=optional_text(tls.at("certificate")),
        key=optional_text(tls.at("key")),
        client_ca=optional_text(tls.at("client_ca")),
        max_connections=whole_of(document.at("max_connections"), usual.max_connections),
        max_frame_bytes=units.size_bytes(document.at("max_frame"), usual.max_frame_bytes),
    )
    units.findings.extend(_source(document.at("source"), sources))
    if spec.takes_anybody:
        units.findings.append(
            error(
                "E162",
                document.at("listen").place(),
                f"nest listens on {spec.listen}, where anybody who reaches it could send and read",
                "name the networks that may in allow:, or a tls.client_ca; or take 127.0.0.1",
            )
        )
    return spec


def _source(document: Document, sources: Collection[str]) -> Iterator[Finding]:
    name = document.value
    if isinstance(name, str) and name not in sources:
        hint = did_you_mean(name, sources) or f"known are {', '.join(sources)}"
        yield error("E157", document.place(), f"there is no source {name} in encamina.yaml", hint)
