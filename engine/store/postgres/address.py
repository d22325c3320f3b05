"""The URL of a PostgreSQL store, read; what is shown of it holds no password."""

import re
from dataclasses import dataclass, field
from typing import Final

from engine.model.errors import StorageError
from engine.store.urls import settings_in

SCHEMA: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
DEFAULT_SCHEMA = "public"

_FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the tables are: ``conninfo`` is for the library alone, ``shown`` for people."""

    conninfo: str = field(repr=False)
    password: str = field(repr=False)
    shown: str
    schema: str


def split_schema(url: str) -> tuple[str, str]:
    """The URL without our own ``schema=``, and the schema that it names.

    Raises ``StorageError`` where that is no plain name.
    """
    head = url.partition("?")[0]
    schema, rest = DEFAULT_SCHEMA, []
    for name, value in settings_in(url):
        if name == "schema":
            schema = value
        else:
            rest.append(f"{name}={value}")
    if not SCHEMA.fullmatch(schema):
        raise StorageError(
            f'store: schema is "{schema}", expected a name of letters, digits and underscores'
        )
    return f"{head}?{'&'.join(rest)}" if rest else head, schema


def unreadable() -> StorageError:
    """The error of a URL that makes no sense; it shows nothing, as a part may be the password."""
    return StorageError(
        f"store: its URL can't be read; expected {_FORM}, with %40 for @, %2F for / and so on in "
        "user and password"
    )
