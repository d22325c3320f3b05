"""``dry-run --against-vendor``: what the vendors themselves say of the payloads."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, TypeAlias

import trio
from rich.console import Console

from cli.output import Exit, err, plain
from engine.authoring.dry_run import Dry
from engine.delivery.send import Sender, open_sender
from engine.delivery.verify import Opinion, ask
from engine.model.clock import Millis
from engine.model.decision import Verb
from engine.pipeline.request import Moment
from engine.release.destination import Mode
from engine.release.release import Release
from engine.server.vendors import vendors_of

Opinions: TypeAlias = Mapping[int, Opinion]
"""By the position of the decision; one without a payload that would be sent has none."""

NOBODY_ASKED: Final[Opinions] = {}


def tell_with_opinions(
    release: Release,
    dries: Iterable[Dry],
    at: Millis,
    named: Collection[str],
    tell: Callable[[Dry, Opinions], Exit],
) -> Exit:
    """Asks the vendors about each event, tells what they say, and gives the worst exit code.

    Of a destination that is off the vendor is asked only if the destination is one of ``named``.
    """
    vendors = vendors_of(release.env)
    err().print(f"[dim]{plain(str(vendors))}[/]")

    async def ask_in_turn() -> Exit:
        worst = Exit.FINE
        async with open_sender(vendors.sandbox_url) as sender:
            for dry in dries:
                worst = max(worst, tell(dry, await _opinions(sender, release, dry, at, named)))
        return worst

    return trio.run(ask_in_turn)


async def _opinions(
    sender: Sender, release: Release, dry: Dry, at: Millis, named: Collection[str]
) -> Opinions:
    """What is said of each payload that would be sent; of what stays here, nobody is asked."""
    return {
        index: await ask(sender, destination, release.env, decision.payload, Moment(at))
        for index, (destination, decision) in enumerate(dry.decisions)
        if decision.payload is not None
        and decision.verb not in (Verb.INVALID, Verb.ERROR)
        and (destination.mode is not Mode.OFF or destination.name in named)
    }


def exit_of(opinions: Opinions) -> Exit:
    """1 where a vendor finds a problem, 2 where one that can be asked doesn't answer."""
    said = opinions.values()
    if any(one.fault and one.could_be_asked for one in said):
        return Exit.COULD_NOT_RUN
    return Exit.FINDINGS if any(one.problems for one in said) else Exit.FINE


def show_opinion(console: Console, opinion: Opinion | None) -> None:
    """A line for each problem, or one that says that there is none or that nobody was asked."""
    if opinion is None:
        return
    if opinion.fault:
        console.print(f"      [yellow]vendor not asked[/]: {plain(opinion.fault)}")
    elif not opinion.problems:
        console.print("      [green]vendor[/]: no problems")
    for problem in opinion.problems:
        console.print(f"      [red]vendor[/]: {plain(problem)}")
