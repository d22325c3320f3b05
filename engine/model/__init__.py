"""The words of the design, as values: events, verdicts, decisions, payloads, outcomes, findings.

May import the standard library and cachetools, nothing of the rest of ``engine``. Pure: no clock,
no network, no storage. Start reading at ``event``, ``verdict``, ``decision``, ``delivery``.
"""
