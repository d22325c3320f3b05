"""The catalogue of questions: one declaration each, from which every face is made.

HTTP routes, NestJS patterns, commands and the OpenAPI page all read this list; an engine of the
store answers by ``name``. The first eight are those of the shop's own analytics module.
"""

from engine.store.arguments import read_arguments
from engine.store.declared import Asked, Parameter, Question, QuestionError
from engine.store.insights import INSIGHTS
from engine.store.shapes import CONVERSION, COUNT, EVENT, NUMBER, TEXT, row, rows

__all__ = [
    "QUESTIONS",
    "Asked",
    "Parameter",
    "Question",
    "QuestionError",
    "question",
    "read_arguments",
]

USER = Parameter("userId", "the user's id", ("user_id", "id"), in_path=True)
SESSION = Parameter("sessionId", "the session's id", ("session_id", "id"), in_path=True)
PAGE = Parameter("pageUrl", "the page's address, as it is stored", ("url", "page_url"))

OF_THE_MODULE: tuple[Question, ...] = (
    Question(
        "events_by_category",
        "/analytics/events/category/{category}",
        "analytics.events.byCategory",
        "Events of a category, the newest first.",
        rows(EVENT),
        (
            Parameter(
                "category",
                "page_view, user_interaction, conversion, custom, or one of your own",
                ("eventCategory",),
                in_path=True,
            ),
        ),
        pages=True,
    ),
    Question(
        "events_by_user",
        "/analytics/events/user/{userId}",
        "analytics.events.byUser",
        "Events of a user, the newest first.",
        rows(EVENT),
        (USER,),
        pages=True,
    ),
    Question(
        "events_by_session",
        "/analytics/events/session/{sessionId}",
        "analytics.events.bySession",
        "Events of a session, the newest first.",
        rows(EVENT),
        (SESSION,),
        pages=True,
    ),
    Question(
        "popular_pages",
        "/analytics/page-views/popular",
        "analytics.pageViews.popular",
        "Pages by their views, the most viewed first.",
        rows(row({"pageUrl": TEXT, "views": COUNT})),
    ),
    Question(
        "session_duration",
        "/analytics/page-views/session/{sessionId}/duration",
        "analytics.session.duration",
        "Seconds from the first to the last page view of a session; 0 of one that is not known.",
        row({"sessionId": TEXT, "durationSeconds": NUMBER}),
        (SESSION,),
        limited=False,
        dated=False,
    ),
    Question(
        "top_interactions",
        "/analytics/interactions/top",
        "analytics.interactions.top",
        "Interactions by type and element, the most frequent first.",
        rows(row({"interactionType": TEXT, "count": COUNT}, {"elementId": TEXT})),
    ),
    Question(
        "heatmap",
        "/analytics/interactions/heatmap",
        "analytics.interactions.heatmap",
        "Where a page was clicked: points, then elements of interactions that came without one.",
        rows(
            row(
                {"count": COUNT},
                {
                    "x": NUMBER,
                    "y": NUMBER,
                    "elementId": TEXT,
                    "elementClass": TEXT,
                    "elementText": TEXT,
                },
            )
        ),
        (PAGE,),
        usual=1000,
    ),
    Question(
        "conversions_by_user",
        "/analytics/conversions/user/{userId}",
        "analytics.conversions.byUser",
        "Conversions of a user, the newest first.",
        rows(CONVERSION),
        (USER,),
        pages=True,
    ),
)


QUESTIONS: tuple[Question, ...] = (*OF_THE_MODULE, *INSIGHTS)


def question(name: str) -> Question | None:
    """The question of that name."""
    return next((one for one in QUESTIONS if one.name == name), None)
