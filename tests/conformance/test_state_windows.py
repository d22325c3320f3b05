"""What every engine of the state promises of the windows of derived events (engine/state/windows)."""

from dataclasses import replace

import pytest

from engine.model.clock import Millis
from engine.model.window import Change, Counted, Made, Window

pytestmark = pytest.mark.trio

NAME = "cart-abandoned"
TOLD = Counted(Millis(1), "1:browser:b", {"new_customer": False})


def a_window(number=-1, due=None, touched_at=1_000, **more):
    return Window(number, {"n": 1}, due=due, touched_at=Millis(touched_at), **more)


def made(number=1, at=5_000):
    return Made(f"made-{number}", "shop", {"event": "Cart Abandoned", "n": number}, Millis(at))


async def test_a_change_comes_back_whole_in_a_new_life(engine, an_event):
    window = a_window(
        due=Millis(9_000), cause=an_event("m1", ñ=[1, 10**30]), closed_at=Millis(7), users=("u", "")
    )
    change = Change(12, [window], keys={"0:c1": -1, "1:user:u": -1}, once={"0:o1": TOLD})

    async with engine.state() as state:
        await state.windows.write(NAME, change)
    async with engine.after_a_crash().state() as state:
        found = await state.windows.find(NAME, ["0:c1", "1:user:u", "0:c2"], ["0:o1", "0:o2"])
        other = await state.windows.find("other", ["0:c1"], ["0:o1"])

    [number] = set(found.numbers.values())
    assert found.position == 12
    assert set(found.numbers) == {"0:c1", "1:user:u"}
    assert found.windows == {number: replace(window, number=number)}
    assert found.once == {"0:o1": TOLD}
    assert (other.position, other.numbers, other.once) == (0, {}, {})


async def test_windows_that_are_joined_are_found_under_all_their_keys(engine):
    async with engine.state() as state:
        windows = [a_window(-1), a_window(-2)]
        await state.windows.write(NAME, Change(1, windows, keys={"a": -1, "b": -2, "b2": -2}))
        found = await state.windows.find(NAME, ["a", "b"], [])
        one, other = found.numbers["a"], found.numbers["b"]
        joined = a_window(one, touched_at=2_000)
        change = Change(2, [joined], removed=[other], keys={"b": one}, moved={other: one})
        await state.windows.write(NAME, change)

        found = await state.windows.find(NAME, ["a", "b", "b2"], [])

    assert found.numbers == {"a": one, "b": one, "b2": one}
    assert found.windows == {one: joined}


async def test_a_key_that_is_taken_out_leads_nowhere(engine):
    async with engine.state() as state:
        await state.windows.write(NAME, Change(1, [a_window()], keys={"a": -1, "b": -1}))
        await state.windows.write(NAME, Change(2, keys={"a": None}))

        assert set((await state.windows.find(NAME, ["a", "b"], [])).numbers) == {"b"}


async def test_what_falls_due_comes_in_its_order(engine):
    async with engine.state() as state:
        dues = [Millis(at) for at in (300, 100, 200, 400)]
        windows = [a_window(-n, due=due) for n, due in enumerate(dues, 1)]
        await state.windows.write(NAME, Change(1, windows, keys={str(n): -n for n in (1, 2, 3, 4)}))

        assert await state.windows.next_due(NAME) == 100
        assert [one.due for one in await state.windows.due(NAME, Millis(300), limit=10)] == [
            100,
            200,
            300,
        ]
        assert len(await state.windows.due(NAME, Millis(300), limit=2)) == 2
        assert await state.windows.next_due("other") is None


async def test_timers_are_moved_pulled_in_and_let_go(engine):
    async with engine.state() as state:
        windows = [a_window(-1, due=Millis(1_000)), a_window(-2, due=Millis(9_000)), a_window(-3)]
        await state.windows.write(NAME, Change(1, windows))

        await state.windows.shift(NAME, 500, ("clock", "ahead"))
        assert await state.windows.next_due(NAME) == 1_500
        assert await state.setting("clock") == "ahead"
        await state.windows.pull_in(NAME, Millis(2_000))
        due = await state.windows.due(NAME, Millis(9_999), limit=9)
        assert [one.due for one in due] == [1_500, 2_000]
        await state.windows.let_go(NAME)
        assert await state.windows.next_due(NAME) is None
        assert (await state.windows.standing(NAME)).windows == 3


async def test_an_event_is_made_once_for_ever_and_is_unsent_until_it_is_sent(engine):
    async with engine.state() as state:
        first = await state.windows.write(NAME, Change(1, made=[made(1), made(2), made(1)]))
        again = await state.windows.write(NAME, Change(2, made=[made(2), made(3)]))
        assert (first, again) == ([made(1), made(2)], [made(3)])
        await state.windows.sent(NAME, ["made-2"])
    async with engine.after_a_crash().state() as state:
        assert await state.windows.unsent(NAME) == [made(1), made(3)]
        assert (await state.windows.standing(NAME)).unsent == 2
        await state.windows.begin_anew(NAME)
        assert await state.windows.write(NAME, Change(3, made=[made(1)])) == []


async def test_to_begin_anew_forgets_figures_of_that_name_alone(engine):
    async with engine.state() as state:
        change = Change(1, [a_window()], keys={"a": -1}, once={"o": Counted(Millis(1))})
        await state.windows.write(NAME, change)
        await state.windows.write("other", change)

        await state.windows.begin_anew(NAME)

        mine = await state.windows.find(NAME, ["a"], ["o"])
        other = await state.windows.find("other", ["a"], ["o"])
    assert (mine.numbers, mine.once) == ({}, {})
    assert set(other.numbers) == {"a"}
    assert other.once == {"o": Counted(Millis(1))}


async def test_what_is_old_goes_and_what_waits_stays(engine):
    async with engine.state() as state:
        windows = [
            a_window(-1, touched_at=100),
            a_window(-2, touched_at=100, due=Millis(9_000)),
            a_window(-3, touched_at=5_000),
        ]
        keys = {"old": -1, "waits": -2, "new": -3}
        once = {"old": Counted(Millis(100)), "new": Counted(Millis(5_000))}
        await state.windows.write(NAME, Change(1, windows, keys=keys, once=once))

        gone = await state.windows.forget(NAME, windows=Millis(1_000), ids=Millis(1_000), limit=9)

        found = await state.windows.find(NAME, ["old", "waits", "new"], ["old", "new"])
        assert gone == 2
        assert set(found.numbers) == {"waits", "new"}
        assert set(found.once) == {"new"}
        assert (
            await state.windows.forget(NAME, windows=Millis(1_000), ids=Millis(1_000), limit=9) == 0
        )


async def test_windows_are_listed_with_their_keys_the_newest_first(engine):
    async with engine.state() as state:
        windows = [a_window(-1, touched_at=100), a_window(-2, touched_at=200)]
        keys = {"0:c1": -1, "1:user:u": -1, "0:c2": -2}
        await state.windows.write(NAME, Change(1, windows, keys=keys))

        everything = await state.windows.list(NAME, limit=9)
        some = await state.windows.list(NAME, holding="user:u", limit=9)

    assert [keys for keys, _ in everything] == [["0:c2"], ["0:c1", "1:user:u"]]
    assert [keys for keys, _ in some] == [["0:c1", "1:user:u"]]


async def test_files_of_which_anything_was_written_are_known_by_name(engine):
    async with engine.state() as state:
        assert await state.windows.names() == []
        await state.windows.write(NAME, Change(1, [a_window()]))
        await state.windows.write("other", Change(2))

        assert sorted(await state.windows.names()) == [NAME, "other"]


async def test_to_begin_anew_forgets_any_number_of_windows(engine):
    async with engine.state() as state:
        for start in range(1, 3_001, 1_000):
            numbers = range(start, start + 1_000)
            keys = {str(one): -one for one in numbers}
            once = {f"o{one}": Counted(Millis(1)) for one in numbers}
            windows = [a_window(-one) for one in numbers]
            await state.windows.write(NAME, Change(1, windows, keys=keys, once=once))

        await state.windows.begin_anew(NAME)

        found = await state.windows.find(NAME, ["1", "3000"], ["o1", "o3000"])
        standing = await state.windows.standing(NAME)
    assert (found.numbers, found.once, standing.windows) == ({}, {}, 0)


async def test_a_key_whose_window_is_not_written_leads_nowhere(engine):
    async with engine.state() as state:
        await state.windows.write(NAME, Change(1, keys={"0:lost": -1}))
        await state.windows.write(NAME, Change(2, [a_window(-1)], keys={"0:new": -1}))

        found = await state.windows.find(NAME, ["0:lost", "0:new"], [])

    assert set(found.numbers) == {"0:new"}


async def test_what_was_counted_comes_with_the_window_of_its_person(engine):
    async with engine.state() as state:
        keys = {"1:browser:b": -1}
        await state.windows.write(NAME, Change(1, [a_window()], keys=keys, once={"0:o1": TOLD}))

        found = await state.windows.find(NAME, ["1:user:u"], ["0:o1"])

    assert set(found.numbers) == {"1:browser:b"}
    assert found.windows[found.numbers["1:browser:b"]].figures == {"n": 1}
