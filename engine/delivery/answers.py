"""What is kept of a vendor's answer, so that people can read later what it said."""

from collections.abc import Sequence

from engine.codec.body import dumps
from engine.delivery.records import Heard
from engine.model.clock import Millis
from engine.model.delivery import Answer, NoAnswer
from engine.pipeline.request import mask
from engine.telemetry.contact import without_contact

MOST_CHARACTERS = 1000
"""Of one answer; a vendor's words to a refusal have a few hundred."""

MOST_READ = 4 * MOST_CHARACTERS
"""What is looked through for contact data, so that a large answer costs no more than a small."""


def heard(answer: Answer | NoAnswer, batch: int, secrets: Sequence[str], now: Millis) -> Heard:
    """What is kept of the answer to a request of so many payloads.

    It is masked as ``words_of`` does it.
    """
    if isinstance(answer, NoAnswer):
        return Heard(now, None, "", batch)
    body = answer.body
    text = body if isinstance(body, str) else dumps(body).decode()
    return Heard(now, answer.status, words_of(text, secrets)[:MOST_CHARACTERS], batch)


def words_of(text: str, secrets: Sequence[str]) -> str:
    """A vendor's words as they are kept and shown, as a reason too.

    Without the request's secrets, as some vendors repeat what they were sent; ``[email]`` and
    ``[number]`` stand for what may be somebody's address or phone number.
    """
    # Masked before it is cut: half a secret would not be found.
    return without_contact(mask(text, secrets)[:MOST_READ])
