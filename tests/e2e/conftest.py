"""A server for tests that don't disturb each other, and the published npm packages.

The packages are installed once and kept in the git-ignored ``.cache``.
"""

import os
from pathlib import Path

import pytest

from tests.support.npm import packages
from tests.support.processes import sandbox_running, server_running

NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """A server with its sandbox that all tests of plain HTTP share."""
    folder = tmp_path_factory.mktemp("shop")
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox) as running:
        yield running


@pytest.fixture(scope="session")
def node_modules(request):
    """Where the packages are; None where no chosen test needs them, or they can't be had here."""
    if not any(item.get_closest_marker("needs_node") for item in request.session.items):
        return None
    return packages(NODE, "node")


@pytest.fixture(autouse=True)
def _node_where_it_is_needed(request):
    if request.node.get_closest_marker("needs_node") is None:
        return
    if request.getfixturevalue("node_modules") is None:
        missing = "the npm packages can't be had: npm is not there, or its registry out of reach"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
