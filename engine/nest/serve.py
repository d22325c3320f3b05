"""The listener: frames in, answers out (built next)."""
