"""Files of an archive: whole at any moment, by the hour, private, and bounded."""

import gzip
import json
import os
import stat
from pathlib import Path

import pytest

from engine.delivery import archive_files
from engine.delivery.archive_files import (
    GRACE_MS,
    HOUR_MS,
    ArchiveFiles,
    Kind,
    folder_fault,
    whole_bytes,
)
from engine.model.clock import Millis, from_iso

HOUR = from_iso("2026-11-25T08:00:00Z")
DURING = Millis(HOUR + 10 * 60_000)
OVER = Millis(HOUR + HOUR_MS + GRACE_MS)
NAME = "events/2026/11/25/events-2026-11-25T08.jsonl.gz"
PART = "events/2026/11/25/.events-2026-11-25T08.jsonl.gz.part"


@pytest.fixture
def files(tmp_path):
    return an_archive(tmp_path)


def an_archive(folder, keep_ms=None, most_bytes=10**9):
    return ArchiveFiles(folder / "archive", keep_ms, most_bytes)


def line(number):
    return json.dumps({"messageId": f"m{number}"}).encode() + b"\n"


def read(path):
    with gzip.open(path, "rt") as opened:
        return [json.loads(one)["messageId"] for one in opened]


def listed(files):
    found = [path for path in files.folder.rglob("*jsonl*") if path.is_file()]
    return sorted(path.relative_to(files.folder).as_posix() for path in found)


def test_lines_of_an_hour_are_in_one_file_that_appears_once_the_hour_is_over(files):
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.append(Kind.EVENTS, HOUR, line(2) + line(3), DURING)
    files.close_over(Millis(OVER - 1))
    assert listed(files) == [PART]

    files.close_over(OVER)

    assert listed(files) == [NAME]
    assert read(files.folder / NAME) == ["m1", "m2", "m3"]


def test_what_comes_late_goes_into_a_further_file_of_its_hour(files):
    for number in (1, 2, 3):
        files.append(Kind.EVENTS, HOUR, line(number), OVER)
        assert files.close_over(OVER) == 0
        assert files.close_over(Millis(OVER + GRACE_MS)) == 1

    assert listed(files) == [NAME.replace("T08", f"T08{more}") for more in (".2", ".3", "")]
    assert read(files.folder / NAME.replace("T08", "T08.3")) == ["m3"]


def test_each_hour_has_its_own_file(files):
    later = Millis(HOUR + 16 * HOUR_MS)
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.append(Kind.EVENTS, later, line(2), DURING)

    files.close_all()

    assert listed(files) == [NAME, "events/2026/11/26/events-2026-11-26T00.jsonl.gz"]


@pytest.mark.parametrize("left_bytes", range(1, 40, 3))
def test_what_a_crash_left_half_written_is_cut_off(tmp_path, left_bytes):
    before = an_archive(tmp_path)
    before.append(Kind.EVENTS, HOUR, line(1), DURING)
    half = gzip.compress(line(2), mtime=0)[:left_bytes]
    with (before.folder / PART).open("ab") as part:
        part.write(half)

    after = an_archive(tmp_path)

    assert after.recover() == 1
    assert listed(after) == [NAME]
    assert read(after.folder / NAME) == ["m1"]


def test_a_part_without_a_whole_line_goes(files):
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    os.truncate(files.folder / PART, 5)

    an_archive(files.folder.parent).recover()

    assert listed(files) == []


def test_whole_members_are_found_wherever_a_block_ends(tmp_path, monkeypatch):
    members = [gzip.compress(line(number), mtime=0) for number in range(20)]
    path = tmp_path / "some.gz"
    for size_bytes in (1, 7, 64, 1000):
        monkeypatch.setattr(archive_files, "READ_BYTES", size_bytes)
        path.write_bytes(b"".join(members) + members[0][:9])
        assert whole_bytes(path) == len(b"".join(members))


def test_an_append_that_fails_half_way_leaves_none_of_it(files, monkeypatch):
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    real = os.write

    def full(file, data):
        if len(data) > 8:
            return real(file, data[:8])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        files.append(Kind.EVENTS, HOUR, line(2), DURING)
    monkeypatch.setattr(os, "write", real)
    files.append(Kind.EVENTS, HOUR, line(2), DURING)
    files.close_all()

    found = [read(files.folder / name) for name in listed(files)]
    assert sorted(found) == [["m1"], ["m2"]]


def test_the_oldest_files_go_over_the_bound_and_never_the_one_being_written(tmp_path):
    one_file = len(gzip.compress(line(1), mtime=0))
    files = an_archive(tmp_path, most_bytes=2 * one_file)
    for number in range(4):
        files.append(Kind.EVENTS, Millis(HOUR + number * HOUR_MS), line(number), DURING)
    files.close_over(Millis(OVER + 2 * HOUR_MS))

    gone = files.bound(DURING)

    assert gone == ["events-2026-11-25T08.jsonl.gz"]
    assert [name[-20:] for name in listed(files)] == [
        "11-25T11.jsonl.gz.part"[-20:],
        "2026-11-25T09.jsonl.gz"[-20:],
        "2026-11-25T10.jsonl.gz"[-20:],
    ]


def test_files_go_by_age_with_the_folders_that_held_them(tmp_path):
    files = an_archive(tmp_path, keep_ms=HOUR_MS)
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.close_all()

    assert files.bound(Millis(HOUR + 2 * HOUR_MS - 1)) == []
    assert files.bound(Millis(HOUR + 2 * HOUR_MS)) == ["events-2026-11-25T08.jsonl.gz"]
    assert [path.name for path in files.folder.iterdir()] == [".removed"]


def test_only_their_owner_can_read_them(files):
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.close_all()

    path = files.folder / NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in list(path.parents)[:5]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_a_file_that_grows_too_large_is_finished_within_its_hour(files, monkeypatch):
    monkeypatch.setattr(archive_files, "LARGEST_BYTES", 10)

    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.append(Kind.EVENTS, HOUR, line(2), DURING)

    assert listed(files) == [NAME.replace("T08", "T08.2"), NAME]


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    files = an_archive(tmp_path, keep_ms=1, most_bytes=0)
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.close_all()
    mine = Path(files.folder / NAME).with_name("events-notes.jsonl.gz")
    mine.write_bytes(b"x")

    files.bound(Millis(HOUR + 9 * HOUR_MS))

    assert mine.exists()


DELIVERIES = "deliveries/2026/11/25/deliveries-2026-11-25T08.jsonl.gz"


def test_deliveries_are_in_files_of_their_own_by_the_same_rules(files):
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.append(Kind.DELIVERIES, HOUR, line(2), DURING)
    assert listed(files) == [
        "deliveries/2026/11/25/.deliveries-2026-11-25T08.jsonl.gz.part",
        PART,
    ]

    assert files.close_over(OVER) == 2

    assert listed(files) == [DELIVERIES, NAME]
    assert read(files.folder / DELIVERIES) == ["m2"]


def test_both_kinds_are_finished_after_a_crash(tmp_path):
    before = an_archive(tmp_path)
    for kind in Kind:
        before.append(kind, HOUR, line(1), DURING)

    after = an_archive(tmp_path)

    assert after.recover() == 2
    assert listed(after) == [DELIVERIES, NAME]


def test_one_bound_holds_for_both_kinds_together_the_oldest_first(tmp_path):
    one_file = len(gzip.compress(line(1), mtime=0))
    files = an_archive(tmp_path, most_bytes=2 * one_file)
    for number, kind in enumerate((Kind.DELIVERIES, Kind.EVENTS, Kind.DELIVERIES, Kind.EVENTS)):
        files.append(kind, Millis(HOUR + number * HOUR_MS), line(number), DURING)
    files.close_all()

    gone = files.bound(DURING)

    assert gone == ["deliveries-2026-11-25T08.jsonl.gz", "events-2026-11-25T09.jsonl.gz"]
    assert [name.rpartition("/")[2] for name in listed(files)] == [
        "deliveries-2026-11-25T10.jsonl.gz",
        "events-2026-11-25T11.jsonl.gz",
    ]


def test_nothing_is_added_while_its_disk_has_too_little_left_and_all_is_once_it_has(tmp_path):
    files = an_archive(tmp_path)
    files.spare_bytes = 2**60

    with pytest.raises(OSError, match=r"twice disk\.free"):
        files.append(Kind.EVENTS, HOUR, line(1), DURING)
    assert not files.folder.exists()

    files.spare_bytes = 1
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.close_all()
    assert read(files.folder / NAME) == ["m1"]


def test_what_all_files_take_is_told(files):
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.append(Kind.DELIVERIES, HOUR, line(1), DURING)
    files.close_over(OVER)
    files.append(Kind.EVENTS, HOUR, line(1), DURING)

    assert files.taken_bytes() == 3 * len(gzip.compress(line(1), mtime=0))


def test_a_name_whose_file_was_removed_is_never_given_to_another(tmp_path):
    def finished(number, hour=HOUR):
        files = an_archive(tmp_path, most_bytes=0)
        files.append(Kind.EVENTS, hour, line(number), DURING)
        files.close_all()
        return files.bound(DURING)

    names = [finished(number)[0] for number in range(3)]
    assert names == [f"events-2026-11-25T08{more}.jsonl.gz" for more in ("", ".2", ".3")]
    # Whether an hour before it had a file is not known any more.
    assert finished(4, Millis(HOUR - HOUR_MS)) == ["events-2026-11-25T07.4.jsonl.gz"]
    assert finished(5, Millis(HOUR + HOUR_MS)) == ["events-2026-11-25T09.jsonl.gz"]

    assert (tmp_path / "archive/.removed").read_text() == "2026-11-25T09            4\n"
    assert stat.S_IMODE((tmp_path / "archive/.removed").stat().st_mode) == 0o600


def test_a_crash_before_the_removal_uses_up_no_file_that_stays(tmp_path, monkeypatch):
    files = an_archive(tmp_path, most_bytes=0)
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    files.close_all()

    def crash(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "unlink", crash)
    with pytest.raises(OSError, match="Input"):
        files.bound(DURING)
    monkeypatch.undo()

    assert listed(files) == [NAME]
    assert files.bound(DURING) == ["events-2026-11-25T08.jsonl.gz"]
    files.append(Kind.EVENTS, HOUR, line(2), DURING)
    files.close_all()
    assert listed(files) == [NAME.replace("T08", "T08.2")]


def test_a_record_of_removed_names_that_can_t_be_read_is_written_anew(tmp_path):
    files = an_archive(tmp_path, most_bytes=0)
    files.append(Kind.EVENTS, HOUR, line(1), DURING)
    (files.folder / ".removed").write_bytes(b"\xff\x00 torn")
    files.close_all()

    files.bound(DURING)

    assert (files.folder / ".removed").read_text().startswith("2026-11-25T08            1\n")


def test_a_folder_that_is_a_file_is_told_by_its_path(tmp_path):
    (tmp_path / "taken").write_text("a file")

    for folder in (tmp_path / "taken", tmp_path / "taken/below/it"):
        assert folder_fault(folder) == f"{tmp_path / 'taken'} is a file, and no folder"
    assert folder_fault(tmp_path / "not/there/yet") == ""
