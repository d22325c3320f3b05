"""What the log is told of posted bodies that are not as they should be."""

import io
import json
from dataclasses import replace

import pytest

from engine.ingest.foreign import Came, take
from engine.model.errors import Refused
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import NOW
from tests.support.inbounds import an_inbound_face

pytestmark = pytest.mark.trio

NOTES = """
    inbound: notes
    source: shop
    post: { warnings: [{ when: "{{ body.odd }}", path: odd, message: is odd }] }
    each: note in body.notes
    event:
      type: track
      event: Order Completed
      messageId: "{{ note.id }}"
      userId: lucia
      properties:
        order_id: "{{ note.order }}"
        note: seen
        words: { $for: "word in note.words or []", $do: { word: "{{ word }}" } }
    otherwise: { event: note_taken }
    """


async def lines(folder, body):
    """What the log says of a body, and why it was refused, if it was."""
    said, refused = io.StringIO(), ""
    files = {"rules/inbound/notes.yaml": NOTES}
    async with an_inbound_face(folder, files) as face:
        ingest = replace(
            face.control.ingest, notices=Notices(make_logger(as_json=True, stream=said))
        )
        mapping = ingest.release().inbound("notes")
        try:
            await take(ingest, mapping, body, Came(), None, NOW)
        except Refused as error:
            refused = error.code
    told = [json.loads(line) for line in said.getvalue().splitlines()]
    return [one for one in told if one.get("inbound") == "notes"], refused


async def test_a_warning_names_the_event_and_the_field_of_the_body(tmp_path):
    body = {"notes": [{"id": "n-1", "order": "SO-1"}, {"id": "n-2"}]}

    [line], refused = await lines(tmp_path, body)

    assert (line["event"], line["message_ids"], refused) == ("taken with warnings", ["n-2"], "")
    assert line["warnings"] == [
        "notes[].order: is not as Order Completed needs it, so the event is kept as a custom one"
    ]


async def test_a_warning_of_the_whole_body_names_all_its_events(tmp_path):
    body = {"odd": True, "notes": [{"id": f"n-{n}", "order": "SO-1"} for n in range(2)]}

    [line], _ = await lines(tmp_path, body)

    assert (line["message_ids"], line["warnings"]) == (["n-0", "n-1"], ["odd: is odd"])


async def test_of_what_was_too_much_it_says_in_which_line_of_the_mapping(tmp_path):
    body = {"notes": [{"id": "n-1", "order": "SO-1", "words": ["a"] * 1001}]}

    [line], refused = await lines(tmp_path, body)

    assert (line["event"], refused) == ("not taken", "too_large")
    assert line["warnings"][0].endswith("(rules/inbound/notes.yaml:13)")


async def test_what_an_event_was_meant_as_and_why_it_is_none_stands_in_it(tmp_path):
    files = {"rules/inbound/notes.yaml": NOTES}
    async with an_inbound_face(tmp_path, files) as face:
        ingest = face.control.ingest
        body = {"notes": [{"id": "n-1"}]}
        await take(ingest, ingest.release().inbound("notes"), body, Came(), None, NOW)

        [kept] = await face.kept()
        assert kept["event"] == "note_taken"
        assert kept["context"]["posted"] == {"meant": "Order Completed", "wrong": ["notes[].order"]}
