"""What is kept of a vendor's answer, so that people can read later what it said."""

from collections.abc import Sequence

from engine.codec.body import dumps
from engine.delivery.records import Heard
from engine.mapping.filters.contact import clean_text
from engine.model.clock import Millis
from engine.model.delivery import Answer, NoAnswer
from engine.pipeline.request import mask

MOST_CHARACTERS = 1000
"""Of one answer; a vendor's words to a refusal have a few hundred."""

MOST_READ = 4 * MOST_CHARACTERS
"""What is looked through for contact data, so that a large answer costs no more than a small."""


def heard(answer: Answer | NoAnswer, batch: int, secrets: Sequence[str], now: Millis) -> Heard:
    """What is kept of the answer to a request of so many payloads.

    Without the request's secrets, as some vendors repeat what they were sent; ``[email]`` and
    ``[number]`` stand for what may be somebody's address or phone number.
    """
    if isinstance(answer, NoAnswer):
        return Heard(now, None, "", batch)
    body = answer.body
    text = body if isinstance(body, str) else dumps(body).decode()
    # Masked before it is cut: half a secret would not be found.
    shown = clean_text(mask(text, secrets)[:MOST_READ])
    return Heard(now, answer.status, shown[:MOST_CHARACTERS], batch)
