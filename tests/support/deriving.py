"""A file of rules/derived/ over a real log and a real state; only time is steered."""

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from textwrap import dedent

import trio

from engine.delivery.derive import Deriving
from engine.delivery.made import Around
from engine.ingest.accept import Ingest, accept
from engine.ingest.fill import Fills
from engine.ingest.people import People
from engine.log.open import LogSettings, open_log
from engine.model.cache import Caches
from engine.model.clock import Millis, Uptime, to_iso
from engine.model.event import Inbound, Source
from engine.model.verdict import Accepted
from engine.model.window import BACK_FILL
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices
from tests.support.events import NOW, SHOP
from tests.support.releases import a_release

HOUR_S = 3600.0

CART = """
    derived: it
    from: { event: [Product Added, Product Removed, Cart Viewed] }
    without: { event: Order Completed }
    within: 1h
    key: ["{{ properties.cart_id }}", person]
    figures:
      products:
        list: { product_id: "{{ properties.product_id }}", price: "{{ properties.price }}" }
        by: "{{ properties.product_id }}"
        set: "{{ properties.products }}"
        drop: "{{ event.event == 'Product Removed' }}"
    emit:
      - when: "{{ figures.products | length > 0 }}"
        event:
          event: Cart Abandoned
          properties: { products: "{{ figures.products }}", value: "{{ figures.products | sum('price') }}" }
    """

PURCHASES = """
    derived: it
    from: { event: Order Completed }
    key: person
    once: "{{ properties.order_id }}"
    figures: { orders: { count: true }, revenue: { sum: "{{ properties.total }}" } }
    fill: { new_customer: "{{ figures.orders == 1 }}" }
    emit:
      - when: "{{ figures.orders == 1 }}"
        event: { event: First Purchase, properties: { order_id: "{{ properties.order_id }}" } }
      - when: "{{ figures.orders > 1 }}"
        event: { event: Repeat Purchase, properties: { orders: "{{ figures.orders }}", revenue: "{{ figures.revenue }}" } }
    """


def added(who, product="A", price=10, **properties):
    return {
        "event": "Product Added",
        **who,
        "properties": {"product_id": product, "price": price, **properties},
    }


def order(who, order_id="1", **properties):
    return {
        "event": "Order Completed",
        **who,
        "properties": {"order_id": order_id, "total": 10, **properties},
    }


GUEST = {"anonymousId": "browser-1"}
LUCIA = {"userId": "lucia"}


@dataclass
class Wall:
    """A wall clock that goes on as trio's does, and can be set."""

    at: int = NOW
    boot: str = "a start of the machine"
    _time: trio.abc.Clock = field(default_factory=trio.lowlevel.current_clock)
    _begun_s: float = field(default_factory=trio.current_time)

    def __call__(self) -> Millis:
        # Asked from the writer's thread too.
        return Millis(round(self.at + self._passed_ms()))

    def uptime(self) -> Uptime:
        return Uptime(self.boot, round(self._passed_ms()))

    def _passed_ms(self) -> float:
        return (self._time.current_time() - self._begun_s) * 1000


@dataclass
class Derivation:
    """One server's life over a data folder."""

    deriving: Deriving
    ingest: Ingest
    wall: Wall
    said: io.StringIO
    known: set = field(default_factory=set)
    numbers: int = 0

    async def send(self, *events, at=None):
        """Accept events, received now; each is a body without ids and times."""
        now = self.wall()
        inbounds = []
        for number, body in enumerate(events):
            self.numbers += 1
            whole = {
                "type": "track",
                "messageId": f"m{self.numbers}-{now}",
                "timestamp": to_iso(Millis(now if at is None else at)),
                **body,
            }
            inbounds.append(Inbound(SHOP, whole, now, number))
        verdicts = await accept(self.ingest, inbounds)
        assert all(isinstance(one, Accepted) for one in verdicts), verdicts
        return [one.event for one in verdicts]

    async def settle(self):
        """Read the log to its end, and let fall due what is over."""
        group = self.deriving.derived.group
        while await self.ingest.log.backlog(group) or await self.deriving.timers.wait_s() <= 0:
            await self.deriving.step()

    async def made(self):
        """The events that were made so far, as they stand in the log."""
        entries = await self.ingest.log.read_range(0, 10_000)
        return [one.event for one in entries if "derived" in one.event.body.get("context", {})]

    async def names(self):
        """Their names, in the order of the log."""
        return [one.name for one in await self.made()]

    async def ask_back_fill(self, since=0):
        """As the command does."""
        name = f"{BACK_FILL}{self.deriving.derived.name}"
        await self.ingest.state.set_setting(name, str(since))
        self.deriving.look()


@asynccontextmanager
async def a_derivation(folder, text, wall=None, *, begin=True, extra=None):
    """A server's life; the same folder and wall make the next one."""
    files = {"rules/derived/it.yaml": dedent(text), **(extra or {})}
    release = a_release(folder / "project", files)
    wall = wall or Wall()
    said = io.StringIO()
    notices = Notices(make_logger(as_json=True, stream=said))
    async with Databases(folder) as databases:
        log = await open_log("sqlite:encamina.db", databases, LogSettings(wall, 86_400_000))
        state = await open_state("sqlite:encamina.db", databases)
        people = People(state, notices, Caches.on())
        fills = Fills(state, notices)
        ingest = Ingest(lambda: release, log, state, notices, people, None, fills)
        around = Around(
            {"shop": Source("shop")},
            log,
            state,
            partial(accept, ingest, is_ours=True),
            notices,
            wall,
            wall.uptime,
            people,
            release.spec.remember_ms,
            fills.applied,
        )
        [derived] = [one for one in release.derived if one.document.file.endswith("/it.yaml")]
        await log.create_group(derived.group)
        await fills.begin(release, log, people, wall())
        deriving = Deriving(derived, around)
        if begin:
            await deriving.begin()
        yield Derivation(deriving, ingest, wall, said)
