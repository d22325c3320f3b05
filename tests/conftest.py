"""Servers that tests of any folder may ask for: started with the first of them, once a run."""

from collections.abc import Iterator

import pytest

from tests.support.ferretdb import FerretServer, ferretdb_running
from tests.support.postgres import PostgresServer, postgres_running


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_running() as server:
        yield server


@pytest.fixture(scope="session")
def ferretdb() -> Iterator[FerretServer]:
    with ferretdb_running() as server:
        yield server
