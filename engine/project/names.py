"""The nearest right name, for all that reads the project's files."""

from engine.model.names import did_you_mean, nearest

__all__ = ["did_you_mean", "nearest"]
