"""Postal codes and states as shops have them in their columns, as people write them.

A column of numbers loses the zeros before a code: 050010 of Medellín is 50010 there.
"""

import re
from typing import Any, Final

from engine.mapping.filters.hashing import is_hash
from engine.mapping.filters.places import code_of
from engine.mapping.filters.spec import Argument, Example, FilterSpec, Kind

WHOLE_FLOAT: Final = re.compile(r"(\d+)\.0", re.ASCII)
"""What a number becomes where all numbers of JSON are floats."""

_LENGTHS: Final = {
    4: "dk no pa",
    5: "cr de do es fi fr gt it kr mx my pe pr tr ua us",
    6: "co ec",
    7: "jp",
    8: "br",
}
LENGTHS: Final = {code: length for length, codes in _LENGTHS.items() for code in codes.split()}
"""Digits of a postal code, in countries where some begin with a zero (UPU, addressing systems)."""

MOST_LOST: Final = 2
"""Zeros that a code may have lost; of fewer digits it is something else."""

ISO_3166_2: Final = re.compile(r"([A-Za-z]{2})-([A-Za-z0-9]{1,3})", re.ASCII)

_DEPARTMENTS: Final = """
AMA Amazonas|ANT Antioquia|ARA Arauca|ATL Atlántico|BOL Bolívar|BOY Boyacá|CAL Caldas|CAQ Caquetá
CAS Casanare|CAU Cauca|CES Cesar|CHO Chocó|COR Córdoba|CUN Cundinamarca|DC Bogotá D.C.|GUA Guainía
GUV Guaviare|HUI Huila|LAG La Guajira|MAG Magdalena|MET Meta|NAR Nariño|NSA Norte de Santander
PUT Putumayo|QUI Quindío|RIS Risaralda|SAN Santander|SAP San Andrés y Providencia|SUC Sucre
TOL Tolima|VAC Valle del Cauca|VAU Vaupés|VID Vichada
"""
DEPARTMENTS: Final = dict(
    line.split(" ", 1) for line in _DEPARTMENTS.strip().replace("\n", "|").split("|")
)
"""Colombia's departments and its capital district by their code in ISO 3166-2:CO."""


def whole_zip(text: str, of: str | None = None) -> Any:
    """The code as it came, the zeros before it put back; missing if it is nothing but zeros."""
    text = text.strip()
    if is_hash(text):
        return text
    if "." in text and (whole := WHOLE_FLOAT.fullmatch(text)):
        text = whole[1]
    if not text.strip("0- "):
        return None
    if not (text.isascii() and text.isdigit()):
        return text
    length = LENGTHS.get(code_of(of) or "", 0) if of else 0
    return text.zfill(length) if 0 < length - len(text) <= MOST_LOST else text


def state_name(text: str, of: str | None = None) -> str:
    """A department's name for its code; else the state as it came, without ``MX-`` before it."""
    text = text.strip()
    found = ISO_3166_2.fullmatch(text)
    region = found[1].lower() if found else None
    # Not every text of this form is a code: "la-1" names no country's own.
    if found is None or code_of(found[1]) != region or (of and code_of(of) not in (region, None)):
        is_colombian = of is not None and code_of(of) == "co"
        return DEPARTMENTS.get(text.upper(), text) if is_colombian else text
    return DEPARTMENTS.get(found[2].upper(), found[2]) if region == "co" else found[2]


_COUNTRY: Final = (Argument("country", Kind.TEXT, None),)

FILTERS: Final = (
    FilterSpec(
        "whole_zip",
        "a postal code with the zeros before it that a number has lost, by its country; "
        "missing if it is nothing but zeros",
        Kind.ID,
        Kind.TEXT,
        whole_zip,
        (
            Example(50010, "050010", ("CO",)),
            Example("2134", "02134", ("US",)),
            Example(110231.0, "110231", ("CO",)),
            Example("EC1A 1BB", "EC1A 1BB", ("GB",)),
            Example("000000", None),
        ),
        _COUNTRY,
        may_be_missing=True,
        lenient=True,
    ),
    FilterSpec(
        "state_name",
        "a state without the country's code before it (ISO 3166-2); of Colombia the name of a code",
        Kind.ID,
        Kind.TEXT,
        state_name,
        (
            Example("CO-ANT", "Antioquia"),
            Example("VAC", "Valle del Cauca", ("CO",)),
            Example("MX-JAL", "JAL"),
            Example("Antioquia", "Antioquia", ("CO",)),
        ),
        _COUNTRY,
        may_be_missing=True,
        lenient=True,
    ),
)
