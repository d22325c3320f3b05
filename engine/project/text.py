"""The text of a file: UTF-8, of bounded size, without characters that can't be seen."""

import codecs
import re

from engine.model.document import Place
from engine.model.finding import error
from engine.project.nodes import Unreadable

LARGEST = 1024 * 1024
"""Bytes of a file: thirty times the largest of the reference project."""

UNSEEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)

WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(file: str, data: bytes) -> str:
    """The text; raises ``Unreadable`` with the place of the first character that can't stand."""
    if len(data) > LARGEST:
        raise Unreadable(
            error("E100", Place(file), "the file is larger than 1 MiB", "split it into several")
        )
    _refuse_marks(file, data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as fault:
        before = data[: fault.start].decode("utf-8", "replace")
        raise Unreadable(
            error(
                "E101",
                _end_of(file, before),
                f"the byte 0x{data[fault.start]:02X} is not UTF-8",
                "save the file as UTF-8",
            )
        ) from None
    if found := UNSEEN.search(text):
        raise Unreadable(
            error(
                "E101",
                _end_of(file, text[: found.start()]),
                f"the character U+{ord(found[0]):04X} can't stand in a file",
                'remove it, or write it as an escape such as "\\u2028" in double quotes',
            )
        )
    return text


def _refuse_marks(file: str, data: bytes) -> None:
    if data.startswith(WIDE_MARKS):
        message = "the file is UTF-16"
    elif data.startswith(codecs.BOM_UTF8):
        message = "the file begins with a byte order mark"
    else:
        return
    raise Unreadable(
        error("E101", Place(file, 1, 1), message, "save it as UTF-8 without a byte order mark")
    )


def _end_of(file: str, text: str) -> Place:
    lines = re.split(r"\r\n|\r|\n", text)
    return Place(file, len(lines), len(lines[-1]) + 1)
