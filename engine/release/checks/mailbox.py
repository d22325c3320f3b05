"""Rules of a mailbox whose payloads would reach nobody."""

from engine.model.finding import Finding, error
from engine.release.release import Release


def check_mailbox(release: Release) -> list[Finding]:
    """An error for each rule that doesn't say which browser session its payload is for."""
    findings: list[Finding] = []
    for destination in release.destinations:
        if (mailbox := destination.mailbox) is None:
            continue
        key = mailbox.key
        findings += [
            error(
                "E321",
                rule.place,
                f"rule {rule.name} gives no {'.'.join(key)}, so no browser session can fetch it",
                "give it in the payload of the rule or in defaults: mailbox.key names it",
            )
            for rule in destination.routes.rules
            if rule.template is not None
            and not any(leaf[: len(key)] == key for leaf, _ in rule.template.leaves)
        ]
    return findings
