"""The analytics store: there is one, and its rules say what each document is."""

from engine.model.finding import Finding, error
from engine.release.release import Release

OF_A_DOCUMENT = ("model", "document", "timestamp")


def check_store(release: Release) -> list[Finding]:
    """Errors about a second store, and rules whose payload is no document."""
    stores = [one for one in release.destinations if one.store is not None]
    findings = [
        error(
            "E330",
            one.place,
            f"{one.name} is a second store, after {stores[0].name}",
            "write one destination with kind: store: the questions are answered from it",
        )
        for one in stores[1:]
    ]
    for store in stores:
        for rule in store.routes.rules:
            if rule.template is None:
                continue
            given = {leaf[0] for leaf, _ in rule.template.leaves if leaf}
            findings += [
                error(
                    "E331",
                    rule.place,
                    f"rule {rule.name} gives no {name}, so it makes no document",
                    "give model, timestamp and document in the payload or in defaults",
                )
                for name in OF_A_DOCUMENT
                if name not in given
            ]
    return findings
