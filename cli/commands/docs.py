"""``encamina docs``: reference pages from what the code declares."""

from enum import StrEnum
from typing import Annotated

import typer

from engine.authoring.reference import filters_page


class Page(StrEnum):
    """The pages that can be printed."""

    FILTERS = "filters"


PAGES = {Page.FILTERS: filters_page}


def docs(page: Annotated[Page, typer.Argument(help="Which page.")]) -> None:
    """Print a reference page as Markdown.

    Example: encamina docs filters
    """
    typer.echo(PAGES[page](), nl=False)
