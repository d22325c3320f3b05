"""Static checks over a release: each takes the release and gives findings.

May import the rest of ``engine/release``, mapping and model. Start reading at ``run``.
"""
