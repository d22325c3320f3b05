"""The HTTP faces: parse, authenticate, ``accept``, express the verdicts.

May import ``engine/ingest``, ``engine/delivery`` and below, and Starlette. Start reading at
``segment``.
"""
