"""The ids of the store's documents."""

import hashlib


def document_id(message_id: str, rule: str, part: int) -> str:
    """24 hex digits, always the same for one rule's document of one event: an ObjectId in MongoDB.

    Same on every attempt and replay, and known when the event is accepted.
    """
    return hashlib.sha256(f"{message_id}\0{rule}\0{part}".encode()).digest()[:12].hex()
