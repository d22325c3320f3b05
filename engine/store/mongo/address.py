"""The URL of a MongoDB store, read: the names of its collections are settings of our own in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from engine.model.errors import StorageError
from engine.store.interface import Model
from engine.store.urls import settings_in

# What TypeORM calls the collections of these entities where no name is given: @Entity().
COLLECTIONS: Final[Mapping[Model, str]] = {
    Model.EVENT: "analytics_event_entity",
    Model.PAGE_VIEW: "page_view_event_entity",
    Model.CONVERSION: "conversion_event_entity",
    Model.INTERACTION: "user_interaction_event_entity",
}
SETTINGS: Final[Mapping[str, Model]] = {
    "eventCollection": Model.EVENT,
    "pageViewCollection": Model.PAGE_VIEW,
    "conversionCollection": Model.CONVERSION,
    "interactionCollection": Model.INTERACTION,
}
"""What names them in the URL: ``mongodb://…/shop?eventCollection=events``."""

OURS = "encamina_"
"""How the collections begin that hold what we count."""


@dataclass(frozen=True, slots=True)
class Address:
    """``url`` is for the library alone, without our settings; ``shown`` is for people."""

    url: str = field(repr=False)
    shown: str
    collections: Mapping[Model, str]

    @property
    def place(self) -> str:
        """The same for every way to write the same hosts and database."""
        hosts, _, database = self.shown.partition("://")[2].partition("/")
        each = sorted(_host(one) for one in hosts.lower().split(","))
        return f"{','.join(each)}/{database}"


def split_collections(url: str) -> tuple[str, Mapping[Model, str]]:
    """The URL without our settings, and the name of each model's collection.

    Raises ``StorageError`` for a name that can't be one.
    """
    head = url.partition("?")[0]
    names, rest = dict(COLLECTIONS), []
    for setting, value in settings_in(url):
        if setting in SETTINGS:
            names[SETTINGS[setting]] = _name(setting, unquote(value))
        else:
            rest.append(f"{setting}={value}")
    if len(set(names.values())) < len(names):
        raise StorageError("store: two models have the same collection in its URL")
    return f"{head}?{'&'.join(rest)}" if rest else head, names


def unreadable() -> StorageError:
    """The error of a URL that makes no sense; it shows nothing, as a part may be the password."""
    return StorageError(
        "store: its URL can't be read; expected mongodb://USER:PASSWORD@HOST:PORT/DATABASE, with "
        "%40 for @, %2F for / and so on in user and password"
    )


def _host(text: str) -> str:
    name, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        name, port = text, "27017"
    return f"{'127.0.0.1' if name in {'localhost', '[::1]'} else name}:{port}"


def _name(setting: str, value: str) -> str:
    if not value or "$" in value or "\0" in value or value.startswith(("system.", OURS)):
        raise StorageError(f'store: {setting} is "{value}", expected the name of a collection')
    return value
