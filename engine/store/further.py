"""The further questions (engine/store/insights), answered on any engine."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from engine.model.jsonvalue import Body, Json
from engine.store.declared import Asked
from engine.store.facts import COLUMNS, ROW_HEIGHT, UNITS, bucket_value, key_of, parts_of_key
from engine.store.insights import MOST_DAYS
from engine.store.interface import Answer, Model
from engine.store.lists import journey_of, range_of, recent_days, recent_stretches
from engine.store.periods import EVER, Parts, day_text
from engine.store.reading import Counted, Counts, Reading
from engine.store.sessions import EVER as AT_ANY_TIME
from engine.store.sessions import STEPS, WITHIN_MS

Answering: TypeAlias = Callable[[Reading, Asked], Answer]

ALL = 1000
"""Of keys that are few by themselves: types, currencies, steps."""

OF_PRODUCTS = (Model.EVENT, Model.CONVERSION, Model.INTERACTION)
"""Events tell of products; conversions and interactions that were taken over do so themselves."""

RECENT = 30
"""Days that a question by day goes back where it says nothing."""


def _conversions_summary(reading: Reading, asked: Asked) -> Answer:
    which = Counts("conversion", "", (Model.CONVERSION,))
    found = reading.top(which, range_of(reading, asked, which), ALL)
    total = _worths((0, one) for one in found)
    most = RECENT if asked.since is None else MOST_DAYS
    days = _worths(reading.by_day(which, recent_days(reading, asked, which, most)))
    by_type: dict[str, int] = defaultdict(int)
    for (_, conversion, _), worth in total.items():
        by_type[conversion] += worth.number
    most_first = sorted(total, key=lambda one: (-total[one].number, key_of(*one[1:]).encode()))
    return Answer(
        {
            "total": [_worth_shown(one, total[one]) for one in most_first],
            "purchases": {
                "first": by_type["first_purchase"],
                "repeat": by_type["repeat_purchase"],
            },
            "days": [
                {"day": day_text(one[0]), **_worth_shown(one, worth)} for one, worth in days.items()
            ],
        }
    )


class _Worth(NamedTuple):
    """How many conversions there were, how many of them told a value, and what all were worth."""

    number: int = 0
    valued: int = 0
    amount: int = 0


NOTHING = _Worth()

_Kind: TypeAlias = tuple[int, str, str]
"""Of conversions: the day, the type and the currency."""


def _worths(found: Iterable[tuple[int, Counted]]) -> dict[_Kind, _Worth]:
    """What was counted of each kind, in the order that it came: with and without a value as one."""
    worths: dict[_Kind, _Worth] = {}
    for day, (key, number, amount) in found:
        # A third part of the key says that no value was told (engine/store/facts).
        conversion, currency, *without = parts_of_key(key)
        kind = (day, conversion, currency)
        many, valued, whole = worths.get(kind, NOTHING)
        worths[kind] = _Worth(many + number, valued + (0 if without else number), whole + amount)
    return worths


def _worth_shown(kind: _Kind, worth: _Worth) -> Body:
    """The average is over those that told a value."""
    _, conversion, currency = kind
    shown: dict[str, Json] = {"conversionType": conversion}
    if currency:
        shown["currency"] = currency
    shown |= {"count": worth.number, "value": _money(worth.amount)}
    if currency and worth.valued:
        shown["averageValue"] = _money(worth.amount / worth.valued)
    return shown


def _money(amount: float) -> float:
    """Ten-thousandths of a unit as units."""
    return _rounded(amount / UNITS)


def _rounded(value: float) -> float:
    """Whole where it is, else with at most four digits behind the point."""
    found = round(value, 4)
    return int(found) if found.is_integer() else found


def _funnel(reading: Reading, asked: Asked) -> Answer:
    which = Counts("funnel", "")
    found = reading.top(which, range_of(reading, asked, which), ALL)
    counted = _classes(asked.arguments.get("within"))
    reached = [0] * len(STEPS)
    for one in found:
        step, took = parts_of_key(one.key)
        if took in counted:
            reached[step] += one.number
    rows: list[Json] = []
    for number, step in enumerate(STEPS):
        before = reached[max(number - 1, 0)]
        rows.append(
            {
                "step": step,
                "sessions": reached[number],
                "shareOfFirst": _share(reached[number], reached[0]),
                "shareOfPrevious": _share(reached[number], before),
            }
        )
    return Answer(rows)


def _classes(within: str | None) -> frozenset[str]:
    """The classes of time that count."""
    if within is None:
        return frozenset({*WITHIN_MS, AT_ANY_TIME})
    return frozenset(name for name, most in WITHIN_MS.items() if most <= WITHIN_MS[within])


def _share(part: int, whole: int) -> float:
    return _rounded(part / whole) if whole else 0


def _cart_abandonment(reading: Reading, asked: Asked) -> Answer:
    which = Counts("cart", "")
    found = reading.top(which, range_of(reading, asked, which), 1)
    carts, purchased = (found[0].number, found[0].amount) if found else (0, 0)
    abandoned = carts - purchased
    return Answer(
        {
            "carts": carts,
            "purchased": purchased,
            "abandoned": abandoned,
            "rate": _share(abandoned, carts),
        }
    )


def _top_products(reading: Reading, asked: Asked) -> Answer:
    which = _product(asked.arguments.get("by", "bought"))
    parts = range_of(reading, asked, which)
    found = reading.top(which, parts, asked.limit)
    ids = [one.key for one in found]
    did = {
        name: reading.keyed(_product(name), parts, ids) for name in ("viewed", "added", "bought")
    }
    revenue = _revenue(reading, ids, parts)
    rows: list[Json] = []
    for one in ids:
        # What a product is called doesn't change with the range.
        names = reading.top(Counts("product_name", one, OF_PRODUCTS), EVER, 1)
        named = {"name": names[0].key} if names else {}
        numbers = {name: counts[one].number if one in counts else 0 for name, counts in did.items()}
        rows.append({"productId": one, **named, **numbers, "revenue": revenue[one]})
    return Answer(rows)


def _product(did: str) -> Counts:
    return Counts(f"product_{did}", "", OF_PRODUCTS)


def _revenue(reading: Reading, products: Sequence[str], parts: Parts) -> dict[str, list[Json]]:
    """What was made with each of these, by currency."""
    currencies = reading.top(Counts("product_currency", "", OF_PRODUCTS), EVER, ALL)
    keys = [key_of(one, currency.key) for one in products for currency in currencies]
    found: dict[str, list[Json]] = {one: [] for one in products}
    counted = reading.keyed(Counts("product_revenue", "", OF_PRODUCTS), parts, keys)
    for key in sorted(counted):
        product, currency = parts_of_key(key)
        found[product].append({"currency": currency, "value": _money(counted[key].amount)})
    return found


def _top_searches(reading: Reading, asked: Asked) -> Answer:
    which = Counts("search", "")
    found = reading.top(which, range_of(reading, asked, which), asked.limit)
    return Answer(
        [
            {
                "query": one.key,
                "searches": one.number,
                "withPurchase": one.amount,
                "withoutPurchase": one.number - one.amount,
            }
            for one in found
        ]
    )


def _web_vitals(reading: Reading, asked: Asked) -> Answer:
    which = Counts("vital", "", (Model.EVENT,))
    most = RECENT if asked.since is None else MOST_DAYS
    page, metric = asked.arguments.get("page"), asked.arguments.get("metric", "").upper()
    # As ``key_of`` begins the keys of that page.
    prefix = "" if page is None else key_of(page)[:-1] + ","
    buckets: dict[tuple[int, str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for parts in recent_stretches(reading, asked, which, most):
        for day, one in reading.by_day(which, parts, prefix):
            of_page, of_metric, bucket = parts_of_key(one.key)
            if metric in ("", of_metric.upper()):
                buckets[-day, of_page, of_metric][bucket] += one.number
        if len(buckets) >= asked.limit:
            break
    rows: list[Json] = []
    for (day, of_page, of_metric), counts in sorted(buckets.items())[: asked.limit]:
        samples = sum(counts.values())
        rows.append(
            {
                "day": day_text(-day),
                "page": of_page,
                "metric": of_metric,
                "p75": bucket_value(_percentile(counts, samples)),
                "samples": samples,
            }
        )
    return Answer(rows)


def _percentile(counts: Mapping[int, int], samples: int) -> int:
    """The bucket under which, itself included, three quarters of the samples lie."""
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen * 4 >= samples * 3:
            break
    return bucket


def _heatmap_grid(reading: Reading, asked: Asked) -> Answer:
    page, viewport = asked.arguments["pageUrl"], asked.arguments.get("viewport", "desktop")
    which = Counts("cell", key_of(page, viewport), (Model.INTERACTION,))
    found = reading.top(which, range_of(reading, asked, which), asked.limit)
    width = ROW_HEIGHT if viewport == "unknown" else 100 / COLUMNS
    points: list[Json] = []
    for one in found:
        column, line = parts_of_key(one.key)
        # The middle of the cell.
        x, y = (column + 0.5) * width, (line + 0.5) * ROW_HEIGHT
        points.append({"x": int(x), "y": int(y), "count": one.number})
    most = found[0].number if found else 0
    return Answer({"pageUrl": page, "viewport": viewport, "max": most, "points": points})


FURTHER: Mapping[str, Answering] = {
    "conversions_summary": _conversions_summary,
    "funnel": _funnel,
    "cart_abandonment": _cart_abandonment,
    "top_products": _top_products,
    "top_searches": _top_searches,
    "session_journey": journey_of,
    "web_vitals": _web_vitals,
    "heatmap_grid": _heatmap_grid,
}
