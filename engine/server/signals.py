"""SIGINT and SIGTERM: the first asks for an orderly stop, the second ends at once."""

import signal

import trio


async def stop_on_signal(stop: trio.Event) -> None:
    """Set ``stop`` at the first signal; raise ``KeyboardInterrupt`` at the second."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            if stop.is_set():
                raise KeyboardInterrupt
            stop.set()
