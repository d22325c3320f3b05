"""Every static check over a release, in one report."""

from engine.model.finding import Finding
from engine.project.spec import Project
from engine.release.checks.archive import check_archive
from engine.release.checks.contracts import check_contracts
from engine.release.checks.derived import check_derived
from engine.release.checks.fields import check_fields
from engine.release.checks.inbound import check_inbound
from engine.release.checks.mailbox import check_mailbox
from engine.release.checks.paths import check_paths
from engine.release.checks.posted import check_posted
from engine.release.checks.posts import check_posts
from engine.release.checks.privacy import check_privacy
from engine.release.checks.reach import check_reach
from engine.release.checks.secrets import check_secrets
from engine.release.checks.signatures import check_signatures
from engine.release.checks.store import check_store
from engine.release.checks.urls import check_urls
from engine.release.release import Release


def check(project: Project, release: Release) -> list[Finding]:
    """What the files say that can't be meant: no clock, no environment, no network is asked."""
    return [
        *check_reach(project, release),
        *check_fields(project, release),
        *check_contracts(project, release),
        *check_mailbox(release),
        *check_store(release),
        *check_archive(release),
        *check_paths(release),
        *check_privacy(release),
        *check_inbound(project, release),
        *check_posts(project),
        *check_posted(project, release),
        *check_signatures(project),
        *check_derived(project, release),
        *check_urls(project),
        *check_secrets(project),
    ]
