"""What the data folder knows of the people in some events: what they consented to."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from cli.looks import looking
from cli.tasks import run
from engine.model.clock import Millis
from engine.model.event import Event
from engine.model.jsonvalue import Json, as_body
from engine.model.person import Memory, PersonKey, Remembered
from engine.pipeline.consent import stored_for
from engine.pipeline.identity import ids_of

Stored = Callable[[Event], Mapping[str, Remembered]]


def nothing_stored(_event: Event) -> Mapping[str, Remembered]:
    """Without a data folder, what the event itself states is all there is."""
    return {}


def stored_consent(project: Path, folder: Path, bodies: Sequence[Json], since: Millis) -> Stored:
    """The statements stored of each event's person; raises ``DataFolderError`` without a folder."""
    keys = {key for body in bodies for key in ids_of(as_body(body)).asked()}
    known = run(partial(_people, project, folder, keys, since))
    return lambda event: stored_for(event, known, since)


async def _people(
    project: Path, folder: Path, keys: set[PersonKey], since: Millis
) -> Mapping[PersonKey, Memory]:
    async with looking(project, folder) as look:
        return await look.state.people(list(keys), since=since)
