import gzip

import pytest

from engine.api.body import inflated
from engine.model.errors import Refused

MOST = 1000


def test_all_members_of_a_gzip_body_are_read():
    halves = gzip.compress(b"[1,", mtime=0) + gzip.compress(b"2]", mtime=0)

    assert inflated(halves, MOST) == b"[1,2]"


def test_a_body_up_to_the_limit_is_read_and_no_byte_more():
    assert len(inflated(gzip.compress(b"x" * MOST, mtime=0), MOST)) == MOST
    with pytest.raises(Refused, match="larger than 1,000 bytes"):
        inflated(gzip.compress(b"x" * (MOST + 1), mtime=0), MOST)


def test_the_limit_is_that_of_all_members_together():
    with pytest.raises(Refused, match="larger than"):
        inflated(gzip.compress(b"x" * 600, mtime=0) * 2, MOST)


def test_thousands_of_members_are_not_gone_through():
    member = gzip.compress(b"", mtime=0)

    assert inflated(member * 100, MOST) == b""
    with pytest.raises(Refused, match="members"):
        inflated(member * 100_000, MOST)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no gzip", "invalid_gzip"),
        (gzip.compress(b"whole", mtime=0)[:-4], "invalid_gzip"),
        (gzip.compress(b"whole", mtime=0) + b"rest", "invalid_gzip"),
    ],
)
def test_what_is_no_whole_gzip_is_refused(data, code):
    with pytest.raises(Refused) as refused:
        inflated(data, MOST)

    assert (refused.value.status, refused.value.code) == (400, code)
