"""The store in a SQLite file, by default one of its own: ``analytics.db``.

Owns the tables of ``tables`` and their SQL. Start reading at ``store``.
"""
