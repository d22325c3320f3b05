"""``encamina docs``: reference pages from what the code and the files declare."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated

import typer

from cli.options import HERE, ProjectOption
from cli.project import release_of
from engine.api.openapi.page import http_page, openapi_text
from engine.authoring.reference import filters_page
from engine.authoring.sent import destinations_page
from engine.model.cache import Caches


class Page(StrEnum):
    """The pages that can be printed."""

    FILTERS = "filters"
    DESTINATIONS = "destinations"
    HTTP = "http"
    OPENAPI = "openapi"


def docs(
    page: Annotated[
        Page,
        typer.Argument(
            help="filters: the mapping language's; destinations: what each is sent, by the rules; "
            "http: every route; openapi: the same as an OpenAPI 3.1 document."
        ),
    ],
    project: ProjectOption = HERE,
) -> None:
    """Print a reference page as Markdown, or the OpenAPI document as JSON.

    Example: encamina docs filters
    """
    pages: Mapping[Page, Callable[[], str]] = {
        Page.FILTERS: filters_page,
        Page.DESTINATIONS: lambda: destinations_page(release_of(project, Caches.off())),
        Page.HTTP: lambda: http_page(release_of(project, Caches.off())),
        Page.OPENAPI: lambda: openapi_text(release_of(project, Caches.off())),
    }
    typer.echo(pages[page](), nl=False)
