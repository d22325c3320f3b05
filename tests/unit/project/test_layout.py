"""A project's files are listed in a stable order, without what editors leave behind."""

import pytest

from engine.model.errors import ProjectError
from engine.project.layout import layout_of, reference_root


def project(root, *files):
    for file in ("encamina.yaml", *files):
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", "utf-8")
    return layout_of(root)


def test_files_are_listed_by_folder_and_name(tmp_path):
    layout = project(
        tmp_path,
        "schemas/events/b.yaml",
        "schemas/events/a.json",
        "schemas/common/c.yml",
        "schemas/config/project.json",
        "destinations/z.yaml",
        "destinations/a.yaml",
        "rules/a.yaml",
        "rules/tests/not-a-rule-file.yaml",
    )

    assert layout.schemas == (
        "schemas/common/c.yml",
        "schemas/events/a.json",
        "schemas/events/b.yaml",
    )
    assert layout.destinations == ("destinations/a.yaml", "destinations/z.yaml")
    assert layout.rules == ("rules/a.yaml",)
    assert layout.findings == ()


def test_hidden_files_backups_and_notes_are_ignored(tmp_path):
    layout = project(
        tmp_path,
        "rules/.a.yaml.swp",
        "rules/a.yaml~",
        "rules/#a.yaml#",
        "rules/a.yaml.bak",
        "rules/README.md",
        "schemas/.git/x.yaml",
    )

    assert layout.rules == layout.schemas == layout.findings == ()


def test_a_file_of_another_kind_is_told_since_nobody_reads_it(tmp_path):
    layout = project(tmp_path, "rules/meta.json")

    (finding,) = layout.findings
    assert str(finding).startswith("rules/meta.json W150 this file is not read")


def test_a_folder_that_is_no_project_says_how_to_make_one(tmp_path):
    with pytest.raises(
        ProjectError, match=r"no encamina\.yaml in .*run `encamina init DIR`.*--project"
    ):
        layout_of(tmp_path)
    with pytest.raises(ProjectError, match=r"no folder .*nowhere; run `encamina init"):
        layout_of(tmp_path / "nowhere")


def test_the_reference_project_is_found():
    root = reference_root()

    assert (root / "encamina.yaml").is_file()
    assert (root / "schemas/config/rule.json").is_file()
