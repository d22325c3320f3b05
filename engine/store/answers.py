"""Each question of the catalogue, answered on any engine."""

from collections.abc import Mapping

from engine.model.errors import StorageError
from engine.model.jsonvalue import Json
from engine.store.declared import Asked
from engine.store.facts import parts_of_key
from engine.store.further import FURTHER, Answering
from engine.store.interface import Answer, Model
from engine.store.lists import page_of, range_of, session_seconds
from engine.store.reading import Counts, Reading, Whose


def answer(reading: Reading, asked: Asked) -> Answer:
    """What a question is answered; raises ``StorageError`` for one that nobody declared."""
    answering = ANSWERS.get(asked.name)
    if answering is None:
        raise StorageError(f"store: no question is known by the name {asked.name!r}")
    return answering(reading, asked)


def _events_by_category(reading: Reading, asked: Asked) -> Answer:
    whose = Whose(Model.EVENT, "category", asked.arguments["category"])
    return page_of(reading, whose, asked)


def _events_by_user(reading: Reading, asked: Asked) -> Answer:
    return page_of(reading, Whose(Model.EVENT, "user", asked.arguments["userId"]), asked)


def _events_by_session(reading: Reading, asked: Asked) -> Answer:
    return page_of(reading, Whose(Model.EVENT, "session", asked.arguments["sessionId"]), asked)


def _conversions_by_user(reading: Reading, asked: Asked) -> Answer:
    return page_of(reading, Whose(Model.CONVERSION, "user", asked.arguments["userId"]), asked)


def _session_duration(reading: Reading, asked: Asked) -> Answer:
    session = asked.arguments["sessionId"]
    seconds = session_seconds(reading, session)
    return Answer({"sessionId": session, "durationSeconds": seconds})


def _popular_pages(reading: Reading, asked: Asked) -> Answer:
    which = Counts("page", "", (Model.PAGE_VIEW,))
    found = reading.top(which, range_of(reading, asked, which), asked.limit)
    return Answer([{"pageUrl": one.key, "views": one.number} for one in found])


def _top_interactions(reading: Reading, asked: Asked) -> Answer:
    which = Counts("interaction", "", (Model.INTERACTION,))
    found = reading.top(which, range_of(reading, asked, which), asked.limit)
    rows: list[Json] = []
    for one in found:
        kind, element = parts_of_key(one.key)
        named = {"elementId": element} if element else {}
        rows.append({"interactionType": kind, **named, "count": one.number})
    return Answer(rows)


def _heatmap(reading: Reading, asked: Asked) -> Answer:
    """Points, and then, up to the limit, the elements of interactions that came without one."""
    points = Counts("point", asked.arguments["pageUrl"], (Model.INTERACTION,))
    parts = range_of(reading, asked, points)
    rows: list[Json] = []
    for one in reading.top(points, parts, asked.limit):
        x, y = parts_of_key(one.key)
        rows.append({"x": x, "y": y, "count": one.number})
    left = asked.limit - len(rows)
    for one in reading.top(points._replace(kind="element"), parts, left) if left else ():
        names = zip(
            ("elementId", "elementClass", "elementText"), parts_of_key(one.key), strict=True
        )
        rows.append({**{name: value for name, value in names if value}, "count": one.number})
    return Answer(rows)


ANSWERS: Mapping[str, Answering] = {
    "events_by_category": _events_by_category,
    "events_by_user": _events_by_user,
    "events_by_session": _events_by_session,
    "popular_pages": _popular_pages,
    "session_duration": _session_duration,
    "top_interactions": _top_interactions,
    "heatmap": _heatmap,
    "conversions_by_user": _conversions_by_user,
    **FURTHER,
}
