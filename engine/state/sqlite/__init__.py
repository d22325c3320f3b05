"""The embedded state, in one SQLite file that it may share with the log.

Each file owns a table or two and opens with their layout. Start reading at ``state``.
"""
