"""How the house is kept: what import-linter can't say."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

PYTHON = sorted([*ROOT.glob("engine/**/*.py"), *ROOT.glob("cli/**/*.py")])
ROOMS = [path for path in PYTHON if path.name == "__init__.py"]
LONGEST = 300
VENDORS = re.compile(
    r"facebook|posthog|google(?!mail)|pixel|\bga4\b|\bgtm\b|\bmeta\b|clarity", re.IGNORECASE
)
# Where a vendor's name is a fact about data that any vendor may be sent, not a branch of our code.
NAMED = {
    "engine/schema/check.py": "jsonschema_rs.meta is the meta-schema",
    "engine/model/document.py": "the example of a place",
    "engine/api/image.py": "the path of an image, as SDKs call it",
    "engine/mapping/filters/countries.py": "gtm is Guatemala's alpha-3 code",
    "engine/mapping/filters/postal.py": "Meta is a department of Colombia",
    "engine/mapping/filters/ids.py": "the form of a browser's cookies",
    "engine/pipeline/browser.py": "the names of a browser's ids in an event",
}


def relative(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_a_file_stays_short(path):
    assert len(path.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("path", ROOMS, ids=relative)
def test_a_room_s_init_is_a_docstring_that_says_where_to_start(path):
    [docstring] = ast.parse(path.read_text()).body

    text = ast.literal_eval(docstring.value)
    assert re.search(r"\b([Mm]ay import|import nothing|Start reading|start reading)", text)


@pytest.mark.parametrize(
    "path", [one for one in PYTHON if "sandbox" not in relative(one)], ids=relative
)
def test_no_vendor_s_name_is_in_the_engine(path):
    name = relative(path)
    if name.startswith("cli/") or name in NAMED:
        return

    found = [line for line in path.read_text().splitlines() if VENDORS.search(line)]
    assert [line for line in found if "docs/" not in line] == []


@pytest.mark.parametrize("folder", ["rules", "destinations", "schemas"])
def test_what_users_edit_holds_no_code(folder):
    suffixes = {path.suffix for path in (ROOT / folder).rglob("*") if path.is_file()}

    assert suffixes <= {".yaml", ".json"}


def test_only_one_file_of_the_engine_reads_the_environment():
    reading = [relative(path) for path in PYTHON if "os.environ" in path.read_text()]

    assert [name for name in reading if name.startswith("engine/")] == ["engine/project/env.py"]


def test_the_top_level_is_the_one_that_was_fixed():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    folders = {name.split("/")[0] for name in listed if "/" in name}

    assert folders <= {
        *("engine", "cli", "rules", "destinations", "schemas", "tests", "docs"),
        *(".ci", ".github"),
    }


def test_every_yaml_that_users_edit_names_its_schema():
    edited = [
        ROOT / "encamina.yaml",
        *(ROOT / "rules").rglob("*.yaml"),
        *(ROOT / "destinations").rglob("*.yaml"),
        *(ROOT / "schemas").rglob("*.yaml"),
    ]

    without = [
        relative(path)
        for path in edited
        if not path.read_text().startswith("# yaml-language-server: $schema=")
    ]
    assert without == []


def test_the_schema_that_a_file_names_is_there():
    for path in [
        ROOT / "encamina.yaml",
        *(ROOT / "rules").glob("*.yaml"),
        *(ROOT / "destinations").glob("*.yaml"),
    ]:
        target = path.read_text().splitlines()[0].partition("$schema=")[2]
        assert (path.parent / Path(target)).is_file(), (path, target)
