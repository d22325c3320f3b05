"""A consumer over a real log and a real state; only the vendor is played."""

import io
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import trio

from engine.codec.body import loads
from engine.delivery.attempt import Attempts
from engine.delivery.breaker import Breaker
from engine.delivery.destination import Consumer
from engine.delivery.gate import Gate
from engine.delivery.pace import Pace
from engine.delivery.settle import Settlement
from engine.log.open import LogSettings, open_log
from engine.model.clock import system_clock, to_iso
from engine.model.delivery import Answer, NoAnswer
from engine.model.event import Event
from engine.pipeline.admit import admit
from engine.sqlite.database import Databases
from engine.state.interface import DeliveryFilter
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import SHOP, an_event, an_inbound
from tests.support.releases import FILES, a_release

QUICK = FILES["destinations/hook.yaml"] + "retry: { first: 10ms, longest: 20ms }\n"
OK = Answer(200, {}, {})


@dataclass
class Vendor:
    """Answers what it is told, and keeps what it got."""

    answers: Callable[[list], Answer | NoAnswer] = lambda items: OK
    got: list = field(default_factory=list)

    async def send(self, vendor, request, timeout_ms):
        items = loads(request.body)["items"]
        self.got.append([item["id"] for item in items])
        return self.answers(items)

    def ids(self):
        return [one for batch in self.got for one in batch]


@dataclass
class Running:
    """A consumer's surroundings."""

    log: object
    state: object
    vendor: Vendor
    release: object
    said: io.StringIO

    async def append(self, *ids, **overrides):
        return await self.log.append([self.event(one, **overrides) for one in ids])

    def event(self, message_id, **overrides) -> Event:
        now = system_clock()
        body = an_event(messageId=message_id, timestamp=to_iso(now), **overrides)
        return admit(self.release, replace(an_inbound(body), received_at=now)).event

    async def deliveries(self):
        found = await self.state.deliveries(DeliveryFilter(), limit=1000)
        return {one.message_id: one for one in found}

    async def reach(self, state, count=1):
        with trio.fail_after(10):
            while True:
                found = [one for one in (await self.deliveries()).values() if one.state is state]
                if len(found) >= count:
                    return found
                await trio.sleep(0.01)

    @asynccontextmanager
    async def consuming(self, release=None):
        release = release or self.release
        [hook] = release.destinations
        notices = Notices(make_logger(as_json=True, stream=self.said))
        gate = Gate(system_clock, Breaker(hook.breaker))
        settlement = Settlement("hook", self.log, self.state, notices)
        attempts = Attempts(
            hook,
            release.env,
            self.vendor,
            settlement,
            gate,
            Pace(None),
            notices,
            system_clock,
            lambda: 0.5,
        )
        consumer = Consumer(hook, release.name, {"shop": SHOP}, self.log, self.state, attempts)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(consumer.run)
            yield consumer
            consumer.stop()


@asynccontextmanager
async def a_consumer_s_world(folder):
    """Its surroundings, with the project ``QUICK``."""
    release = a_release(folder, {"destinations/hook.yaml": QUICK})
    async with Databases(folder) as files:
        log = await open_log("sqlite:kept.db", files, LogSettings(system_clock, 1000))
        await log.create_group("hook")
        state = await open_state("sqlite:kept.db", files)
        yield Running(log, state, Vendor(), release, io.StringIO())
