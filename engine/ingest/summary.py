"""What a request that was taken is answered: counts of verdicts, and what was not accepted."""

from collections.abc import Sequence

from engine.model.jsonvalue import Body, Json
from engine.model.verdict import (
    VERDICTS,
    Accepted,
    Duplicate,
    Quarantined,
    Rejected,
    Suppressed,
    Verdict,
    verdict_name,
)

LISTED = 100
"""Verdicts listed in an answer; the counts tell of all."""


def summary(verdicts: Sequence[Verdict], warnings: Sequence[str] = ()) -> Body:
    """The answer to a request that was taken: counts, and what was not accepted with reasons."""
    counts = dict.fromkeys(VERDICTS, 0)
    results: list[Json] = []
    for index, verdict in enumerate(verdicts):
        counts[verdict_name(verdict)] += 1
        if not isinstance(verdict, Accepted) and len(results) < LISTED:
            results.append(_result(index, verdict))
    answer: dict[str, Json] = {"success": True, "received": len(verdicts), **counts}
    answer["results"] = results
    if warnings:
        answer["warnings"] = list(warnings)
    return answer


def _result(index: int, verdict: Quarantined | Rejected | Duplicate | Suppressed) -> Body:
    reasons = verdict.reasons if isinstance(verdict, Quarantined | Rejected) else ()
    message_id = (
        verdict.event.message_id if isinstance(verdict, Quarantined) else verdict.message_id
    )
    return {
        "index": index,
        "messageId": message_id,
        "verdict": verdict_name(verdict),
        "errors": [reason.as_json() for reason in reasons],
    }
