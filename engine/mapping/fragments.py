"""``$use``: a branch with the fragments that it takes in."""

from collections.abc import Mapping
from dataclasses import replace

from engine.mapping.scope import nearest
from engine.mapping.tree import Branch, Tree, Use, merge_trees
from engine.model.finding import Finding, error


def taken_in(
    branch: Branch, fragments: Mapping[str, Tree], within: frozenset[str] = frozenset()
) -> tuple[Tree, list[Finding]]:
    """The branch laid over its fragments, each over the one before; ``within`` leads to it."""
    findings: list[Finding] = []
    below: Tree | None = None
    for use in branch.uses:
        fragment, found = _fragment(use, fragments, within)
        findings += found
        if fragment is not None:
            below = fragment if below is None else merge_trees(below, fragment)
    own = replace(branch, uses=())
    if below is None:
        return own, findings
    if isinstance(below, Branch):
        return merge_trees(below, own), findings
    beside = (branch.members, branch.condition, branch.merged, branch.uses[1:])
    if any(beside):
        use = branch.uses[-1]
        message = f"fragment {use.name} is no object, so nothing can stand beside it"
        findings.append(error("E207", use.place, message, "let $use stand alone"))
    return below, findings


def _fragment(
    use: Use, fragments: Mapping[str, Tree], within: frozenset[str]
) -> tuple[Tree | None, list[Finding]]:
    if use.name in within:
        message = f"fragment {use.name} takes in itself"
        return None, [error("E207", use.place, message, "a fragment can't be a part of itself")]
    fragment = fragments.get(use.name)
    if fragment is None:
        hint = nearest(use.name, fragments) or "this file has no fragments"
        return None, [error("E207", use.place, f"unknown fragment {use.name}", hint)]
    if isinstance(fragment, Branch):
        return taken_in(fragment, fragments, within | {use.name})
    return fragment, []
