"""The server's life in one function: opens everything, starts every task, stops in order."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import trio

from engine.api.listener import AtListener
from engine.delivery.send import MOST_EXPORT_BYTES, open_sender
from engine.delivery.supervise import Delivery
from engine.ingest.accept import Ingest
from engine.ingest.authenticate import Keys
from engine.ingest.consent import StoredConsent
from engine.ingest.disk import Disk
from engine.ingest.fill import Fills
from engine.ingest.people import People
from engine.ingest.pull import Pulls
from engine.ingest.stored_keys import stored_keys
from engine.log.open import LogSettings, open_log
from engine.model.cache import Caches
from engine.model.clock import Clock, Millis, system_clock
from engine.project.listeners import NestSpec
from engine.release.release import Release
from engine.server.analytics import open_analytics
from engine.server.app import Faces, build_app
from engine.server.derived import derived_events
from engine.server.folder import Hold, held
from engine.server.http import listening_of, serve_app
from engine.server.nest import nest_face, serve_nest
from engine.server.signals import stop_on_signal
from engine.server.tidy import Tidy
from engine.server.vendors import Vendors
from engine.sqlite.database import Databases
from engine.state.open import open_state
from engine.telemetry.disk import DiskNotices
from engine.telemetry.notices import Notices


@dataclass(frozen=True, slots=True)
class Setup:
    """What a server is started with; ``listening`` is called with its URL once it takes events.

    ``root`` is the project's folder, from which the settings name files. ``nest`` is how NestJS's
    transport is served, None where it isn't.
    """

    release: Release
    data: Path
    listen: str
    vendors: Vendors
    notices: Notices
    caches: Caches
    listening: Callable[[str], None]
    root: Path = Path()
    clock: Clock = system_clock
    nest: NestSpec | None = None


async def run(setup: Setup) -> None:
    """Serve until SIGTERM or SIGINT; then stop accepting, finish what is on its way, and return.

    Raises ``DataFolderError`` or ``ListenError`` where it can't begin.
    """
    spec = setup.release.spec
    _calm_the_collector()
    with held(setup.data, setup.vendors.mode) as hold:
        async with Databases(setup.data) as files, open_sender(setup.vendors.sandbox_url) as sender:
            log = await open_log(
                spec.log_url, files, LogSettings(setup.clock, spec.dedupe_window_ms)
            )
            state = await open_state(spec.state_url, files)
            store = await open_analytics(setup.release, files)
            room = DiskNotices(setup.notices)
            disk = Disk(spec.keep, files.usage, room)
            tidy = Tidy(setup.release, log, state, files, disk, room, setup.clock, store)
            people = People(state, setup.notices, setup.caches)
            fills = Fills(state, setup.notices)
            ingest = Ingest(lambda: setup.release, log, state, setup.notices, people, disk, fills)
            stored = StoredConsent(people, spec.remember_ms, setup.clock)
            keys = Keys(setup.release, setup.caches)
            keys.use(await stored_keys(state))
            await disk.look()
            async with trio.open_nursery() as keeping:
                keeping.start_soon(disk.run)
                keeping.start_soon(tidy.run)
                await _serve(
                    replace(setup, listening=partial(_tell, hold, setup.listening)),
                    keys,
                    ingest,
                    Delivery(
                        setup.release,
                        log,
                        state,
                        sender,
                        setup.notices,
                        setup.clock,
                        stored if spec.remember_ms else None,
                        store,
                        setup.data,
                    ),
                    Pulls(ingest, replace(sender, most_bytes=MOST_EXPORT_BYTES).send, setup.clock),
                )
                keeping.cancel_scope.cancel()


def _tell(hold: Hold, listening: Callable[[str], None], url: str) -> None:
    """Say where it listens: in the lock file, for commands that change something, and to people."""
    hold.listens_at(url)
    listening(url)


def _calm_the_collector() -> None:
    """Leave the release alone, and look for cycles seldom: events make none (tests/bench)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


async def _serve(
    setup: Setup, keys: Keys, ingest: Ingest, delivery: Delivery, pulls: Pulls
) -> None:
    how = listening_of(
        setup.release.spec.server, setup.root, partial(setup.notices.alarm, "listener")
    )
    stop = trio.Event()
    derived = derived_events(ingest, setup.clock)
    grace_s = setup.release.spec.server.shutdown_ms / 1000
    app = build_app(
        Faces(
            ingest,
            delivery,
            pulls,
            setup.notices,
            setup.clock,
            setup.caches,
            setup.vendors.mode,
            stop.is_set,
            keys,
            derived,
        )
    )
    await delivery.create_groups()
    await derived.create_groups()
    if ingest.fills is not None:
        now = setup.clock()
        await ingest.fills.begin(setup.release, ingest.log, ingest.people, now)
    async with trio.open_nursery() as watch:
        watch.start_soon(stop_on_signal, stop)
        async with trio.open_nursery() as tasks:
            tasks.start_soon(delivery.run)
            urls = await tasks.start(partial(serve_app, app, setup.listen, stop.wait, how))
            for one in setup.release.spec.listeners:
                at = partial(serve_app, AtListener(app, one), one.listen, stop.wait, how)
                more = await tasks.start(at)
                setup.notices.said("listening", url=more[0], source=one.source or "by key")
            if setup.nest is not None:
                face = nest_face(ingest, delivery.store, setup.clock, setup.nest)
                await tasks.start(serve_nest, face, setup.nest, setup.root, stop.wait)
            setup.listening(urls[0])
            # Stopped at any moment, what it made is made again, under the same id.
            watch.start_soon(derived.run)
            # Stopped at any moment, a pull repeats nothing and overspends nothing: it need not end.
            watch.start_soon(pulls.run)
            if ingest.people is not None:
                # What a shorter privacy.remember, or none, no longer covers goes at once.
                kept_from = setup.clock() - setup.release.spec.remember_ms
                watch.start_soon(ingest.people.forget, Millis(kept_from))
            await stop.wait()
            setup.notices.said("stopping", within_s=grace_s)
            delivery.stop()
            # What is still on its way after this is sent again after the next start.
            tasks.cancel_scope.deadline = trio.current_time() + grace_s
        watch.cancel_scope.cancel()
    setup.notices.said("stopped")
