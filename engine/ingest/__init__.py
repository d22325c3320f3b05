"""The way in: who sends, what is accepted, and that it is on disk before anyone is told.

May import pipeline and below, log, state, telemetry. Start reading at ``accept``.
"""
