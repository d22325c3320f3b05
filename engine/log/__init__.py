"""The log: accepted events, durable, read by each group at its own pace.

May import ``engine.model``, ``engine.sqlite``, ``engine.codec``. Start reading at ``interface``
(the promises), then ``open`` (the engines by URL).
"""
