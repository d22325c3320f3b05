"""The JSON Schemas of what is answered: the four models, and rows of counts."""

from collections.abc import Mapping

from engine.model.jsonvalue import Json

TEXT: Mapping[str, Json] = {"type": "string"}
NUMBER: Mapping[str, Json] = {"type": "number"}
COUNT: Mapping[str, Json] = {"type": "integer", "minimum": 0}
OPEN: Mapping[str, Json] = {"type": "object"}
DAY: Mapping[str, Json] = {"type": "string", "format": "date"}
SHARE: Mapping[str, Json] = {"type": "number", "minimum": 0, "maximum": 1}


def rows(row: Mapping[str, Json]) -> Mapping[str, Json]:
    """A list of these."""
    return {"type": "array", "items": row}


def row(
    required: Mapping[str, Json], optional: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _model(required: Mapping[str, Json], optional: Mapping[str, Json]) -> Mapping[str, Json]:
    """A document: what callers sent beside the model's own fields is kept with it."""
    return {
        "type": "object",
        "properties": {
            "_id": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
            **required,
            **optional,
            "timestamp": {"type": "string", "format": "date-time"},
        },
        "required": ["_id", *required, "timestamp"],
    }


EVENT = _model(
    {"eventName": TEXT, "eventCategory": TEXT, "eventAction": TEXT, "sessionId": TEXT},
    {"eventLabel": TEXT, "eventValue": NUMBER, "userId": TEXT, "metadata": OPEN},
)
PAGE_VIEW = _model(
    {"pageUrl": TEXT, "pageTitle": TEXT, "sessionId": TEXT},
    {"referrer": TEXT, "userId": TEXT, "deviceInfo": OPEN, "location": OPEN},
)
CONVERSION = _model(
    {"conversionType": TEXT, "sessionId": TEXT},
    {
        "conversionValue": NUMBER,
        "currency": TEXT,
        "userId": TEXT,
        # As they were posted: some shops number their products.
        "productIds": rows({"type": ["string", "integer"]}),
        "orderId": TEXT,
    },
)
INTERACTION = _model(
    {"interactionType": TEXT, "pageUrl": TEXT, "sessionId": TEXT},
    {
        "elementId": TEXT,
        "elementClass": TEXT,
        "elementText": TEXT,
        "userId": TEXT,
        "x": NUMBER,
        "y": NUMBER,
        "viewportWidth": NUMBER,
        "viewportHeight": NUMBER,
        "scrollDepth": NUMBER,
    },
)
