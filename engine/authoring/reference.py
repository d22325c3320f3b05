"""Reference pages made from what the code declares: the filters and tests of the language."""

import json

from engine.mapping.filters.catalogue import GROUPS, TESTS
from engine.mapping.filters.spec import Example, FilterSpec, TestSpec
from engine.model.jsonvalue import Json

HEAD = """# Filters and tests

Made by `encamina docs filters` from the list in the code; the examples run as tests.

A filter that is given nothing gives nothing, unrun; only `default` fills. Where the last column \
says *may drop*, a value that can't be used gives nothing too, without a fault."""


def filters_page() -> str:
    """The reference of filters and tests, as Markdown."""
    lines = [HEAD, ""]
    for title, filters in GROUPS.items():
        lines += [f"## {title[0].upper()}{title[1:]}", ""]
        lines += [
            "| filter | takes → gives | what it does | example | |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [_filter_row(spec) for spec in filters]
        lines.append("")
    lines += ["## Tests", "", "| test | what it asks | example |", "| --- | --- | --- |"]
    lines += [_test_row(spec) for spec in TESTS.values()]
    return "\n".join(lines) + "\n"


def _filter_row(spec: FilterSpec) -> str:
    cells = (
        f"`{spec.signature}`",
        f"{spec.takes} → {spec.gives}",
        spec.doc,
        "<br>".join(_filter_example(spec, one) for one in spec.examples[:2]),
        "may drop" if spec.may_be_missing else "",
    )
    return _row(cells)


def _test_row(spec: TestSpec) -> str:
    example = "<br>".join(
        f"`{_shown(one.value)} is {_call(spec.name, one)}` → `{_shown(one.gives)}`"
        for one in spec.examples[:1]
    )
    return _row((f"`{spec.signature}`", spec.doc, example))


def _filter_example(spec: FilterSpec, example: Example) -> str:
    gives = "nothing" if example.gives is None else f"`{_shown(example.gives)}`"
    return f"`{_shown(example.value)} | {_call(spec.name, example)}` → {gives}"


def _call(name: str, example: Example) -> str:
    arguments = ", ".join(_shown(one) for one in example.arguments)
    return f"{name}({arguments})" if arguments else name


def _shown(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
