"""The further questions that a shop asks, beside those of its own analytics module."""

from engine.store.declared import Parameter, Question
from engine.store.shapes import (
    CONVERSION,
    COUNT,
    DAY,
    EVENT,
    INTERACTION,
    NUMBER,
    PAGE_VIEW,
    SHARE,
    TEXT,
    row,
    rows,
)

MOST_DAYS = 366
"""Days that a question by day goes back from its end."""

MODEL = {"enum": ["event", "page_view", "conversion", "interaction"]}

INSIGHTS: tuple[Question, ...] = (
    Question(
        "conversions_summary",
        "/analytics/conversions/summary",
        "analytics.conversions.summary",
        "Conversions by type and currency, in all and by day (UTC): how many, what they were "
        "worth, on average of those with a value, and how many purchases were a first and a "
        "repeat one.",
        row(
            {
                "total": rows(
                    row(
                        {"conversionType": TEXT, "count": COUNT, "value": NUMBER},
                        {"currency": TEXT, "averageValue": NUMBER},
                    )
                ),
                "purchases": row({"first": COUNT, "repeat": COUNT}),
                "days": rows(
                    row(
                        {"day": DAY, "conversionType": TEXT, "count": COUNT, "value": NUMBER},
                        {"currency": TEXT, "averageValue": NUMBER},
                    )
                ),
            }
        ),
        limited=False,
    ),
    Question(
        "funnel",
        "/analytics/funnel",
        "analytics.funnel",
        "Sessions that came to each step after the ones before it: product, cart, checkout, "
        "payment, purchase. A session counts where its first step lies.",
        rows(
            row(
                {
                    "step": TEXT,
                    "sessions": COUNT,
                    "shareOfFirst": SHARE,
                    "shareOfPrevious": SHARE,
                }
            )
        ),
        (
            Parameter(
                "within",
                "how long a session may take from its first step: 30m, 1h, 24h, 7d; else any time",
                required=False,
                choices=("30m", "1h", "24h", "7d"),
            ),
        ),
        limited=False,
    ),
    Question(
        "cart_abandonment",
        "/analytics/carts/abandonment",
        "analytics.carts.abandonment",
        "Sessions with a cart or a checkout, and those of them without an order after.",
        row({"carts": COUNT, "purchased": COUNT, "abandoned": COUNT, "rate": SHARE}),
        limited=False,
    ),
    Question(
        "top_products",
        "/analytics/products/top",
        "analytics.products.top",
        "Products by what was bought of them, or viewed or added to carts.",
        rows(
            row(
                {
                    "productId": TEXT,
                    "viewed": COUNT,
                    "added": COUNT,
                    "bought": COUNT,
                    "revenue": rows(row({"currency": TEXT, "value": NUMBER})),
                },
                {"name": TEXT},
            )
        ),
        (
            Parameter(
                "by",
                "what they are sorted by: bought, viewed or added; bought, if left out",
                required=False,
                choices=("bought", "viewed", "added"),
            ),
        ),
        usual=20,
    ),
    Question(
        "top_searches",
        "/analytics/searches/top",
        "analytics.searches.top",
        "What was searched, with and without an order later in the session.",
        rows(
            row({"query": TEXT, "searches": COUNT, "withPurchase": COUNT, "withoutPurchase": COUNT})
        ),
    ),
    Question(
        "session_journey",
        "/analytics/sessions/{sessionId}/journey",
        "analytics.session.journey",
        "All that a session did, the first thing first.",
        rows(
            {"anyOf": [EVENT, PAGE_VIEW, CONVERSION, INTERACTION], "properties": {"model": MODEL}}
        ),
        (Parameter("sessionId", "the session's id", ("session_id", "id"), in_path=True),),
        pages=True,
    ),
    Question(
        "web_vitals",
        "/analytics/web-vitals",
        "analytics.webVitals",
        "How fast pages were by day (UTC): the 75th percentile, at most 1 % off, the newest first.",
        rows(row({"day": DAY, "page": TEXT, "metric": TEXT, "p75": NUMBER, "samples": COUNT})),
        (
            Parameter("page", "only of this page", ("pageUrl", "url"), required=False),
            Parameter("metric", "only of this metric, such as LCP", required=False),
        ),
    ),
    Question(
        "heatmap_grid",
        "/analytics/interactions/heatmap/grid",
        "analytics.interactions.heatmapGrid",
        "Where a page was clicked, ready to draw: x in percent of the width, y in px.",
        row(
            {
                "pageUrl": TEXT,
                "viewport": TEXT,
                "max": COUNT,
                "points": rows(row({"x": NUMBER, "y": NUMBER, "count": COUNT})),
            }
        ),
        (
            Parameter("pageUrl", "the page's address, as it is stored", ("url", "page_url")),
            Parameter(
                "viewport",
                "the class of the visitor's window: mobile (under 768 px), tablet (under "
                "1024), desktop, or unknown, where x is in px; desktop, if left out",
                required=False,
                choices=("mobile", "tablet", "desktop", "unknown"),
            ),
        ),
        usual=1000,
    ),
)
