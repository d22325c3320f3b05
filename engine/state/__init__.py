"""The state: what became of every event, beside the log.

May import ``engine.model``, ``engine.sqlite``, ``engine.codec``. Start reading at ``interface``
(the promises), then ``open`` (the engines by URL).
"""
