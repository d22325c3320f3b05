"""The published server SDKs when the network or the server fails: they try again, none is twice."""

from collections import Counter
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from tests.e2e.gate import gate, port_of
from tests.e2e.sdks import SDKS, UNROUTED, calls_of, params, sdk_running, send_all
from tests.support.processes import sandbox_running, server_running, wait_until

pytestmark = pytest.mark.slow

COUNT = 30
# Its own three retries are over after 1.4 s, in which no process can be relied on to start.
PATIENT = {"rudder-node": {"retryCount": 8}}

each_sdk = pytest.mark.parametrize("sdk", params(SDKS))


@pytest.fixture(scope="module")
def troubles(tmp_path_factory, node_modules):
    """Each SDK has lost an answer, and has met a server that was away between two halves."""
    here = [sdk for sdk in SDKS if node_modules or not sdk.needs_node]
    folder = tmp_path_factory.mktemp("troubles")
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_running(folder))
        gates, clients = {}, {}
        with server_running(folder, sandbox) as running:
            for sdk in here:
                gates[sdk.name] = stack.enter_context(gate(running.server.url, lose=1))
                clients[sdk.name] = stack.enter_context(
                    sdk_running(sdk, gates[sdk.name].url, node_modules, **PATIENT.get(sdk.name, {}))
                )
            lost_answer = send_all(clients, calls_for(here, "lost"))
            assert running.server.ended() == 0
        for one in gates.values():
            one.target = None
        for name, client in clients.items():
            client.begin(calls_for(here, "away")[name])
        wait_until(lambda: all(one.refused for one in gates.values()))
        with server_running(folder, sandbox) as running:
            for one in gates.values():
                one.target = port_of(running.server.url)
            away = {name: client.account() for name, client in clients.items()}
            events = running.lines("events", "--limit", "100000")
            routed = [one for one in events if one["event"].get("event") != UNROUTED]
            wait_until(lambda: len(running.accepted("posthog")) >= len(routed))
            posthog = Counter(running.accepted("posthog"))
        lost = {name: one.lost for name, one in gates.items()}
        yield SimpleNamespace(
            accounts={"lost": lost_answer, "away": away}, events=events, lost=lost, posthog=posthog
        )


def calls_for(sdks, trouble):
    return {sdk.name: calls_of(f"{sdk.name}-{trouble}", COUNT) for sdk in sdks}


@each_sdk
def test_an_answer_that_was_lost_makes_no_event_come_twice(troubles, sdk):
    assert troubles.lost[sdk.name] == 1
    assert_all_there_once(troubles, sdk, "lost")


@each_sdk
def test_a_restart_between_two_batches_loses_and_doubles_nothing(troubles, sdk):
    assert_all_there_once(troubles, sdk, "away")


def assert_all_there_once(troubles, sdk, trouble):
    wanted = [call["userId"] for call in calls_for([sdk], trouble)[sdk.name]]
    account = troubles.accounts[trouble][sdk.name]
    people = [one["event"]["userId"] for one in troubles.events]

    assert account.failed == {}
    assert sorted(account.delivered) == wanted
    assert sorted(one for one in people if one in set(wanted)) == wanted


def test_no_destination_got_anything_twice(troubles):
    assert set(troubles.posthog.values()) == {1}
