""".env stands beneath the environment, is plain, and its values are never shown."""

import pytest

from engine.project.env import environment, parse_env, read_env


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("  A=b  ", "b"),
        ("A='b # c'", "b # c"),
        ('A="b # c" # note', "b # c"),
        (r'A="b\"c\$d"', 'b"c$d'),
        (r"A=b\n", r"b\n"),
        ("A=b c", "b c"),
        ("A=b # note", "b"),
        ("A=b#c", "b#c"),
        ("A=# note", ""),
        ("A=", ""),
        ("A=$HOME/${B}", "$HOME/${B}"),
        ("A=https://x.example/?b=c&d=e", "https://x.example/?b=c&d=e"),
    ],
)
def test_a_line_gives_a_name_its_value_as_it_stands(line, value):
    assert parse_env(f"# note\n\n{line}\r\n".encode()) == ({"A": value}, [])


@pytest.mark.parametrize(
    "line", ["A", "A b", "A = hush", "A= hush", "1A=hush", "A='hush", "A=hu'sh"]
)
def test_a_line_that_is_none_is_told_without_its_value(line):
    values, (finding,) = parse_env(f"B=1\n{line}\n".encode())

    assert values == {"B": "1"}
    assert str(finding).startswith(".env:2:1 E160 this line is no NAME=value")
    assert "hush" not in str(finding)


def test_a_name_that_is_set_twice_is_a_warning_and_the_last_counts():
    values, (finding,) = parse_env(b"A=1\nA=2\n")

    assert values == {"A": "2"}
    assert str(finding).startswith(".env:2:1 W160 A is set twice")


def test_a_file_that_is_no_text_is_told():
    assert [finding.code for finding in parse_env(b"A=\xff")[1]] == ["E101"]


def test_the_environment_wins_over_the_file_and_what_is_empty_counts_as_unset(tmp_path):
    (tmp_path / ".env").write_text("A=file\nB=file\nC=\n", "utf-8")

    env, findings = read_env(tmp_path, {"A": "real", "B": "", "D": "", "E": "real"})

    assert env == {"A": "real", "B": "file", "E": "real"}
    assert findings == []


def test_without_a_file_the_environment_of_the_process_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCAMINA_TEST_NAME", "here")

    env, _ = read_env(tmp_path)

    assert env["ENCAMINA_TEST_NAME"] == "here"
    assert environment()["ENCAMINA_TEST_NAME"] == "here"
