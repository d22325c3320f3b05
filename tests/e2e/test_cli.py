"""The commands as a user types them: help, exit codes, and answers to wrong input."""

import json
import re
import subprocess
import sys

import pytest

from cli.main import COMMANDS
from tests.support.events import an_event
from tests.support.processes import ROOT, a_project, clean_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return a_project(tmp_path_factory.mktemp("project"))


def run(*command, stdin="", **env):
    return subprocess.run(
        [sys.executable, "-m", "cli", *map(str, command)],
        cwd=ROOT,
        env=clean_environment(**env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_s_help_shows_an_example(command):
    done = run(command, "--help")

    assert done.returncode == 0
    assert f"Example: encamina {command}" in re.sub(r"\s+", " ", done.stdout)


def test_the_version_is_the_package_s():
    done = run("--version")

    assert re.fullmatch(r"encamina \d+\.\d+\.\d+\n", done.stdout)


def test_a_command_that_is_none_is_told_with_the_nearest():
    done = run("valdate")

    assert done.returncode == 2
    assert done.stderr == 'encamina: no command "valdate"; did you mean "validate"?\n'


def test_without_a_command_the_help_is_shown():
    assert "validate" in run().stdout


WRONG = {
    "a project that is not there": ["validate", "--project", "/nowhere"],
    "a file that is not there": ["dry-run", "/nowhere.json"],
    "an unknown destination": ["dry-run", "-", "--destination", "mta"],
    "a moment that is none": ["dry-run", "-", "--now", "tomorrow"],
    "a fault that is none": ["sandbox", "--fault", "meta=never"],
    "an address that is none": ["sandbox", "--listen", "nowhere"],
    "no data folder": ["events", "--data", "/nowhere"],
    "no server": ["send", "-", "--url", "http://127.0.0.1:9"],
    "a folder that is not empty": ["init", str(ROOT)],
    "a mode that is none": ["serve", "--listen", "127.0.0.1:0"],
}


@pytest.mark.parametrize("command", WRONG.values(), ids=WRONG)
def test_what_can_not_run_says_why_in_a_line_and_exits_with_2(command):
    done = run(*command, stdin=json.dumps(an_event()), ENCAMINA_VENDORS="neither")

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "fault of Encamina" not in done.stderr
    assert done.stderr.startswith(("encamina: ", "Encamina"))


@pytest.mark.parametrize(
    "stdin", ["not json", '{"a": 1}\n{oops', "\x00", '["unclosed"', "{'single': 1}"]
)
def test_events_that_are_no_json_are_told_with_the_line(stdin):
    done = run("dry-run", "-", stdin=stdin)

    assert done.returncode == 2
    assert re.match(r"encamina: standard input:\d+: no JSON", done.stderr)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (json.dumps(an_event()), 1),
        (json.dumps([an_event(), an_event()]), 2),
        (json.dumps({"batch": [an_event(), an_event(), an_event()]}), 3),
        ("\n".join([json.dumps(an_event())] * 4) + "\n\n", 4),
        (json.dumps(an_event(), indent=2), 1),
        ("[]", 0),
    ],
    ids=["one", "list", "batch", "lines", "spread over lines", "none"],
)
def test_dry_run_reads_every_form(text, count):
    done = run("dry-run", "-", "--json", "--now", "2026-11-20T15:00:00Z", stdin=text)

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == count
    assert done.returncode == 0


def test_dry_run_reads_a_folder(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(an_event()))
    (tmp_path / "b.jsonl").write_text(json.dumps(an_event()) + "\n")
    (tmp_path / "notes.txt").write_text("not an event")

    done = run("dry-run", tmp_path, "--json", "--now", "2026-11-20T15:00:00Z")

    assert len(done.stdout.splitlines()) == 2


def test_dry_run_exits_with_1_for_an_event_that_is_not_accepted():
    done = run("dry-run", "-", stdin=json.dumps(an_event(properties={})))

    assert done.returncode == 1
    assert "properties.order_id: is missing" in done.stdout


def test_dry_run_shows_what_goes_out_and_why():
    done = run(
        *("dry-run", "-", "--destination", "meta", "--explain", "--request"),
        *("--now", "2026-11-20T15:00:00Z"),
        stdin=json.dumps(an_event()),
    )

    assert '"event_name": "Purchase"' in done.stdout
    assert "consent: advertising granted" in done.stdout
    assert '"Authorization": "Bearer ***"' in done.stdout
    assert re.search(r"custom_data\.value = 1414700 .* rules/meta\.yaml:\d+", done.stdout)
    assert "\x1b[" not in done.stdout


def test_init_writes_a_project_that_validates_and_is_not_written_over(tmp_path):
    folder = tmp_path / "shop"

    first, again = run("init", folder), run("init", folder)
    validated = run("validate", "--strict", "--json", "--project", folder)

    assert (first.returncode, again.returncode) == (0, 2)
    assert json.loads(validated.stdout) == {"ok": True, "findings": []}
    assert (folder / ".env").read_text() == (ROOT / ".env.example").read_text()
    assert (folder / "schemas/config/rule.json").is_file()
    assert (folder / "examples/shop-day.jsonl").is_file()


def test_validate_tells_every_finding_with_its_place_and_exits_with_1(project):
    rules = project / "rules/meta.yaml"
    text = rules.read_text()
    rules.write_text(text.replace("properties.total", "properties.totl", 1))
    destination = project / "destinations/ga4.yaml"
    destination.write_text(destination.read_text().replace("window: 72h", "window: 72 hours"))
    line = text[: text.index("properties.total")].count("\n") + 1

    words = run("validate", "--project", project)
    machine = json.loads(run("validate", "--project", project, "--json").stdout)

    assert words.returncode == 1
    assert 'did you mean "total"?' in words.stderr
    assert machine["ok"] is False
    places = {(one["file"], one["line"]) for one in machine["findings"]}
    assert ("rules/meta.yaml", line) in places
    assert "destinations/ga4.yaml" in {file for file, _ in places}


def test_strict_counts_warnings_and_env_checks_what_is_set(project, tmp_path):
    folder = a_project(tmp_path)

    fine = run("validate", "--project", folder, "--env", GTM_API_SECRET="", GA4_MODE="off")
    strict = run(
        "validate", "--project", folder, "--env", "--strict", GTM_API_SECRET="", GA4_MODE="off"
    )

    assert (fine.returncode, strict.returncode) == (0, 1)
    assert "GTM_API_SECRET is not set" in fine.stderr
