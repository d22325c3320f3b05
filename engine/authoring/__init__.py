"""For those who write rules: dry-run, explain, scaffolds. Nothing is sent or kept.

May import pipeline and below, but nothing that keeps or sends. Pure. Start reading at ``dry_run``.
"""
