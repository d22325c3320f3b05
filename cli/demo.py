"""``make run``: the whole path on one machine, against the sandbox, with a shop's day.

Starts the sandbox and the server as processes of their own, sends the example day, prints what
became of it, and stays up until Ctrl-C. Whatever ``.env`` holds, nothing goes to a real vendor.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import trio

from cli.looks import delivery_counts, looking
from cli.output import Exit, err, out, plain, print_table
from cli.tasks import run
from engine.delivery.send import open_sender
from engine.model.delivery import UNSETTLED, Answer, Request, State
from engine.model.errors import EncaminaError
from engine.model.jsonvalue import Body, Json, as_body
from engine.model.verdict import VERDICTS
from engine.project.env import parse_env
from engine.server.folder import held, mode_of

PROJECT = Path()
DATA = Path(os.environ.get("ENCAMINA_RUN_DATA", "data/demo"))
DAY = Path("tests/data/shop-day.jsonl")
START_WITHIN_S = 30.0
SETTLE_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
POLL_S = 0.2


class DemoError(EncaminaError):
    """The demonstration can't go on."""


def main() -> None:
    """Run the demonstration until Ctrl-C."""
    server = os.environ.get("ENCAMINA_RUN_LISTEN", "127.0.0.1:8080")
    sandbox = os.environ.get("ENCAMINA_RUN_SANDBOX", "127.0.0.1:8090")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    env = _environment(sandbox)
    try:
        for address in (server, sandbox):
            _refuse_taken(address)
        _start_anew()
        with _child(env, "sandbox", "--listen", sandbox) as first:
            _wait_for(f"http://{sandbox}/healthz", first)
            with _child(env, "serve", "--listen", server, "--data", str(DATA)) as second:
                _wait_for(f"http://{server}/readyz", second)
                _print_verdicts(_send_the_day(env, server))
                _print_destinations(run(_settled))
                _say_where_to_look(env, server, sandbox)
                _stay(first, second)
    except EncaminaError as error:
        err().print(f"[red]make run:[/] {plain(str(error))}")
        sys.exit(Exit.COULD_NOT_RUN)
    except KeyboardInterrupt:
        out().print("Stopped.")


def _environment(sandbox: str) -> Mapping[str, str]:
    """The children's environment: the sandbox whatever is set, and demo values without a .env."""
    demo = {} if Path(".env").exists() else parse_env(Path(".env.example").read_bytes())[0]
    return {
        **demo,
        **os.environ,
        "ENCAMINA_VENDORS": "sandbox",
        "ENCAMINA_SANDBOX_URL": f"http://{sandbox}",
        "GA4_MODE": "live",
        "POSTHOG_SCOPE": "all",
        # What it imports would stand among the day's own figures.
        "CLARITY_EXPORT_MODE": "off",
    }


def _refuse_taken(address: str) -> None:
    """Whoever answers there would be taken for our own."""
    if run(partial(_answers, f"http://{address}/", any_status=True)):
        raise DemoError(
            f"something listens on {address} already; stop it, or choose other addresses with "
            "ENCAMINA_RUN_LISTEN and ENCAMINA_RUN_SANDBOX"
        )


def _start_anew() -> None:
    """An empty data folder, unless another demonstration is using it."""
    if DATA.exists():
        with held(DATA, mode_of(DATA) or "sandbox"):
            shutil.rmtree(DATA)


@contextmanager
def _child(env: Mapping[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of ours as a process in a group of its own, ended in order at the end."""
    child = subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, "-m", "cli", *command], env=env, start_new_session=True
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while not run(partial(_answers, url)):
        if child.poll() is not None:
            raise DemoError("a process did not start; what it said stands above")
        if time.monotonic() > deadline:
            raise DemoError(f"{url} did not answer within {START_WITHIN_S:g} s")
        time.sleep(POLL_S)


async def _answers(url: str, *, any_status: bool = False) -> bool:
    async with open_sender(None, proxies=False) as sender:
        answer = await sender.send("", Request("GET", url, {}, {}, b""), timeout_ms=1000)
    return isinstance(answer, Answer) and (any_status or answer.status == 200)


def _send_the_day(env: Mapping[str, str], server: str) -> Body:
    sent = subprocess.run(  # noqa: S603 - our own command
        [
            *(sys.executable, "-m", "cli", "send", str(DAY), "--redate", "--json"),
            *("--url", f"http://{server}"),
        ],
        env=env,
        stdout=subprocess.PIPE,
        check=False,
    )
    if sent.returncode != 0:
        raise DemoError("the example day could not be sent")
    return as_body(json.loads(sent.stdout))


def _print_verdicts(sent: Body) -> None:
    out().print()
    rows: list[tuple[object, ...]] = [("received", sent["received"], "")]
    for verdict in VERDICTS:
        rows += [(verdict, sent[verdict], _whys(sent, verdict))]
    print_table("Events", ["verdict", "count", "why"], rows)


def _whys(sent: Body, verdict: str) -> str:
    results = sent["results"]
    reasons: Counter[str] = Counter()
    for result in map(as_body, results if isinstance(results, list) else []):
        if result["verdict"] == verdict:
            reasons.update(map(_reason, _listed(result["errors"])[:1]))
    return "; ".join(reasons)


def _listed(value: Json) -> list[Body]:
    return [as_body(one) for one in value] if isinstance(value, list) else []


def _reason(error: Body) -> str:
    return f"{error['path'] or 'the event'}: {error['message']}"


async def _settled() -> Mapping[str, Mapping[State, int]]:
    """The deliveries by destination and state, once nothing moves any more."""
    deadline = trio.current_time() + SETTLE_WITHIN_S
    async with looking(PROJECT, DATA) as look:
        before: Mapping[str, Mapping[State, int]] = {}
        while trio.current_time() < deadline:
            counts = await delivery_counts(look)
            if counts == before and _is_quiet(counts):
                return counts
            before = counts
            await trio.sleep(1)
    return before


def _is_quiet(counts: Mapping[str, Mapping[State, int]]) -> bool:
    moving = sum(one.get(state, 0) for one in counts.values() for state in UNSETTLED)
    return bool(counts) and not moving


def _print_destinations(counts: Mapping[str, Mapping[State, int]]) -> None:
    states = [state for state in State if any(one.get(state) for one in counts.values())]
    out().print()
    print_table(
        "Deliveries",
        ["destination", *states, "all"],
        (
            [name, *(one.get(state, 0) for state in states), sum(one.values())]
            for name, one in sorted(counts.items())
        ),
        numbers=len(states) + 1,
    )


def _say_where_to_look(env: Mapping[str, str], server: str, sandbox: str) -> None:
    console = out()
    key = env.get("SHOP_WRITE_KEY", "WRITE_KEY")
    event = (
        '{"userId":"ana","event":"Lead","properties":{"form":"contact"},'
        '"context":{"consent":{"categoryPreferences":{"advertising":true,"analytics":true}}}}'
    )
    lines = (
        ("Send an event", f"curl -u {key}: http://{server}/v1/track -d '{event}'"),
        ("What vendors got", f"http://{sandbox}/received?vendor=meta"),
        ("Ready, counters", f"http://{server}/readyz  http://{server}/metrics"),
        ("Dry-run", f".venv/bin/encamina dry-run {DAY} --destination meta --explain"),
        ("Quarantine", f".venv/bin/encamina events --verdict quarantined --data {DATA}"),
        ("Deliveries", f".venv/bin/encamina deliveries --destination meta --data {DATA}"),
    )
    console.print()
    for what, where in lines:
        console.print(f"[bold]{what:<17}[/] {plain(where)}", soft_wrap=True)
    console.print("\nCtrl-C stops.")


def _stay(*children: subprocess.Popen[bytes]) -> None:
    while all(child.poll() is None for child in children):
        time.sleep(POLL_S)
    raise DemoError("a process ended; what it said stands above")


if __name__ == "__main__":
    main()
