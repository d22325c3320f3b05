"""Personal data that a rule reads and its destination is not given."""

from engine.model.finding import Finding, warning
from engine.release.release import Release

IP = ("context", "ip")


def check_privacy(release: Release) -> list[Finding]:
    """A warning for each rule that reads the IP for a destination whose ``ip:`` is none."""
    return [
        warning(
            "W330",
            read.place,
            f"context.ip is always missing here: {destination.name} has ip: none",
            "write ip: full or ip: truncated in its destination file, or take this out",
        )
        for destination in release.destinations
        if destination.ip == "none"
        for rule in destination.routes.rules
        for read in (rule.template.reads if rule.template else ())
        if read.path[-2:] == IP
    ]
