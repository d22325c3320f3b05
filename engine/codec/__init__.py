"""Bodies as bytes and back.

May import ``engine.model``. Start reading at ``body``.
"""
