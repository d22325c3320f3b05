"""Encamina's engine: the path of an event from a source to every destination.

The rooms and the floors they stand on are drawn in ``docs/architecture.md``; start reading at
``engine/server/run.py``, where every long-lived task is started.
"""
