"""The ids of the store's documents."""

import hashlib


def document_id(message_id: str, rule: str, part: int) -> str:
    """24 hex digits, always the same for one rule's document of one event: an ObjectId in MongoDB.

    Same on every attempt and replay, and known when the event is accepted.
    """
    return _digits(f"{message_id}\0{rule}\0{part}")


def imported_id(model: str, foreign: str) -> str:
    """The same for a document of another module whose own id, ``foreign``, has another form.

    By model, as each collection may count from 1.
    """
    return _digits(f"import\0{model}\0{foreign}")


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode()).digest()[:12].hex()
