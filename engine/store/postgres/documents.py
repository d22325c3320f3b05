"""Documents in their table: written, replaced and removed together with what they count for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.codec.body import dumps
from engine.model.clock import Millis
from engine.store.changes import Change
from engine.store.facts import Fact, facts_of, text_at
from engine.store.interface import Document, Model
from engine.store.postgres.connection import Connection, rows, run
from engine.store.postgres.counts import change_counts, moment
from engine.store.postgres.stories import MILLIS, tell_again
from engine.store.postgres.tables import MODELS, NUMBERS, lock
from engine.store.sessions import moment_of

_WRITE = """
    INSERT INTO encamina_documents
        (id, model, at, session, user_id, category, story, body, facts)
    SELECT * FROM unnest(
        %s::text[], %s::smallint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[],
        %s::json[], %s::json[], %s::json[]
    )
    ON CONFLICT (id) DO UPDATE SET
        model = excluded.model, at = excluded.at, session = excluded.session,
        user_id = excluded.user_id, category = excluded.category, story = excluded.story,
        body = excluded.body, facts = excluded.facts
"""
_KEPT = f"""
    SELECT {MILLIS}, facts, CASE WHEN story IS NOT NULL THEN session END
    FROM encamina_documents WHERE id = ANY(%s)
"""  # noqa: S608 - our own text
_OLDEST = """
    SELECT id FROM encamina_documents WHERE model = %s AND at < %s ORDER BY at, id LIMIT %s
"""


class _Kept(NamedTuple):
    """What has to be known of a document that goes."""

    at: Millis
    facts: list[Fact]
    story_of: str | None


def write_documents(connection: Connection, documents: Sequence[Document]) -> None:
    """Keep these; of several under one id the last."""
    lock(connection)
    newest = {one.id: one for one in documents}
    counted = {id_: facts_of(one) for id_, one in newest.items()}
    changes = [Change(one.at, fact, 1) for id_, one in newest.items() for fact in counted[id_]]
    kept = _kept(connection, newest)
    changes += _taken_back(kept)
    written = [_row(one, counted[id_]) for id_, one in newest.items()]
    run(connection, _WRITE, [list(column) for column in zip(*written, strict=True)])
    touched = [text_at(one.body, "sessionId") for one in newest.values() if _story(one)]
    change_counts(connection, changes + tell_again(connection, touched + _stories(kept)))


def remove_before(connection: Connection, before: Millis, limit: int) -> int:
    """Remove documents older than that moment, the oldest of each model first; how many."""
    lock(connection)
    ids: list[str] = []
    for number in range(len(MODELS)):
        ids += [
            id_ for (id_,) in rows(connection, _OLDEST, (number, moment(before), limit - len(ids)))
        ]
    if ids:
        kept = _kept(connection, ids)
        run(connection, "DELETE FROM encamina_documents WHERE id = ANY(%s)", (ids,))
        change_counts(connection, _taken_back(kept) + tell_again(connection, _stories(kept)))
    return len(ids)


def count_documents(connection: Connection) -> dict[Model, int]:
    """How many of each model there are."""
    found = dict(rows(connection, "SELECT model, count(*) FROM encamina_documents GROUP BY model"))
    return {model: int(found.get(NUMBERS[model], 0)) for model in MODELS}


def _row(document: Document, facts: Sequence[Fact]) -> tuple[object, ...]:
    body = document.body
    is_event = document.model is Model.EVENT
    return (
        document.id,
        NUMBERS[document.model],
        moment(document.at),
        text_at(body, "sessionId"),
        text_at(body, "userId") or None,
        (text_at(body, "eventCategory") or None) if is_event else None,
        _story(document),
        dumps(body).decode(),
        dumps(facts).decode(),
    )


def _story(document: Document) -> str | None:
    """What it means to its session, as it is kept."""
    found = moment_of(document.at, document.about)
    return None if found is None else dumps([found.step, found.search]).decode()


def _kept(connection: Connection, ids: Iterable[str]) -> list[_Kept]:
    """What is kept under these ids."""
    found = rows(connection, _KEPT, (list(ids),))
    return [
        _Kept(Millis(at), [Fact(*fact) for fact in facts], story_of)
        for at, facts, story_of in found
    ]


def _taken_back(kept: Sequence[_Kept]) -> list[Change]:
    return [Change(one.at, fact, -1) for one in kept for fact in one.facts]


def _stories(kept: Sequence[_Kept]) -> list[str]:
    return [one.story_of for one in kept if one.story_of is not None]
