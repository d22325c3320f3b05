"""What a document counts for: pure, shared by every engine that keeps counts.

A fact adds ``number`` and ``amount`` to what is counted under a kind, a scope and a key. Engines
keep the sums by hour, day, month and over all time, and beside each document the facts that it was
counted with, so that one that is replaced or removed takes back exactly what it gave.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from engine.codec.body import dumps, loads
from engine.model.jsonvalue import Body, Json, as_body
from engine.store.interface import Document, Model

LONGEST_KEY = 2048
"""Characters of a key: a page's address is cut there, as it is in every question."""

FARTHEST = 1_000_000
"""A point beyond is no place on a page."""

UNITS = 10_000
"""Of an amount: sums of whole ten-thousandths are the same in any order and on every engine."""

LARGEST = 1_000_000_000_000
"""An amount beyond is no money, and would not fit the sums."""

A_NUMBER: Final = re.compile(r"-?\d{1,16}(\.\d{1,9})?", re.ASCII)
"""A number that was kept as text, as some shops did."""

COLUMNS, ROW_HEIGHT = 50, 20
"""A grid has 50 columns, whatever the width, and rows of 20 px."""

TABLET_FROM, DESKTOP_FROM = 768, 1024
"""Widths in CSS px, as most style sheets divide them."""

STEP = math.log(1.02)
"""Buckets of web vitals are 2 % wide, so that a middle is at most 1 % off."""


class Fact(NamedTuple):
    """One thing that is counted."""

    kind: str
    scope: str
    key: str
    number: int = 1
    amount: int = 0


def facts_of(document: Document) -> list[Fact]:
    """What this document counts for.

    Products are told of by events; those of other models tell of some where they were taken over.
    """
    return [*_OF[document.model](document), *_of_products(document.about)]


def key_of(*parts: Json) -> str:
    """Several values as one key: a JSON list, the same from every engine."""
    return dumps(list(parts)).decode()


def parts_of_key(key: str) -> list[Any]:
    """The values that ``key_of`` put together."""
    return cast("list[Any]", loads(key.encode()))


def text_at(body: Body, name: str) -> str:
    """The text of a field, cut to what a key holds; empty where there is none."""
    value = body.get(name)
    # No engine but SQLite keeps a NUL, and no question can ask for one.
    return value[:LONGEST_KEY].replace("\0", "") if isinstance(value, str) else ""


def number_at(body: Body, name: str) -> float | None:
    """The number of a field."""
    value = body.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def amount_of(value: float | None) -> int:
    """A sum of money in whole units; 0 for what is none."""
    return 0 if value is None or not abs(value) <= LARGEST else round(value * UNITS)


def worth_at(body: Body, name: str) -> float | None:
    """The sum of money of a field; None where it tells none."""
    value = body.get(name)
    if isinstance(value, str) and A_NUMBER.fullmatch(value.strip()):
        found: float | None = float(value)
    else:
        found = number_at(body, name)
    return found if found is not None and abs(found) <= LARGEST else None


def viewport_of(width: float | None) -> str:
    """The class of a viewport by its width."""
    if width is None or width <= 0:
        return "unknown"
    if width < TABLET_FROM:
        return "mobile"
    return "tablet" if width < DESKTOP_FROM else "desktop"


def bucket_value(bucket: int) -> float:
    """The middle of a bucket of web vitals, with four digits."""
    value = math.exp((bucket + 0.5) * STEP)
    return float(f"{value:.4g}")


def _of_page_view(document: Document) -> list[Fact]:
    return [Fact("page", "", text_at(document.body, "pageUrl"))]


def _of_interaction(document: Document) -> list[Fact]:
    body = document.body
    page, element = text_at(body, "pageUrl"), text_at(body, "elementId")
    found = [Fact("interaction", "", key_of(text_at(body, "interactionType"), element))]
    if (point := _point(body)) is not None:
        return [*found, Fact("point", page, key_of(*point)), _cell(body, page, *point)]
    css, text = text_at(body, "elementClass"), text_at(body, "elementText")
    if element:
        found.append(Fact("element", page, key_of(element, "", "")))
    elif css or text:
        found.append(Fact("element", page, key_of("", css, text)))
    return found


def _point(body: Body) -> tuple[int, int] | None:
    """Where on the page it was, in whole px; None where it was not told."""
    x, y = number_at(body, "x"), number_at(body, "y")
    if x is None or y is None or not max(abs(x), abs(y)) <= FARTHEST:
        return None
    return round(x), round(y)


def _cell(body: Body, page: str, x: int, y: int) -> Fact:
    """The cell of the grid: columns are shares of the width, so that widths can be compared."""
    width = number_at(body, "viewportWidth")
    viewport = viewport_of(width)
    column = x // ROW_HEIGHT
    if width is not None and viewport != "unknown":
        column = min(max(int(x / width * COLUMNS), 0), COLUMNS - 1)
    return Fact("cell", key_of(page, viewport), key_of(column, y // ROW_HEIGHT))


def _of_conversion(document: Document) -> list[Fact]:
    """One conversion under the plan's name of it, however it was posted."""
    body = document.body
    kind = text_at(document.about, "conversion") or text_at(body, "conversionType")
    currency = text_at(body, "currency").upper()[:LONGEST_KEY]
    worth = worth_at(body, "conversionValue")
    # Averages are over what told a value. It is the others that have a key of their own, so that
    # what was counted before they had one is averaged as it was.
    key = key_of(kind, currency) if worth is not None else key_of(kind, currency, None)
    return [Fact("conversion", "", key, 1, amount_of(worth))]


def _of_event(document: Document) -> list[Fact]:
    vital = as_body(document.about.get("vital"))
    if (value := number_at(vital, "value")) is None:
        return []
    page, metric = text_at(vital, "page"), text_at(vital, "metric")
    return [Fact("vital", "", key_of(page, metric, _bucket(value)))]


def _of_products(about: Body) -> list[Fact]:
    products = about.get("products")
    if not isinstance(products, list | tuple):
        return []
    step = text_at(about, "step")
    return [fact for line in products for fact in _of_product(step, as_body(line))]


def _of_product(step: str, line: Body) -> list[Fact]:
    product = text_at(line, "productId")
    if not product or step not in {"product", "cart", "purchase"}:
        return []
    quantity, price = number_at(line, "quantity"), number_at(line, "price")
    many = 1 if quantity is None or not 1 <= quantity <= FARTHEST else round(quantity)
    found = []
    if name := text_at(line, "name"):
        found.append(Fact("product_name", product, name))
    if step == "product":
        return [*found, Fact("product_viewed", "", product)]
    if step == "cart":
        return [*found, Fact("product_added", "", product, many)]
    found.append(Fact("product_bought", "", product, many))
    if price is not None and (currency := text_at(line, "currency")):
        key = key_of(product, currency)
        found.append(Fact("product_revenue", "", key, many, amount_of(price * many)))
        found.append(Fact("product_currency", "", currency))
    return found


def _bucket(value: float) -> int:
    # 0 is good news too: of a shift, it says that nothing moved.
    return math.floor(math.log(min(max(value, 1e-6), 1e9)) / STEP)


_OF: Mapping[Model, Callable[[Document], list[Fact]]] = {
    Model.EVENT: _of_event,
    Model.PAGE_VIEW: _of_page_view,
    Model.CONVERSION: _of_conversion,
    Model.INTERACTION: _of_interaction,
}
