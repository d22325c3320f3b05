"""The analytics store: what the shop's own questions are answered from.

Owns the four models of stored documents, the catalogue of questions, and the engines that keep and
answer (one engine library a file; ``open`` is the table from URL to engine). May import
``engine.model``, ``engine.sqlite``, ``engine.codec``, ``engine.telemetry``. Start reading at
``interface``.
"""
