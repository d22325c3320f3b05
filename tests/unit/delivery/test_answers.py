"""What is kept of an answer."""

import pytest

from engine.delivery.answers import MOST_CHARACTERS, heard
from engine.delivery.records import Heard
from engine.model.clock import Millis
from engine.model.delivery import Answer, NoAnswer

NOW = Millis(1_000)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (Answer(200, {}, {"events_received": 1}), Heard(NOW, 200, '{"events_received":1}', 2)),
        (Answer(503, {}, "try later ñ"), Heard(NOW, 503, "try later ñ", 2)),
        (Answer(204, {}, ""), Heard(NOW, 204, "", 2)),
        (NoAnswer("no answer within 10 s"), Heard(NOW, None, "", 2)),
    ],
)
def test_json_and_text_are_kept_as_they_came(answer, kept):
    assert heard(answer, 2, (), NOW) == kept


def test_secrets_and_contact_data_are_taken_out():
    body = {"message": "bad token s3cret for Ana.Ruiz@shop.example, +57 300 765 4321"}

    kept = heard(Answer(400, {}, body), 1, ("s3cret",), NOW)

    assert kept.answer == '{"message":"bad token *** for [email], [number]"}'


def test_a_secret_is_not_left_where_a_long_answer_is_cut():
    text = "x" * (MOST_CHARACTERS - 3) + "s3cret" + "y" * 10_000

    kept = heard(Answer(400, {}, text), 1, ("s3cret",), NOW)

    assert len(kept.answer) == MOST_CHARACTERS
    assert kept.answer.endswith("x***")
