"""Documents in their table: written, replaced and removed together with what they count for."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from engine.codec.body import dumps, loads
from engine.model.clock import Millis
from engine.sqlite.connection import Connection
from engine.sqlite.rows import read_packed, write_rows
from engine.store.changes import Change
from engine.store.facts import Fact, facts_of, text_at
from engine.store.interface import Document, Model
from engine.store.sessions import moment_of
from engine.store.sqlite.counts import change_counts
from engine.store.sqlite.stories import tell_again
from engine.store.sqlite.tables import MODELS, NUMBERS

_HEAD = "INSERT INTO documents (id, model, at, session, user, category, story, body, facts)"
_TAIL = (
    "ON CONFLICT (id) DO UPDATE SET model = excluded.model, at = excluded.at,"
    " session = excluded.session, user = excluded.user, category = excluded.category,"
    " story = excluded.story, body = excluded.body, facts = excluded.facts"
)
_AMONG = "id IN (SELECT value FROM json_each(?))"


_Row: TypeAlias = tuple[str, int, Millis, str, str | None, str | None, str | None, str, str]
"""The columns of ``_HEAD``."""


class _Kept(NamedTuple):
    """What has to be known of a document that goes."""

    at: Millis
    facts: list[Fact]
    story_of: str | None


def write_documents(connection: Connection, documents: Sequence[Document]) -> None:
    """Keep these; of several under one id the last."""
    newest = {one.id: one for one in documents}
    counted = {id_: facts_of(one) for id_, one in newest.items()}
    changes = [Change(one.at, fact, 1) for id_, one in newest.items() for fact in counted[id_]]
    kept = _kept(connection, newest)
    changes += _taken_back(kept)
    rows = [_row(one, counted[id_]) for id_, one in newest.items()]
    write_rows(connection, _HEAD, rows, _TAIL)
    touched = [row[3] for row in rows if row[6] is not None]
    changes += tell_again(connection, touched + _stories(kept))
    change_counts(connection, changes)


def remove_before(connection: Connection, before: Millis, limit: int) -> int:
    """Remove documents older than that moment, the oldest of each model first; how many."""
    ids: list[str] = []
    for number in range(len(MODELS)):
        found = connection.execute(
            "SELECT id FROM documents WHERE model = ? AND at < ? ORDER BY at, id LIMIT ?",
            (number, before, limit - len(ids)),
        )
        ids += [id_ for (id_,) in found]
    if ids:
        kept = _kept(connection, ids)
        connection.execute(f"DELETE FROM documents WHERE {_AMONG}", (_as_list(ids),))  # noqa: S608 - our own text
        change_counts(connection, _taken_back(kept) + tell_again(connection, _stories(kept)))
    return len(ids)


def count_documents(connection: Connection) -> dict[Model, int]:
    """How many of each model there are."""
    rows = connection.execute("SELECT model, count(*) FROM documents GROUP BY model")
    found = {MODELS[model]: count for model, count in rows}
    return {model: found.get(model, 0) for model in MODELS}


def _row(document: Document, facts: Sequence[Fact]) -> _Row:
    body = document.body
    is_event = document.model is Model.EVENT
    moment = moment_of(document.at, document.about)
    return (
        document.id,
        NUMBERS[document.model],
        document.at,
        text_at(body, "sessionId"),
        text_at(body, "userId") or None,
        (text_at(body, "eventCategory") or None) if is_event else None,
        None if moment is None else dumps([moment.step, moment.search]).decode(),
        dumps(body).decode(),
        dumps(facts).decode(),
    )


def _kept(connection: Connection, ids: Iterable[str]) -> list[_Kept]:
    """What is kept under these ids."""
    packed = read_packed(
        connection,
        "'[' || at || ',' || facts || ',' || json_quote(story_of) || ']'",
        f"SELECT at, facts, iif(story IS NULL, NULL, session) AS story_of"  # noqa: S608 - our own text
        f" FROM documents WHERE {_AMONG}",
        (_as_list(ids),),
    )
    # As ``_row`` wrote it.
    found = cast("list[Any]", loads(packed))
    return [_Kept(at, [Fact(*fact) for fact in facts], story_of) for at, facts, story_of in found]


def _taken_back(kept: Sequence[_Kept]) -> list[Change]:
    return [Change(one.at, fact, -1) for one in kept for fact in one.facts]


def _stories(kept: Sequence[_Kept]) -> list[str]:
    return [one.story_of for one in kept if one.story_of is not None]


def _as_list(ids: Iterable[str]) -> str:
    return dumps(list(ids)).decode()
