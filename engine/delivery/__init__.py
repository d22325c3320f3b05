"""The way out: one consumer a destination reads the log, sends, and settles what came of it.

May import pipeline and below, log, state, telemetry, httpx (``send`` alone). Start reading at
``destination``.
"""
