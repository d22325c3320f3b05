"""SQLite files: one writer each with group commit, read connections, versions of their tables.

May import ``engine.model`` and is the one door to ``sqlite3``. The rooms above bring the SQL and
never see the library: they get a ``Connection``. Start reading at ``database``, then ``writer``.
"""
