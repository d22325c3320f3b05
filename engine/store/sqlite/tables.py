"""The layout of the store in its SQLite file. Written by the process that serves, read by all.

::

    documents  seq INTEGER
               id TEXT, the _id; model INTEGER, as MODELS numbers them
               at INTEGER, milliseconds
               session TEXT; user TEXT; category TEXT, of events only
               story TEXT, of what means something to its session: a list of step and search
               body TEXT, the fields as JSON, as engine/codec/body writes it
               facts TEXT, what it was counted with: a list of [kind, scope, key, number, amount]
    counts     kind, scope TEXT, period INTEGER, key TEXT, the key
               number, amount INTEGER: the sums over the documents of that period
               period as engine/store/periods numbers them; rows whose sums are 0 are removed

    stories    session TEXT, at INTEGER, facts TEXT: what a session counts for as a whole
               (engine/store/sessions), worked out anew when one of its documents changes

Each document stands in ``counts`` in four rows a fact: its hour, its day, its month, all time. So a
question over any range reads few rows, and documents only at the ends that are no whole hours.
"""

from engine.store.interface import Model

MODELS = (Model.EVENT, Model.PAGE_VIEW, Model.CONVERSION, Model.INTERACTION)
NUMBERS = {model: number for number, model in enumerate(MODELS)}

SCRIPTS = [
    """
    CREATE TABLE documents (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        model INTEGER NOT NULL,
        at INTEGER NOT NULL,
        session TEXT NOT NULL,
        user TEXT,
        category TEXT,
        story TEXT,
        body TEXT NOT NULL,
        facts TEXT NOT NULL
    );
    CREATE INDEX documents_by_time ON documents (model, at, id);
    CREATE INDEX documents_by_session ON documents (session, model, at, id);
    CREATE INDEX documents_by_user ON documents (user, model, at, id) WHERE user IS NOT NULL;
    CREATE INDEX documents_by_category ON documents (category, at, id) WHERE category IS NOT NULL;
    CREATE INDEX documents_of_stories ON documents (session, at, id) WHERE story IS NOT NULL;
    CREATE TABLE stories (
        session TEXT NOT NULL,
        at INTEGER NOT NULL,
        facts TEXT NOT NULL
    );
    CREATE INDEX stories_by_session ON stories (session);
    CREATE INDEX stories_by_time ON stories (at);
    CREATE TABLE counts (
        kind TEXT NOT NULL,
        scope TEXT NOT NULL,
        period INTEGER NOT NULL,
        key TEXT NOT NULL,
        number INTEGER NOT NULL,
        amount INTEGER NOT NULL,
        PRIMARY KEY (kind, scope, period, key)
    ) WITHOUT ROWID;
    CREATE INDEX counts_at_the_top ON counts (kind, scope, number DESC, key) WHERE period = 0;
    """,
    # Sums by hour, beside those by day, of what is there already.
    """
    INSERT INTO counts (kind, scope, period, key, number, amount)
        SELECT kind, scope, period, key, sum(number), sum(amount)
        FROM (
            SELECT fact.value ->> 0 AS kind, fact.value ->> 1 AS scope, fact.value ->> 2 AS key,
                -coalesce(
                    strftime('%Y%m%d%H', (at - 999 * (at < 0)) / 1000, 'unixepoch'), 9999123123
                ) AS period,
                fact.value ->> 3 AS number, fact.value ->> 4 AS amount
            FROM (
                SELECT at, facts FROM documents UNION ALL SELECT at, facts FROM stories
            ) AS kept, json_each(kept.facts) AS fact
        )
        GROUP BY kind, scope, period, key
        HAVING sum(number) <> 0 OR sum(amount) <> 0;
    """,
]
"""What ``migrate`` runs, one script a version."""
