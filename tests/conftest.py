"""What holds in all tests: Ctrl-C works, and servers start with the first test that asks for them."""

import signal
from collections.abc import Iterator

import pytest

from tests.support.ferretdb import FerretServer, ferretdb_running
from tests.support.postgres import PostgresServer, postgres_running

# A shell that runs the tests in the background has them ignore Ctrl-C, and every process that they
# start too: those that are stopped by it would go on for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_running() as server:
        yield server


@pytest.fixture(scope="session")
def ferretdb() -> Iterator[FerretServer]:
    with ferretdb_running() as server:
        yield server
