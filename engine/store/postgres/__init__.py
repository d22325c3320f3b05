"""The store in a PostgreSQL database: ``postgresql://…`` in ``store:``.

Owns the tables of ``tables`` and their SQL; ``connection`` is the one door to psycopg.
Start reading at ``store``.
"""
