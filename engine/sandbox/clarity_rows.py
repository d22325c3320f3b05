"""What the Data Export API answers: every metric that was seen, in the spellings that were seen.

Values are mostly texts; some rows hold numbers, some null. Dimension values come as extra keys of a
row, ``Url`` in some metrics and ``URL`` in others. The figures are made of the names, so that the
same question gets the same answer.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import islice, product

from engine.sandbox.call import Json

MOST_ROWS = 1_000

DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "Browser": ("Chrome", "MobileSafari", "Edge", "Firefox"),
    "Device": ("Mobile", "PC", "Tablet"),
    "Country/Region": ("Colombia", "Mexico", "United States"),
    "OS": ("Android", "iOS", "Windows"),
    "Source": tuple(f"source-{number}" for number in range(1, 13)),
    "Medium": ("organic", "cpc", "email"),
    "Campaign": tuple(f"campaign-{number}" for number in range(1, 13)),
    "Channel": ("OrganicSearch", "PaidSearch", "Direct"),
    "URL": tuple(
        f"https://tienda.example.com{path}"
        for path in (
            *("/", "/celulares", "/celulares/a56", "/accesorios"),
            *("/carrito", "/checkout", "/gracias", "/buscar?q=funda"),
        )
    ),
}
"""The dimensions that can be asked for, with the values of this stand-in's project."""

CLICKS = (
    "sessionsCount",
    "sessionsWithMetricPercentage",
    "sessionsWithoutMetricPercentage",
    "pagesViews",
    "subTotal",
)

BY_DIMENSION: Mapping[str, tuple[str, ...]] = {
    "Traffic": (
        "totalSessionCount",
        "totalBotSessionCount",
        "distantUserCount",  # as a sample of the documentation once spelled it
        "PagesPerSessionPercentage",
    ),
    "EngagementTime": ("totalTime", "activeTime"),
    "ScrollDepth": ("averageScrollDepth",),
    "DeadClickCount": CLICKS,
    "RageClickCount": CLICKS,
    "QuickbackClick": CLICKS,
    "Excessive Scroll": CLICKS,  # write-ups have names with and without spaces
    "ScriptErrorCount": CLICKS,
    "ErrorClickCount": CLICKS,
}
"""Metrics whose rows are split by the dimensions that were asked for, with their figures."""

BY_NAME: Mapping[str, tuple[str, ...]] = {
    "Browser": DIMENSIONS["Browser"],
    "Device": DIMENSIONS["Device"],
    "OS": DIMENSIONS["OS"],
    "Country": DIMENSIONS["Country/Region"],
    "PageTitle": ("Inicio | Tienda Ejemplo", "Celulares | Tienda Ejemplo"),
    "ReferrerUrl": ("https://www.google.com/", "https://www.instagram.com/"),
}
"""Metrics whose rows have a name and a count, whatever was asked for."""


def insights(dimensions: tuple[str, ...], days: int) -> Json:
    """The whole answer: a list of metrics with their rows."""
    answer: list[Json] = []
    for metric, figures in BY_DIMENSION.items():
        rows = list(islice(_rows(metric, figures, dimensions, days), MOST_ROWS))
        answer.append({"metricName": metric, "information": rows})
    answer.append({"metricName": "PopularPages", "information": list(_popular(days))})
    for metric, names in BY_NAME.items():
        rows = [{"name": one, "sessionsCount": _figure(metric, one, days)} for one in names]
        answer.append({"metricName": metric, "information": rows})
    return answer


def _rows(
    metric: str, figures: tuple[str, ...], dimensions: tuple[str, ...], days: int
) -> Iterator[Json]:
    for values in product(*(DIMENSIONS[one] for one in dimensions)):
        named = {
            _spelled(one, metric): value for one, value in zip(dimensions, values, strict=True)
        }
        row: dict[str, Json] = {}
        for name in figures:
            figure = _figure(metric, name, *values, days)
            row[name] = _as_sent(metric, name, figure)
        yield {**row, **named}


def _spelled(dimension: str, metric: str) -> str:
    """Both spellings of a page's address are seen."""
    if dimension == "URL":
        return "Url" if len(metric) % 2 else "URL"
    return dimension


def _as_sent(metric: str, name: str, figure: int) -> Json:
    """Mostly a text; a number in one metric, and null where another knows nothing."""
    if metric == "ScrollDepth":
        return figure / 2
    if metric == "ErrorClickCount" and name == "subTotal":
        return None
    return f"{figure / 4:.2f}" if "Percentage" in name else str(figure)


def _popular(days: int) -> Iterator[Json]:
    for url in DIMENSIONS["URL"]:
        yield {"url": url, "visitsCount": str(_figure("PopularPages", url, days))}


def _figure(*about: str | int) -> int:
    """A number below 200 that is always the same for these words."""
    return int(sha256("/".join(map(str, about)).encode()).hexdigest(), 16) % 200
