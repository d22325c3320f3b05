"""The layout of the store in PostgreSQL, in the schema that the URL names, else ``public``.

Written by the process that serves, read by all, one writer at a time (``lock``)::

    encamina_documents  id text, the _id; model smallint, as MODELS numbers them
                        at timestamptz
                        session, user_id text; category text, of events only
                        story json, of what means something to its session: step and search
                        body json, the fields; facts json, what it was counted with:
                        a list of [kind, scope, key, number, amount]
    encamina_counts     of_what bytea, the digest of kind and scope; kind, scope text
                        period bigint, as engine/store/periods numbers them
                        key_digest bytea; key text
                        number bigint, amount numeric: the sums over the documents of that period
                        rows whose sums are 0 are removed
    encamina_stories    session text, at timestamptz, facts json: what a session counts for as a
                        whole (engine/store/sessions)
    encamina_store      version integer: how many of SCRIPTS were run

``json``, not ``jsonb``: it gives back what came byte for byte, with its order and its numbers, and
takes a NUL in a text, which ``jsonb`` refuses. ``body::jsonb`` is one cast away. Texts sort by
their bytes (``COLLATE "C"``), whatever the database does. An index holds 2,700 bytes an entry at
most, so indexes of texts are over their hashes.
"""

from typing import Final

from engine.model.errors import StorageError
from engine.store.interface import Model
from engine.store.postgres.connection import Connection, rows, run

MODELS = (Model.EVENT, Model.PAGE_VIEW, Model.CONVERSION, Model.INTERACTION)
NUMBERS = {model: number for number, model in enumerate(MODELS)}

# Any number will do, as long as it stays the same.
_LOCK = 0x656E6361

SCRIPTS: Final = (
    """
    CREATE TABLE encamina_documents (
        id text COLLATE "C" PRIMARY KEY,
        model smallint NOT NULL,
        at timestamptz NOT NULL,
        session text COLLATE "C" NOT NULL,
        user_id text COLLATE "C",
        category text COLLATE "C",
        story json,
        body json NOT NULL,
        facts json NOT NULL
    );
    CREATE INDEX encamina_documents_by_time ON encamina_documents (model, at, id);
    CREATE INDEX encamina_documents_by_session
        ON encamina_documents (hashtextextended(session, 0), model, at, id);
    CREATE INDEX encamina_documents_by_user
        ON encamina_documents (hashtextextended(user_id, 0), model, at, id)
        WHERE user_id IS NOT NULL;
    CREATE INDEX encamina_documents_by_category
        ON encamina_documents (hashtextextended(category, 0), model, at, id)
        WHERE category IS NOT NULL;
    CREATE INDEX encamina_documents_of_stories
        ON encamina_documents (hashtextextended(session, 0), at, id) WHERE story IS NOT NULL;
    CREATE TABLE encamina_counts (
        of_what bytea NOT NULL,
        kind text NOT NULL,
        scope text COLLATE "C" NOT NULL,
        period integer NOT NULL,
        key_digest bytea NOT NULL,
        key text COLLATE "C" NOT NULL,
        number bigint NOT NULL,
        amount numeric NOT NULL,
        PRIMARY KEY (of_what, period, key_digest)
    );
    CREATE INDEX encamina_counts_at_the_top ON encamina_counts (of_what, period, number DESC);
    CREATE TABLE encamina_stories (
        session text COLLATE "C" NOT NULL,
        at timestamptz NOT NULL,
        facts json NOT NULL
    );
    CREATE INDEX encamina_stories_by_session ON encamina_stories (hashtextextended(session, 0));
    CREATE INDEX encamina_stories_by_time ON encamina_stories (at);
    """,
    # Sums by hour, beside those by day, of what is there already.
    """
    ALTER TABLE encamina_counts ALTER COLUMN period TYPE bigint;
    INSERT INTO encamina_counts (of_what, kind, scope, period, key_digest, key, number, amount)
    SELECT substring(
               sha256(convert_to(kind, 'UTF8') || '\\x00'::bytea || convert_to(scope, 'UTF8'))
               FROM 1 FOR 16
           ),
           kind, scope, period, substring(sha256(convert_to(key, 'UTF8')) FROM 1 FOR 16), key,
           sum(number), sum(amount)
    FROM (
        SELECT fact ->> 0 AS kind, fact ->> 1 AS scope, fact ->> 2 AS key,
               -to_char(at AT TIME ZONE 'UTC', 'YYYYMMDDHH24')::bigint AS period,
               (fact ->> 3)::bigint AS number, (fact ->> 4)::numeric AS amount
        FROM (
            SELECT at, facts FROM encamina_documents UNION ALL
            SELECT at, facts FROM encamina_stories
        ) AS kept, json_array_elements(facts) AS fact
    ) AS counted
    GROUP BY kind, scope, period, key
    HAVING sum(number) <> 0 OR sum(amount) <> 0;
    """,
)
"""What ``migrate`` runs, one script a version."""


def lock(connection: Connection) -> None:
    """Wait until no other process writes; held to the end of the transaction.

    Two that wrote one document at once would both count it.
    """
    rows(connection, "SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))", (_LOCK,))


def migrate(connection: Connection, schema: str) -> None:
    """Bring the tables up to date; raises ``StorageError`` where a newer Encamina made them."""
    if not rows(connection, "SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)):
        run(connection, f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    lock(connection)
    run(connection, "CREATE TABLE IF NOT EXISTS encamina_store (version integer NOT NULL)")
    version = _version(connection)
    if version == len(SCRIPTS):
        return
    # Over millions of documents one may take a while.
    run(connection, "SET LOCAL statement_timeout = 0")
    for script in SCRIPTS[version:]:
        run(connection, script)
    run(connection, "DELETE FROM encamina_store")
    run(connection, "INSERT INTO encamina_store VALUES (%s)", (len(SCRIPTS),))


def check_version(connection: Connection) -> None:
    """Raise ``StorageError`` where the tables are not there, or not of this version."""
    there = rows(connection, "SELECT to_regclass('encamina_store') IS NOT NULL")[0][0]
    if not there or _version(connection) < len(SCRIPTS):
        raise StorageError("store: its tables are not there yet; `encamina serve` makes them")


def _version(connection: Connection) -> int:
    found = rows(connection, "SELECT version FROM encamina_store")
    version = int(found[0][0]) if found else 0
    if version > len(SCRIPTS):
        raise StorageError(
            f"store: its tables are of version {version}, made by a newer Encamina; this one knows"
            f" {len(SCRIPTS)}"
        )
    return version
