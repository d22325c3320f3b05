"""A file of ``rules/derived/`` as a typed record."""

from collections.abc import Iterator

from engine.model.document import Document
from engine.model.finding import Finding, error
from engine.model.names import did_you_mean
from engine.project.derived import ON_DUE, ON_EVENT, DerivedSpec, EmitSpec, FigureSpec, TakesSpec
from engine.project.fields import Units, text_of, texts_of

VERBS = ("count", "sum", "first", "last", "list")
LIST = "list"
PERSON = "person"
ALWAYS_GIVEN = ("messageId", "timestamp")
"""What an event that is made has of its cause and the moment, whatever its tree says."""


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
    verb = _verbs(document)[0]
    add = document.at("add")
    return FigureSpec(
        name,
        verb,
        document.at(verb),
        units.milliseconds(document.at("over"), None) if text_of(document.at("over")) else None,
        document.at("by"),
        document.at("set"),
        document.at("drop"),
        text_of(add) or text_of(add.at("number")),
        add.at("when"),
        document,
    )


def _verbs(figure: Document) -> list[str]:
    names = {name for name, _ in figure.items()}
    return [one for one in VERBS if one in names]


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
        findings += _of_figure(figure)
    findings += [*_of_keys(spec), *_of_types(spec.takes), *_of_emits(spec)]
    if spec.without is not None:
        findings += _of_types(spec.without)
    if not (spec.emits or spec.fill.value or spec.show.value):
        message = f"{spec.name} makes nothing: it has neither emit:, fill: nor show:"
        findings.append(error("E180", spec.document.place("derived"), message))
    return findings


def _of_keys(spec: DerivedSpec) -> Iterator[Finding]:
    """A key without braces is one for all customers, unless it is the person."""
    for key in spec.keys:
        text = text_of(key)
        if "{{" not in text and text.strip() != PERSON:
            message = f'key: "{text}" is the same for every event, so all have one window'
            hint = 'write person, or an expression such as "{{ event.userId }}"'
            hint = did_you_mean(text, [PERSON]) or hint
            yield error("E180", key.place(), message, hint)


def _of_types(takes: TakesSpec) -> Iterator[Finding]:
    """Only track events have names, so beside ``event:`` no other type is ever taken."""
    others = [one for one in takes.type if one != "track"]
    if takes.event and others:
        message = f"event: stands beside type: {others[0]}, and only track events have such names"
        hint = "write type: track, and a file of its own for other types"
        yield error("E180", takes.document.place("event"), message, hint)


def _of_emits(spec: DerivedSpec) -> Iterator[Finding]:
    for one in spec.emits:
        for name in ALWAYS_GIVEN:
            if any(key == name for key, _ in one.event.items()):
                message = f"{name} of an event that is made is given by Encamina, not by emit:"
                yield error("E180", one.event.key_place(name), message, "leave it out")


def _of_figure(figure: FigureSpec) -> Iterator[Finding]:
    place = figure.document.place
    verbs = _verbs(figure.document)
    if figure.of.value is None:
        message = f"{figure.verb}: of {figure.name} says nothing"
        yield error("E180", place(figure.verb), message, "write what it takes of an event")
    if len(verbs) > 1:
        message = f"{figure.name} has {verbs[0]}: and {verbs[1]}:, and a figure is one of them"
        hint = f"keep {verbs[0]}: here, and give {verbs[1]}: a figure of its own"
        yield error("E180", figure.document.key_place(verbs[1]), message, hint)
        return
    if figure.over_ms is not None and figure.verb == LIST:
        message = "over: is for count, sum, first and last, not for list"
        yield error("E180", place("over"), message, "leave it out")
    for key, part in (("by", figure.by), ("set", figure.set), ("drop", figure.drop)):
        if part.value is not None and figure.verb != LIST:
            message = f"{key}: is for list, not for {figure.verb}"
            yield error("E180", place(key), message, "leave it out")
    if figure.verb == LIST and figure.drop.value is not None and figure.by.value is None:
        message = "drop: stands without by:, so no line is ever taken out"
        yield error("E180", place("drop"), message, "write by: with what tells lines apart")
    if figure.add:
        yield from _of_add(figure)


def _of_add(figure: FigureSpec) -> list[Finding]:
    """What is wrong with ``add:``, which needs lines with a number, and what tells them apart."""
    place, line = figure.document.place("add"), figure.of
    if figure.verb != LIST:
        return [error("E180", place, f"add: is for list, not for {figure.verb}", "leave it out")]
    if figure.by.value is None:
        message = "add: stands without by:, so no line ever comes again"
        return [error("E180", place, message, "write by: with what tells lines apart")]
    names = [name for name, _ in line.items()]
    if figure.add in names or "$merge" in names:
        return []
    message = f'add: names "{figure.add}", which the lines of {figure.name} do not have'
    hint = did_you_mean(figure.add, names) or f"write {figure.add}: in list:"
    return [error("E180", place, message, hint)]
