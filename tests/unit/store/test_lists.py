"""A document as lists show it."""

from engine.store.interface import Model
from engine.store.lists import as_shown
from engine.store.reading import Found


def test_no_field_of_a_document_stands_in_place_of_its_id_or_its_time():
    body = {"timestamp": "never", "a": 1, "_id": "forged"}
    shown = as_shown(Found("0" * 24, 0, Model.EVENT, body))
    assert [*shown] == ["_id", "timestamp", "a"]
    assert (shown["_id"], shown["timestamp"]) == ("0" * 24, "1970-01-01T00:00:00.000Z")
