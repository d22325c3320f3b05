"""The closed list of filters and tests, each declared once.

May import ``engine.model`` and ``engine.mapping.missing``, ``faults``, ``limits``. Start reading at
``spec``, then ``catalogue``.
"""
