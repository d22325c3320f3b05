"""What a person changes while it runs: pauses, dead letters, quarantine, replays, keys.

Start reading at ``verbs``. May import ingest, delivery and all floors below; used by ``/admin`` and
by the commands, which do the same where no server holds the data folder.
"""
