"""Who guesses is slowed down, and nobody else."""

from ipaddress import ip_address

import pytest

from engine.api.tries import AT_ONCE, AT_ONCE_ALL, EACH_S, MOST_ADDRESSES, Tries, guesser
from engine.model.errors import Refused


class Clock:
    now_s = 1_000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tries(clock):
    return Tries(clock)


def is_heard(tries, who):
    try:
        tries.check(who)
    except Refused:
        return False
    return True


def wrong(tries, who, times):
    for _ in range(times):
        tries.check(who)
        tries.failed(who)


def test_an_address_that_was_wrong_too_often_waits_and_then_has_one_try(tries, clock):
    wrong(tries, "a", AT_ONCE)

    with pytest.raises(Refused) as refused:
        tries.check("a")
    assert (refused.value.status, refused.value.code) == (429, "too_many_tries")
    assert refused.value.retry_after_s == EACH_S
    clock.now_s += refused.value.retry_after_s
    wrong(tries, "a", 1)
    assert not is_heard(tries, "a")


def test_another_address_is_heard_meanwhile(tries):
    wrong(tries, "a", AT_ONCE)

    assert not is_heard(tries, "a")
    assert is_heard(tries, "b")


def test_many_addresses_together_have_one_try_each_and_the_one_that_was_never_wrong_is_heard(tries):
    for number in range(AT_ONCE_ALL):
        wrong(tries, str(number), 1)

    assert not is_heard(tries, "3")
    assert is_heard(tries, "who has the token")
    tries.failed("who has the token")
    assert not is_heard(tries, "who has the token")


def test_what_was_wrong_is_forgiven_in_time(tries, clock):
    wrong(tries, "a", AT_ONCE)
    clock.now_s += AT_ONCE * EACH_S

    wrong(tries, "a", AT_ONCE)
    assert not is_heard(tries, "a")


def test_addresses_take_no_more_memory_than_they_may(tries, clock):
    for number in range(MOST_ADDRESSES + 100):
        tries.failed(str(number))

    assert len(tries._by_address) == MOST_ADDRESSES


@pytest.mark.parametrize(
    ("address", "forwarded", "expected"),
    [
        ("190.24.112.37", False, "190.24.112.37"),
        ("2800:e2:1::1", False, "2800:e2:1::/64"),
        ("2800:e2:1::ffff:2", False, "2800:e2:1::/64"),
        ("127.0.0.1", True, "127.0.0.1 by proxy"),
    ],
)
def test_tries_are_counted_by_what_one_sender_has(address, forwarded, expected):
    assert guesser(ip_address(address), forwarded=forwarded) == expected
    assert guesser(None, forwarded=forwarded) == "unknown"
