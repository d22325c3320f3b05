import pytest

from engine.model.errors import StorageError
from engine.sqlite.connection import connect_to_write
from engine.sqlite.migrate import check_version, migrate

FIRST = "CREATE TABLE a (n INTEGER);\n-- with a ; in a comment\nINSERT INTO a\nVALUES (1);\n"
SECOND = "INSERT INTO a VALUES (2);"


@pytest.fixture
def connection(tmp_path):
    made = connect_to_write(tmp_path / "kept.db")
    yield made
    made.close()


def numbers(connection):
    return [row[0] for row in connection.execute("SELECT n FROM a")]


def test_scripts_run_in_order_and_once(connection):
    migrate(connection, "log", [FIRST])
    migrate(connection, "log", [FIRST, SECOND])
    migrate(connection, "log", [FIRST, SECOND])

    assert numbers(connection) == [1, 2]


def test_components_of_one_file_have_versions_of_their_own(connection):
    migrate(connection, "log", [FIRST, SECOND])
    migrate(connection, "state", ["CREATE TABLE b (n INTEGER);"])

    check_version(connection, "log", [FIRST, SECOND])
    check_version(connection, "state", ["CREATE TABLE b (n INTEGER);"])


def test_a_newer_file_is_refused_by_name(connection):
    migrate(connection, "log", [FIRST, SECOND])

    with pytest.raises(StorageError, match="log is of version 2, this Encamina knows up to 1"):
        migrate(connection, "log", [FIRST])
    with pytest.raises(StorageError, match="written by a newer one"):
        check_version(connection, "log", [FIRST])


def test_an_older_file_is_not_looked_at(connection):
    migrate(connection, "log", [FIRST])

    with pytest.raises(StorageError, match="version 1, this Encamina reads 2"):
        check_version(connection, "log", [FIRST, SECOND])


def test_a_file_without_the_component_is_not_looked_at(connection):
    with pytest.raises(StorageError, match="no log yet"):
        check_version(connection, "log", [FIRST])


def test_a_script_that_fails_leaves_nothing_of_it(connection):
    migrate(connection, "log", [FIRST])
    connection.execute("BEGIN")

    with pytest.raises(Exception, match="no such table"):
        migrate(connection, "log", [FIRST, "INSERT INTO a VALUES (5);\nINSERT INTO b VALUES (6);"])
    connection.execute("ROLLBACK")

    assert numbers(connection) == [1]
    check_version(connection, "log", [FIRST])


def test_a_script_that_ends_within_a_statement_is_our_mistake(connection):
    with pytest.raises(ValueError, match="INSERT INTO a"):
        migrate(connection, "log", [FIRST + "INSERT INTO a"])
