"""Commands over a data folder that is filled by hand, without a server."""

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import trio
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from engine.control.control import Control
from engine.control.verbs import perform
from engine.log.interface import Entry
from engine.model.delivery import Attempt, Delivery, DeliveryKey, State
from tests.support.controls import HandClock, a_control, sent
from tests.support.events import NOW, an_event
from tests.support.releases import ENV, FILES

SETTINGS = FILES["encamina.yaml"].replace("encamina.db", "kept.db")


def a_delivery(position=1, **changed):
    """A delivery to the hook that is tried again; ``changed`` replaces fields of it or its key."""
    key = {name: changed.pop(name) for name in ("destination", "rule", "replay") if name in changed}
    made = Delivery(
        key=replace(DeliveryKey(position, "hook", "order"), **key),
        message_id="m1",
        event="Order Completed",
        state=State.RETRYING,
        reason="no answer: status 503",
        attempts=1,
        at=NOW,
        due_at=NOW,
        release="r1",
        event_at=NOW,
        next_at=NOW + 60_000,
        tried=(Attempt(1, NOW, "retry", "status 503", 503, "later", 1),),
    )
    return replace(made, **changed)


@dataclass
class Shop:
    """The small project, its data in the same folder, and commands over both."""

    folder: Path
    changed: dict[str, str]

    def fill(self, *deliveries: Delivery, events=(), read_to: int = 0, pause: str | None = None):
        """Put these into log and state; the hook has read up to ``read_to``."""
        trio.run(partial(self._fill, deliveries, events, read_to, pause))

    async def _fill(self, deliveries, events, read_to, pause):
        clock = HandClock()
        async with a_control(self.folder, clock, self.changed) as control:
            await sent(control, *events)
            for entry in await self._read(control, read_to):
                await control.log.acknowledge("hook", [entry.position])
            await control.state.record(deliveries)
            if pause is not None:
                asked = {"destination": "hook", **({"reason": pause} if pause else {})}
                await perform(control, "destinations/pause", asked)

    async def _read(self, control: Control, read_to: int) -> list[Entry]:
        return list(await control.log.read("hook", read_to)) if read_to else []

    def run(self, command: str, *arguments: str, code: int = 0) -> Result:
        """The command as a person runs it."""
        given = [command, *arguments, "--project", str(self.folder)]
        if command != "dry-run":
            given += ["--data", str(self.folder)]
        done = CliRunner().invoke(app, given)
        if code != 2:
            assert done.exit_code == code, done.output
        return done

    def lines(self, command: str, *arguments: str) -> list[dict]:
        """What the command prints as JSON lines."""
        done = self.run(command, *arguments, "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_WRITE_KEY", ENV["SHOP_WRITE_KEY"])
    for name in ("ENCAMINA_ADMIN_TOKEN", "ENCAMINA_PROJECT", "ENCAMINA_DATA", "ENCAMINA_VENDORS"):
        monkeypatch.delenv(name, raising=False)
    return Shop(tmp_path, {"encamina.yaml": SETTINGS})


@pytest.fixture
def an_order():
    """A good order of that id."""
    return lambda message_id="m1", **changed: an_event(messageId=message_id, **changed)
