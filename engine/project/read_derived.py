"""A file of ``rules/derived/`` as a typed record."""

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.project.derived import ON_DUE, ON_EVENT, DerivedSpec, EmitSpec, FigureSpec, TakesSpec
from engine.project.fields import Units, text_of, texts_of

VERBS = ("count", "sum", "first", "last", "list")
WITH_WINDOW = ("count", "sum")


def read_derived(document: Document) -> tuple[DerivedSpec | None, list[Finding]]:
    """The record, or None with the findings; the document has the right shape."""
    units = Units()
    key = document.at("key")
    has_time = document.at("within").value is not None
    without = document.at("without")
    spec = DerivedSpec(
        name=text_of(document.at("derived")),
        mode=document.at("mode"),
        takes=_takes(document.at("from")),
        when=document.at("when"),
        without=None if without.value is None else _takes(without),
        within=document.at("within"),
        keys=tuple(key.elements()) or (key,),
        once=document.at("once"),
        figures=tuple(_figure(name, one, units) for name, one in document.at("figures").items()),
        fill=document.at("fill"),
        emits=tuple(
            EmitSpec(
                text_of(one.at("on"), ON_DUE if has_time else ON_EVENT),
                one.at("when"),
                one.at("event"),
                one,
            )
            for one in document.at("emit").elements()
        ),
        show=document.at("show"),
        starts_anew=document.at("starts_anew").value is True,
        tables=document.at("tables"),
        document=document,
    )
    findings = [*units.findings, *_beside_each_other(spec)]
    return None if findings else spec, findings


def _takes(document: Document) -> TakesSpec:
    return TakesSpec(
        texts_of(document.at("type")),
        texts_of(document.at("event")),
        texts_of(document.at("source")),
        document,
    )


def _figure(name: str, document: Document, units: Units) -> FigureSpec:
    verb = next(one for one in VERBS if document.at(one).value is not None)
    return FigureSpec(
        name,
        verb,
        document.at(verb),
        units.milliseconds(document.at("over"), None) if text_of(document.at("over")) else None,
        document.at("by"),
        document.at("set"),
        document.at("drop"),
        document,
    )


def _beside_each_other(spec: DerivedSpec) -> list[Finding]:
    """What makes no sense without another key, or together with it."""
    findings = []
    if spec.within.value is None:
        for key, value in (("without", spec.without), ("starts_anew", spec.starts_anew or None)):
            if value is not None:
                message = f"{key}: stands without within:, so nothing ever falls due"
                place = spec.document.key_place(key)
                findings.append(error("E180", place, message, "write within: with a time"))
        for one in spec.emits:
            if one.on == ON_DUE:
                message = "on: due stands without within:, so it never falls due"
                findings.append(error("E180", one.document.place("on"), message, "write within:"))
    for figure in spec.figures:
        if figure.over_ms is not None and figure.verb not in WITH_WINDOW:
            message = f"over: is for {' and '.join(WITH_WINDOW)}, not for {figure.verb}"
            findings.append(error("E180", figure.document.place("over"), message, "leave it out"))
    if not (spec.emits or spec.fill.value or spec.show.value):
        message = f"{spec.name} makes nothing: it has neither emit:, fill: nor show:"
        findings.append(error("E180", spec.document.place("derived"), message))
    return findings
