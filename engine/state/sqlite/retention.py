"""What is older than ``privacy.keep.audit`` goes: records of deliveries, and the quarantine."""

from engine.model.clock import Millis
from engine.sqlite.connection import Connection
from engine.state.sqlite import deliveries


def delete_old(connection: Connection, before: Millis, limit: int) -> int:
    """Remove some of what is older than that moment; how many went, 0 where none is left."""
    # In the order in which they came, so that no index by age is needed.
    quarantined = connection.execute(
        "DELETE FROM quarantine WHERE number IN (SELECT number FROM ("
        " SELECT number, received_at FROM quarantine ORDER BY number LIMIT ?"
        ") WHERE received_at < ?)",
        (limit, before),
    )
    return quarantined.rowcount + deliveries.delete_old(connection, before, limit)
