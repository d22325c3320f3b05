"""``encamina validate``: what it says of the address of the analytics store."""

import json

import pytest
import typer
from typer.testing import CliRunner

from cli.commands.validate import validate
from tests.support.processes import ROOT
from tests.support.releases import FILES, write_project

KEPT = {
    "destinations/kept.yaml": "name: kept\nkind: store\n",
    "rules/kept.yaml": """
        destination: kept
        rules:
          - name: all
            match: { type: track }
            payload: { model: event, timestamp: "{{ event.timestamp }}", document: { a: 1 } }
        """,
}


@pytest.fixture
def found(tmp_path, monkeypatch):
    """The findings about the store, by code, of a project that has it there."""
    app = typer.Typer()
    app.command()(validate)
    monkeypatch.delenv("ANALYTICS_URL", raising=False)

    def run(url, *options):
        settings = f"{FILES['encamina.yaml']}store: {json.dumps(url)}\n"
        write_project(tmp_path, {**FILES, **KEPT, "encamina.yaml": settings})
        done = CliRunner().invoke(app, ["--project", str(tmp_path), "--json", *options])
        findings = json.loads(done.stdout)["findings"]
        of_store = [one for one in findings if one["code"] in ("E333", "W408", "W409")]
        assert all(one["file"] == "encamina.yaml" and one["line"] for one in of_store)
        assert done.exit_code == (1 if any(one["code"] == "E333" for one in of_store) else 0)
        return {one["code"]: one["message"] for one in of_store}

    return run


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://db/shop", "no engine is known by 'mysql:'"),
        ("postgresql://db/shop?schema=shop1; drop", 'schema is "shop1; drop"'),
        ("postgresql://db/shop?schem=x", 'has no setting "schem"'),
        ("mongodb://db/shop?eventCollection=a&pageViewCollection=a", "the same collection"),
        ("sqlite:../../../etc/x.db", "is no file in the data folder"),
    ],
)
def test_a_store_that_serve_would_refuse_is_an_error(found, url, says):
    assert says in found(url)["E333"]


def test_a_store_whose_variable_is_not_set_is_told_of_with_the_environment(found, monkeypatch):
    by_env = "{{ env.ANALYTICS_URL }}"

    assert found(by_env) == {}
    assert "a variable that is not set" in found(by_env, "--env")["W408"]
    monkeypatch.setenv("ANALYTICS_URL", "mysql://u:s3cret@db/shop")
    assert "s3cret" not in found(by_env)["E333"]


def test_a_store_that_is_well_has_no_finding(found):
    assert found("sqlite:analytics.db", "--env") == {}
    assert found("postgresql://db/shop?schema=shop", "--env") == {}


def test_a_project_that_is_well_is_summed_up_with_all_kinds_of_files():
    app = typer.Typer()
    app.command()(validate)

    said = CliRunner().invoke(app, ["--project", str(ROOT)]).stdout

    assert "10 inbound mappings, 4 files of derived events: release " in said
