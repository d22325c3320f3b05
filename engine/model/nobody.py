"""Ids that mean nobody: what clients send where there is no user."""

NOBODY = frozenset(
    [
        "(not set)",
        "-",
        "--",
        "0",
        "00000000-0000-0000-0000-000000000000",
        "222222222222",  # the customer of a Colombian invoice to nobody in particular
        "[object object]",
        "anon",
        "anonimo",
        "anonymous",
        "anonymous-user",
        "anónimo",
        "backend",
        "consumidor final",
        "desconocido",
        "distinct_id",
        "distinctid",
        "email",
        "false",
        "guest",
        "id",
        "invitada",
        "invitado",
        "n/a",
        "nan",
        "nil",
        "none",
        "not set",
        "not_authenticated",
        "null",
        "system",
        "true",
        "undefined",
        "unknown",
        "user",
    ]
)
"""In lower case. One of them for all would make one person of all, consent included."""
