"""What people and shops write for a country or a state of the USA, as its code."""

from typing import Final

from engine.mapping.filters.countries import COUNTRIES, letters

CODE_LENGTHS: Final = (2, 3)

REPUBLICS: Final = (
    *("republicofthe", "republicof", "republicadela", "republicadel", "republicade"),
    *("republicaorientaldel", "republicafederativadel", "republicabolivarianade", "republica"),
    *("bolivarianrepublicof", "estadoplurinacionalde", "plurinationalstateof"),
)
"""How official names begin, as ``letters`` writes them."""

_STATES: Final = """
al Alabama|ak Alaska|az Arizona|ar Arkansas|ca California|co Colorado|ct Connecticut|de Delaware
dc District of Columbia|fl Florida|ga Georgia|hi Hawaii|id Idaho|il Illinois|in Indiana|ia Iowa
ks Kansas|ky Kentucky|la Louisiana|me Maine|md Maryland|ma Massachusetts|mi Michigan|mn Minnesota
ms Mississippi|mo Missouri|mt Montana|ne Nebraska|nv Nevada|nh New Hampshire|nj New Jersey
nm New Mexico|ny New York|nc North Carolina|nd North Dakota|oh Ohio|ok Oklahoma|or Oregon
pa Pennsylvania|ri Rhode Island|sc South Carolina|sd South Dakota|tn Tennessee|tx Texas|ut Utah
vt Vermont|va Virginia|wa Washington|wv West Virginia|wi Wisconsin|wy Wyoming
nc Carolina del Norte|sc Carolina del Sur|nd Dakota del Norte|sd Dakota del Sur
dc Distrito de Columbia|hi Hawái|la Luisiana|ms Misisipi|mo Misuri|nh Nuevo Hampshire
nj Nueva Jersey|nm Nuevo México|ny Nueva York|pa Pensilvania|wv Virginia Occidental
"""


def code_of(text: str) -> str | None:
    """The alpha-2 code in lower case of a country as shops and people write it; None if unknown."""
    found = COUNTRIES.get(text.lower()) or COUNTRIES.get(plain := letters(text))
    if found is not None:
        return found
    if found := _code_in_brackets(text):
        return found
    names = (plain.removeprefix(one) for one in REPUBLICS if plain.startswith(one))
    return next((COUNTRIES[name] for name in names if name in COUNTRIES), None)


def _code_in_brackets(text: str) -> str | None:
    """Of ``Colombia (CO)``, unless the name is one of another country."""
    name, _, rest = text.partition("(")
    code = rest.strip().removesuffix(")")
    found = COUNTRIES.get(code.lower()) if len(code) in CODE_LENGTHS else None
    return found if COUNTRIES.get(letters(name), found) == found else None


def _states() -> dict[str, str]:
    lines = (line.split(" ", 1) for line in _STATES.strip().replace("\n", "|").split("|"))
    return {letters(name): code for code, name in lines}


US_STATES: Final = _states()
"""Two-letter code by name, as ``letters`` writes it."""
