"""A folder becomes a project: typed, whole, with every finding in one run."""

import shutil
from pathlib import Path

import pytest

from engine.model.errors import ProjectError
from engine.model.event import SourceKind, Unplanned
from engine.project.layout import reference_root
from engine.project.policy import BatchSpec, BreakerSpec, LimitsSpec, RetrySpec
from engine.project.read import read_project
from engine.project.spec import ConsentSpec, MatchSpec, ServerSpec

MINIMAL = Path(__file__).parents[2] / "data/projects/minimal"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(MINIMAL, tmp_path / "shop")
    return tmp_path / "shop"


def change(folder, file, old, new):
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_the_reference_project_has_no_finding():
    project, findings = read_project(reference_root(), {})

    assert findings == []
    names = {one.name for one in project.destinations}
    assert names > {"ga4", "gtm", "meta", "posthog"}
    assert names == {name for one in project.rule_files for name in one.destinations}
    assert "schemas/events/order-completed.yaml" in project.schemas
    assert not any(path.startswith("schemas/config/") for path in project.schemas)


def test_a_project_needs_no_shapes_of_its_own_and_its_values_are_parsed():
    project, findings = read_project(MINIMAL, {"CRM_TOKEN": "hush"})

    (source,) = project.spec.sources
    (crm,) = project.destinations
    (rules,) = project.rule_files
    assert findings == []
    assert (source.name, source.kind, source.unplanned) == (
        "shop",
        SourceKind.SERVER,
        Unplanned.ALLOW,
    )
    assert source.write_key.value == "{{ env.SHOP_WRITE_KEY }}"
    assert project.spec.server == ServerSpec()
    assert project.spec.dedupe_window_ms == 86_400_000
    assert (crm.vendor, crm.ip, crm.rollout_percent, crm.dedupe) == ("crm", "none", 100.0, "id")
    assert crm.consent == ConsentSpec(all=("functional",), when_missing="deny")
    assert crm.batch == BatchSpec(max_events=10, linger_ms=1000)
    assert crm.limits == LimitsSpec(rate_per_s=10.0, concurrency=2, timeout_ms=5000)
    assert crm.retry == RetrySpec(max_age_ms=172_800_000, first_ms=1000, longest_ms=300_000)
    assert crm.window_ms == 259_200_000
    assert crm.request.headers.at("Authorization").value == "Bearer {{ env.CRM_TOKEN }}"
    assert [rule.name for rule in rules.rules] == ["purchase", "everything-else"]
    assert rules.rules[0].match == MatchSpec(type=("track",), event=("Order Completed",))
    assert rules.rules[1].drop == "the CRM is for orders alone"
    assert project.env == {"CRM_TOKEN": "hush"}


def test_retries_last_as_long_as_the_window_and_thirty_days_without_one(folder):
    change(folder, "destinations/crm.yaml", "retry: { max_age: 2d, first: 1s, longest: 5m }\n", "")
    windowed, _ = read_project(folder, {})
    change(folder, "destinations/crm.yaml", "window: 3d\n", "")
    timeless, _ = read_project(folder, {})

    assert windowed.destinations[0].retry.max_age_ms == 3 * 86_400_000
    assert timeless.destinations[0].retry.max_age_ms == 30 * 86_400_000


def test_the_digest_tells_projects_apart_by_the_content_of_their_files(folder):
    same, _ = read_project(MINIMAL, {})
    before, _ = read_project(folder, {"A": "b"})
    change(folder, "rules/crm.yaml", "Order Completed", "Order Refunded")
    after, _ = read_project(folder, {})

    assert same.digest == before.digest != after.digest
    assert len(after.digest) == 64


def test_a_broken_file_is_left_out_and_the_others_are_read(folder):
    (folder / "destinations/other.yaml").write_text("name: other\nrequest: {}\n", "utf-8")

    project, findings = read_project(folder, {})

    assert [one.name for one in project.destinations] == ["crm"]
    assert [str(one.place) for one in findings] == ["destinations/other.yaml:2:1"]


def test_names_of_broken_files_are_known_so_that_a_fault_is_told_once(folder):
    change(folder, "destinations/crm.yaml", "dedupe: id", "dedupe: [id]")
    change(folder, "schemas/payloads/crm.yaml", "type: object", "type: objekt")

    project, findings = read_project(folder, {})

    assert [finding.place.file for finding in findings] == [
        "destinations/crm.yaml",
        "schemas/payloads/crm.yaml",
    ]
    assert project.destinations == ()
    assert len(project.rule_files) == 1


def test_a_schema_that_leads_to_a_broken_one_is_left_out_too(folder):
    change(
        folder,
        "schemas/events/order-completed.yaml",
        "userId: { type: string }",
        "userId: { $ref: ../common/id.yaml }",
    )
    (folder / "schemas/common").mkdir()
    (folder / "schemas/common/id.yaml").write_text("type: [", "utf-8")

    project, findings = read_project(folder, {})

    assert [finding.place.file for finding in findings] == ["schemas/common/id.yaml"]
    assert sorted(project.schemas) == ["schemas/payloads/crm.yaml"]


def test_schemas_may_be_json_and_keep_their_references_when_they_have_an_id(folder):
    (folder / "schemas/common").mkdir()
    (folder / "schemas/common/id.json").write_text('{"type": "string"}', "utf-8")
    change(
        folder,
        "schemas/events/order-completed.yaml",
        "userId: { type: string }",
        "userId: { $ref: ../common/id.json }",
    )
    change(
        folder,
        "schemas/events/order-completed.yaml",
        "title: Order Completed",
        "title: Order Completed\n$id: https://shop.example/order.json",
    )

    project, findings = read_project(folder, {})

    assert findings == []
    assert "schemas/common/id.json" in project.schemas
    assert "$id" not in project.schemas["schemas/events/order-completed.yaml"].schema


def test_what_a_destination_says_of_its_limits_and_its_breaker_is_parsed(folder):
    said = """
limits: { rate: 10/s, events: 600/min, concurrency: 2, timeout: 5s }
breaker: { failures: 3, rate: 50%, window: 1m, open: 5s }
order_by: user
"""
    change(
        folder,
        "destinations/crm.yaml",
        "limits: { rate: 10/s, concurrency: 2, timeout: 5s }\n",
        said,
    )
    project, findings = read_project(folder, {})

    [crm] = project.destinations
    assert findings == []
    assert crm.limits.events_per_s == 10
    assert crm.breaker == BreakerSpec(failures=3, share=0.5, window_ms=60_000, open_ms=5_000)
    assert crm.ordered is True


def test_without_a_word_on_it_a_destination_has_a_breaker_and_no_order(folder):
    project, _ = read_project(folder, {})

    [crm] = project.destinations
    assert (crm.breaker, crm.ordered) == (BreakerSpec(), False)


def test_without_usable_settings_there_is_no_project_but_every_finding(folder):
    change(folder, "encamina.yaml", "version: 1", "version: 2")
    change(folder, "rules/crm.yaml", "destination: crm", "destination: crn")

    project, findings = read_project(folder, {})

    assert project is None
    assert [(one.place.file, one.code) for one in findings] == [
        ("encamina.yaml", "E143"),
        ("rules/crm.yaml", "E151"),
    ]


def test_a_warning_switches_no_destination_off(folder):
    change(folder, "destinations/crm.yaml", "dedupe: id\n", "")

    project, findings = read_project(folder, {})

    assert [one.code for one in findings] == ["W159"]
    assert [one.name for one in project.destinations] == ["crm"]
    assert project.whole


def test_a_file_that_can_not_be_opened_is_told(folder):
    (folder / "rules/more.yaml").symlink_to(folder / "rules/crm.yaml")
    (folder / "rules/crm.yaml").chmod(0)
    project, findings = read_project(folder, {})
    (folder / "rules/crm.yaml").chmod(0o600)

    may_read_all = project is not None and len(project.rule_files) == 2
    assert may_read_all or {finding.code for finding in findings} == {"E100"}


def test_no_project_is_no_finding_but_an_exception(tmp_path):
    with pytest.raises(ProjectError):
        read_project(tmp_path, {})
