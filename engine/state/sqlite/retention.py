"""What is older than ``privacy.keep.audit`` goes: records of deliveries, and the quarantine.

What no archive has taken yet goes with the records that it tells of.
"""

from engine.model.clock import Millis
from engine.sqlite.connection import Connection
from engine.state.sqlite import deliveries, outbox


def delete_old(connection: Connection, before: Millis, limit: int) -> int:
    """Remove some of what is older than that moment; how many went, 0 where none is left."""
    # In the order in which they came, so that no index by age is needed.
    quarantined = connection.execute(
        "DELETE FROM quarantine WHERE number IN (SELECT number FROM ("
        " SELECT number, received_at FROM quarantine ORDER BY number LIMIT ?"
        ") WHERE received_at < ?)",
        (limit, before),
    )
    # So what no archive could write for so long doesn't pile up for ever.
    noted = outbox.delete_old(connection, before, limit)
    return quarantined.rowcount + noted + deliveries.delete_old(connection, before, limit)
