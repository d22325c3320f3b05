"""A log that can't be written ends nothing."""

import io

from engine.telemetry.logs import make_logger


class Disk(io.StringIO):
    """A file on a disk that can be full."""

    full = False

    def write(self, text):
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_full_disk_stops_the_log_and_not_who_writes_it():
    disk = Disk()
    log = make_logger(as_json=True, stream=disk)

    log.info("first")
    disk.full = True
    log.info("second")
    disk.full = False
    log.info("third")

    said = disk.getvalue()
    assert "first" in said
    assert "second" not in said
    assert "third" in said
    assert "could not be written" in said
