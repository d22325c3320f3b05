"""The disk guard refuses new events before there is no room for those that are kept."""

import io
from dataclasses import dataclass

import pytest

from engine.ingest.accept import Ingest, accept
from engine.ingest.disk import Disk, size_text
from engine.model.clock import Millis
from engine.model.errors import Refused, StorageError
from engine.model.event import Inbound, Source
from engine.project.spec import KeepSpec
from engine.sqlite.size import Usage
from engine.telemetry.disk import DiskNotices
from engine.telemetry.logs import make_logger
from engine.telemetry.notices import Notices

pytestmark = pytest.mark.trio

KEEP = KeepSpec(most_bytes=1000, free_bytes=100)


@dataclass
class Measured:
    """What a look finds."""

    used: int = 0
    left: int = 10_000

    async def __call__(self):
        if self.used < 0:
            raise StorageError("kept.db: damaged")
        return Usage(self.used, 0, self.left)


@pytest.fixture
def measured():
    return Measured()


@pytest.fixture
def said():
    return io.StringIO()


@pytest.fixture
def disk(measured, said):
    return Disk(KEEP, measured, DiskNotices(Notices(make_logger(as_json=True, stream=said))))


async def refuses(disk):
    await disk.look()
    try:
        disk.check()
    except Refused as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("used", "left", "words"),
    [
        (999, 100, None),
        (1000, 10_000, "1000 B, disk.most is 1000 B"),
        (0, 99, "99 B are left on the disk, disk.free is 100 B"),
    ],
)
async def test_events_are_refused_at_the_limit_and_where_the_disk_is_nearly_full(
    disk, measured, used, left, words
):
    measured.used, measured.left = used, left

    refused = await refuses(disk)

    if words is None:
        assert refused is None
    else:
        assert (refused.status, refused.retry_after_s) == (503, 30)
        assert words in refused.message


async def test_events_are_taken_again_when_there_is_room_and_not_at_the_first_byte(disk, measured):
    answers = []
    for used in (1000, 960, 949):
        measured.used = used
        answers.append(await refuses(disk) is not None)

    assert answers == [True, True, False]


async def test_an_alarm_is_given_at_half_and_at_eighty_percent_once_each(disk, measured, said):
    for used in (490, 500, 510, 790, 800, 799, 801, 600, 801):
        measured.used = used
        await disk.look()

    lines = said.getvalue().splitlines()
    assert [line.split('"percent": ')[1][:2] for line in lines] == ["50", "80", "80"]


async def test_what_is_found_stands_in_the_metrics(disk, measured):
    measured.used, measured.left = 1000, 77

    await disk.look()

    text = disk.notices.notices.metrics().decode()
    assert "encamina_data_bytes 1000.0" in text
    assert "encamina_data_full_ratio 1.0" in text
    assert "encamina_disk_free_bytes 77.0" in text
    assert "encamina_ingest_refusing 1.0" in text


async def test_a_look_that_fails_changes_nothing_and_is_told(disk, measured, said):
    measured.used = -1

    assert await refuses(disk) is None
    assert "kept.db: damaged" in said.getvalue()


async def test_a_refused_request_is_not_even_looked_into(disk, measured):
    measured.used = 1000
    await disk.look()

    # Nothing but the guard is there to be asked.
    ingest = Ingest(None, None, None, None, None, disk)
    with pytest.raises(Refused):
        await accept(ingest, [Inbound(Source("shop"), {}, Millis(1))])


async def test_sizes_read_well():
    assert [size_text(n) for n in (0, 1023, 1536, 2**30)] == ["0 B", "1023 B", "1.5 KiB", "1.0 GiB"]
