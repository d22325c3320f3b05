"""Frames, however they are cut."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.nest.frames import BadFrame, Frames, frame_of

MOST = 1024 * 1024
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40
) | st.sampled_from(
    ['{"a":"ñ😀"}', "😀" * 20, "ñandú #7#", "5#abcde", "日本語", "#", " ", "\ufeff"]
)


def written(text):
    """A frame as JavaScript writes it."""
    return f"{len(text.encode('utf-16-le')) // 2}#{text}".encode()


def read(data, *, cuts=(), most=MOST):
    frames, found, at = Frames(most), [], 0
    for cut in [*sorted(cuts), len(data)]:
        found += frames.feed(data[at:cut])
        at = max(at, cut)
    return found, frames


@given(st.lists(TEXTS, max_size=6), st.data())
def test_frames_come_out_whole_wherever_they_are_cut(texts, data):
    wire = b"".join(map(written, texts))
    cuts = data.draw(st.lists(st.integers(0, len(wire)), max_size=12))

    found, frames = read(wire, cuts=cuts)

    assert found == texts
    assert frames.is_between
    assert frames.held_bytes == 0


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_frames_come_out_whole_byte_by_byte(texts):
    wire = b"".join(map(written, texts))

    found, _ = read(wire, cuts=range(len(wire)))

    assert found == texts


@given(st.lists(TEXTS, min_size=1, max_size=3), st.data())
def test_what_is_cut_off_is_held_and_never_given(texts, data):
    wire = b"".join(map(written, texts))
    end = data.draw(st.integers(1, len(wire) - 1))
    whole = [sum(len(written(one)) for one in texts[: n + 1]) for n in range(len(texts))]

    found, frames = read(wire[:end])

    assert found == texts[: sum(size <= end for size in whole)]
    assert frames.is_between == (end in whole)


@given(st.binary(max_size=200))
def test_garbage_gives_frames_or_a_refusal_and_nothing_else(data):
    try:
        read(data, cuts=range(0, len(data), 7))
    except BadFrame:
        return


def test_the_recorded_packet_of_a_client_is_read():
    data = (
        '89#{"pattern":"analytics.track.event","data":{"a":"ñ😀","n":1},"id":"f3eed05625dc44cdb859f"}'
    ).encode()

    [text], frames = read(data)

    assert (len(data), frames.is_between) == (95, True)
    assert json.loads(text)["data"] == {"a": "ñ😀", "n": 1}


@pytest.mark.parametrize("head", ["2#", "\n2#", " \t+2#", "2abc#", "002#", "2.9#"])
def test_a_length_is_read_as_javascript_reads_a_number(head):
    assert read(f"{head}{{}}2#{{}}".encode())[0] == ["{}", "{}"]


@pytest.mark.parametrize("head", ["#", "0#", "-2#", "abc#", "NaN#", "{}#", "x2#", "٣#"])
def test_a_length_that_is_no_number_is_refused(head):
    with pytest.raises(BadFrame, match="no number"):
        read(f"{head}{{}}".encode())


@pytest.mark.parametrize("cuts", [(), range(200)])
def test_what_never_comes_to_a_length_is_refused_early(cuts):
    with pytest.raises(BadFrame, match="first 64 characters"):
        read(b"1" * 200, cuts=cuts)


@pytest.mark.parametrize("length", ["17", "99999999999999999999", "9" * 60])
def test_a_length_beyond_the_bound_is_refused_before_its_text_comes(length):
    with pytest.raises(BadFrame, match="longer than 16"):
        read(f"{length}#".encode(), most=16)


def test_the_longest_frame_is_taken():
    assert read(written("ñ" * 16), most=16)[0] == ["ñ" * 16]


def test_a_frame_that_ends_within_a_character_is_refused():
    with pytest.raises(BadFrame, match="within a character"):
        read("1#😀".encode())


def test_bytes_that_are_no_utf_8_are_counted_as_the_client_s_decoder_counts_them():
    assert read(b"3#\xff\xfea2#{}")[0] == ["\ufffd\ufffda", "{}"]


def test_white_space_between_frames_begins_none():
    found, frames = read(b"2#{}\r\n" + b" " * 500)

    assert found == ["{}"]
    assert frames.is_between


def test_half_a_character_begins_a_frame():
    assert not read("ñ".encode()[:1])[1].is_between


def test_many_small_frames_in_one_read_take_little_time():
    data = written('{"pattern":"ñ","data":1}') * 20_000
    begun = time.perf_counter()

    assert len(read(data)[0]) == 20_000
    assert time.perf_counter() - begun < 1


def test_an_answer_is_ascii_so_that_every_count_of_it_agrees():
    frame = frame_of({"response": {"a": "ñ😀\ud83d"}, "isDisposed": True, "id": "x"})

    length, _, text = frame.decode("ascii").partition("#")
    assert int(length) == len(text)
    assert json.loads(text)["response"] == {"a": "ñ😀\ud83d"}


def test_what_is_no_json_is_no_frame():
    with pytest.raises(ValueError):
        frame_of({"response": float("nan")})
    with pytest.raises(TypeError):
        frame_of({"response": {1, 2}})
