"""Holding a writer's thread, so that tests decide what waits for it."""

import threading

import trio
import trio.testing

from engine.sqlite.connection import connect_to_read


def insert(number):
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (number,)).lastrowid


def on_disk(writer):
    connection = connect_to_read(writer.path)
    try:
        return sorted(row[0] for row in connection.execute("SELECT n FROM t"))
    finally:
        connection.close()


class Gate:
    """Holds the writer's thread within a first piece of work, so that others come to wait."""

    def __init__(self):
        self._open = threading.Event()

    def __call__(self, connection):
        self._open.wait(5)

    def open(self):
        self._open.set()


async def behind_a_gate(writer, *calls):
    """Run the calls at the same time, while the writer is at work; then let all go on."""
    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(writer.run, gate)
        await trio.testing.wait_all_tasks_blocked()
        for call in calls:
            nursery.start_soon(call)
        await trio.testing.wait_all_tasks_blocked()
        gate.open()
