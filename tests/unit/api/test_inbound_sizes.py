"""How much a posted body may hold, and what who posts too much of it is told."""

import pytest

from tests.support.inbounds import FILES, an_inbound_face

pytestmark = pytest.mark.trio

KEY = {"Authorization": "Bearer shop-key"}
SETTINGS = FILES["encamina.yaml"].replace(
    "server: {", "server: { max_event: 2KiB, max_request: 8MiB,"
)
NOTES = """
    inbound: notes
    source: shop
    post: { answer: verdicts }
    each: note in body.notes
    event:
      type: track
      event: Note Taken
      messageId: "{{ note.id }}"
      userId: lucia
      context: { posted: { model: event, document: "{{ note }}" } }
      properties:
        words: { $for: "word in note.words or []", $do: { word: "{{ word }}" } }
        text: "{{ note.text }}"
    """


def files(notes: str = NOTES) -> dict[str, str]:
    return {"encamina.yaml": SETTINGS, "rules/inbound/notes.yaml": notes}


async def post(face, *notes):
    return await face.http.post("/ingest/notes", json={"notes": [*notes]}, headers=KEY)


async def test_of_too_many_elements_the_caller_is_told_in_words_of_the_body(tmp_path):
    async with an_inbound_face(tmp_path, files()) as face:
        answer = await post(face, {"id": "n-1", "words": ["a"] * 1001})

        assert answer.status_code == 400
        assert answer.json() == {
            "success": False,
            "statusCode": 400,
            "code": "too_large",
            "message": "the body is too large: its lists have more than 1,000 elements in all",
        }
        assert await face.kept() == []


async def test_too_long_a_body_is_told_so(tmp_path):
    async with an_inbound_face(tmp_path, files()) as face:
        answer = await post(face, {"id": "n-1", "text": "x" * 600_000})

        assert (answer.status_code, answer.json()["code"]) == (400, "too_large")
        assert answer.json()["message"] == (
            "the body is too large: what is made of it would be longer than 1,000,000 characters"
        )


async def test_one_event_of_too_much_costs_no_other_of_its_body(tmp_path):
    async with an_inbound_face(tmp_path, files()) as face:
        answer = await post(face, {"id": "n-1", "words": ["a"] * 1001}, {"id": "n-2", "text": "b"})

        assert answer.status_code == 201
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 1)
        assert answer.json()["results"][0]["errors"] == [
            {
                "path": "",
                "message": "the body is too large: its lists have more than 1,000 elements in all",
            }
        ]


async def test_what_is_kept_of_a_body_beside_its_event_does_not_count(tmp_path):
    async with an_inbound_face(tmp_path, files()) as face:
        fits = await post(face, {"id": "n-1", "text": "x" * 1_600})
        larger = await post(face, {"id": "n-2", "text": "x" * 2_048})

        assert (fits.json()["accepted"], larger.json()["quarantined"]) == (1, 1)
        assert "more than 2,048" in larger.json()["results"][0]["errors"][0]["message"]


async def test_a_mapping_may_have_a_size_of_its_own(tmp_path):
    own = NOTES.replace("answer: verdicts", "answer: verdicts, max_event: 4KiB")
    async with an_inbound_face(tmp_path, files(own)) as face:
        fits = await post(face, {"id": "n-1", "text": "x" * 3_600})
        larger = await post(face, {"id": "n-2", "text": "x" * 4_100})

        assert (fits.json()["accepted"], larger.json()["quarantined"]) == (1, 1)


async def test_what_a_caller_sends_as_posted_is_not_taken_for_ours(tmp_path):
    passed_on = NOTES.replace(
        'context: { posted: { model: event, document: "{{ note }}" } }',
        'context: { $merge: "{{ note.context }}" }',
    )
    context = {"locale": "es-CO", "posted": {"model": "event", "document": {"text": "x" * 5_000}}}
    async with an_inbound_face(tmp_path, files(passed_on)) as face:
        answer = await post(face, {"id": "n-1", "text": "b", "context": context})

        assert answer.json()["accepted"] == 1
        assert (await face.kept())[0]["context"].keys() == {"locale", "consent"}
