"""What every engine of the state promises of the memory of people (engine/state/interface)."""

import pytest

from engine.model.clock import Millis
from engine.model.person import BROWSER, USER, Memory, PersonKey, Remembered

pytestmark = pytest.mark.trio

BROWSER_KEY, USER_KEY = PersonKey(BROWSER, "browser-7"), PersonKey(USER, "lucia")
LONG_AGO = Millis(0)


def seen(value, at=1_000):
    return Remembered(value, Millis(at - 10), Millis(at))


def a_browser(at=1_000, **links):
    return Memory(
        values={"context.cookies._ga": seen("GA1.1.11.22", at)},
        links={user: seen(user, at) for user in links},
    )


async def test_what_is_remembered_comes_back_as_it_was(engine):
    full = Memory(
        values={"context.ip": seen("203.0.113.27"), "context.ids": seen({"a": ["ñ", 1]})},
        traits={"phone": seen(573105550119), "big": seen(10**30), "vip": seen(True)},
        consent={
            "advertising": seen([[False, 900, 990], [True, 995, 1_000]]),
            "*": seen(False),
        },
        links={"first": seen("browser-7"), "last": seen("browser-7")},
    )

    async with engine.state() as state:
        await state.remember({USER_KEY: full, BROWSER_KEY: a_browser()}, since=LONG_AGO)
    async with engine.state() as state:
        found = await state.people([USER_KEY], since=LONG_AGO)

    assert found == {USER_KEY: full, BROWSER_KEY: a_browser()}


async def test_a_browser_and_a_user_of_one_id_are_kept_apart(engine):
    async with engine.state() as state:
        await state.remember({PersonKey(BROWSER, "x"): a_browser()}, since=LONG_AGO)

        assert await state.people([PersonKey(USER, "x")], since=LONG_AGO) == {}


@pytest.mark.parametrize("id_", ["ñandú '\"", "x' OR '1'='1", "[1,2]", " ", "😀" * 60])
async def test_any_text_is_an_id(engine, id_):
    key = PersonKey(USER, id_)

    async with engine.state() as state:
        await state.remember({key: Memory(traits={id_: seen(id_)})}, since=LONG_AGO)

        assert await state.people([key], since=LONG_AGO) == {key: Memory(traits={id_: seen(id_)})}


async def test_who_an_id_leads_to_is_read_with_it(engine):
    joined = PersonKey(USER, "old-name")
    people = {
        joined: Memory(links={"joined": seen("lucia")}),
        USER_KEY: Memory(links={"last": seen("phone")}),
        PersonKey(BROWSER, "phone"): a_browser(lucia=1),
        BROWSER_KEY: a_browser(**{"old-name": 1}),
        PersonKey(USER, "stranger"): Memory(traits={"email": seen("x@example.com")}),
    }

    async with engine.state() as state:
        await state.remember(people, since=LONG_AGO)

        found = await state.people([BROWSER_KEY], since=LONG_AGO)

    assert found.keys() == people.keys() - {PersonKey(USER, "stranger")}


async def test_writing_again_writes_over_what_the_id_held(engine):
    async with engine.state() as state:
        await state.remember({BROWSER_KEY: a_browser(1_000)}, since=LONG_AGO)
        await state.remember({BROWSER_KEY: a_browser(2_000)}, since=LONG_AGO)
        await state.remember({BROWSER_KEY: a_browser(2_000)}, since=LONG_AGO)

        assert await state.people([BROWSER_KEY], since=LONG_AGO) == {BROWSER_KEY: a_browser(2_000)}


async def test_what_is_remembered_survives_a_crash(engine):
    async with engine.state() as state:
        await state.remember({BROWSER_KEY: a_browser()}, since=LONG_AGO)
        crashed = engine.after_a_crash()

    async with crashed.state() as state:
        assert await state.people([BROWSER_KEY], since=LONG_AGO) == {BROWSER_KEY: a_browser()}


async def test_what_is_too_old_is_not_given_though_it_is_still_there(engine):
    async with engine.state() as state:
        await state.remember({BROWSER_KEY: a_browser(1_000)}, since=LONG_AGO)

        assert await state.people([BROWSER_KEY], since=Millis(1_001)) == {}
        assert await state.people([BROWSER_KEY], since=Millis(1_000)) != {}


async def test_a_write_takes_old_ones_away_until_none_is_left(engine):
    old = {PersonKey(BROWSER, f"old-{number}"): a_browser(1_000) for number in range(500)}

    async with engine.state() as state:
        await state.remember(old, since=LONG_AGO)
        for number in range(20):
            key = PersonKey(BROWSER, f"new-{number}")
            await state.remember({key: a_browser(3_000)}, since=Millis(2_000))

        assert await state.people(list(old), since=LONG_AGO) == {}
        assert len(await state.people([PersonKey(BROWSER, "new-0")], since=LONG_AGO)) == 1


async def test_people_are_forgotten_in_steps_the_oldest_first(engine):
    people = {PersonKey(USER, f"u{at}"): a_browser(at) for at in range(1_000, 1_010)}

    async with engine.state() as state:
        await state.remember(people, since=LONG_AGO)

        first = await state.forget_people(Millis(1_005), limit=3)
        left = await state.people(list(people), since=LONG_AGO)
        rest = await state.forget_people(Millis(1_005), limit=3)

        assert (first, rest, await state.forget_people(Millis(1_005), limit=3)) == (3, 2, 0)
        assert PersonKey(USER, "u1002") not in left
        assert PersonKey(USER, "u1003") in left


async def test_asking_for_thousands_at_once_gives_them_all(engine):
    people = {PersonKey(USER, f"u{number}"): a_browser() for number in range(5_000)}

    async with engine.state() as state:
        await state.remember(people, since=LONG_AGO)

        assert await state.people(list(people), since=LONG_AGO) == people
