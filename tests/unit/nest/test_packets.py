"""What packets say, and the form of what they are answered."""

import pytest

from engine.nest.packets import (
    Packet,
    failure,
    normal_form,
    only_cmd,
    read_packet,
    response,
    unknown,
)

DEEP = "[" * 5_000 + "]" * 5_000


def test_a_packet_with_an_id_wants_an_answer():
    packet = read_packet('{"pattern":"a.b","data":{"n":1},"id":"f3e"}')

    assert packet == Packet("a.b", {"n": 1}, "f3e", wants_answer=True)


def test_a_packet_without_an_id_wants_none():
    packet = read_packet('{"pattern":"a.b","data":0}')

    assert packet == Packet("a.b", 0, None, wants_answer=False)


@pytest.mark.parametrize("id_", ["null", '""', "0", "7", "1.5", "false"])
def test_only_an_absent_id_means_an_event(id_):
    packet = read_packet(f'{{"pattern":"a","data":1,"id":{id_}}}')

    assert packet.wants_answer


@pytest.mark.parametrize("text", ["null", "[]", '"x"', "1", "{}", '{"id":"x"}', '{"response":1}'])
def test_json_that_asks_for_nothing_is_no_packet(text):
    assert read_packet(text) is None


@pytest.mark.parametrize("text", ["", "{", "{]", "hola", '{"pattern":"a"}x', DEEP])
def test_what_is_no_json_is_told_apart(text):
    with pytest.raises(ValueError):
        read_packet(text)


@pytest.mark.parametrize("id_", ["{}", "[1]", DEEP])
def test_an_id_that_could_not_be_sent_back_is_refused(id_):
    with pytest.raises(ValueError):
        read_packet(f'{{"pattern":"a","data":1,"id":{id_}}}')


@pytest.mark.parametrize(
    ("pattern", "normal"),
    [
        ("analytics.track.event", "analytics.track.event"),
        ({"role": "y", "cmd": "x"}, '{"cmd":"x","role":"y"}'),
        ('{"role":"y","cmd":"x"}', '{"cmd":"x","role":"y"}'),
        ('{ "role" : "y" }', '{"role":"y"}'),
        ({"a": {"z": 1, "b": "ñ"}}, '{"a":{"b":"ñ","z":1}}'),
        ("{no json", "{no json"),
        (5, "5"),
        ("5", "5"),
        ("", ""),
    ],
)
def test_patterns_are_compared_in_the_normal_form(pattern, normal):
    assert normal_form(pattern) == normal


@pytest.mark.parametrize(
    "pattern",
    [
        None,
        True,
        [],
        {str(n): n for n in range(21)},
        "x" * 2_049,
        {"a": {"b": {"c": {"d": {"e": {}}}}}},
    ],
)
def test_nothing_is_served_under_a_pattern_that_is_none(pattern):
    assert normal_form(pattern) is None


def test_the_command_alone_stands_for_its_name():
    assert only_cmd('{"cmd":"analytics.track.event"}') == "analytics.track.event"
    assert only_cmd('{"cmd":"x","role":"y"}') is None
    assert only_cmd('{"cmd":"') is None
    assert only_cmd("cmd") is None


def test_answers_have_the_keys_that_every_client_knows_and_no_other():
    packet = Packet("a", 1, "f3e", wants_answer=True)

    assert response(packet, None) == {"response": None, "isDisposed": True, "id": "f3e"}
    assert failure(packet, {"message": "m"}) == {
        "err": {"message": "m"},
        "isDisposed": True,
        "id": "f3e",
    }
    assert unknown(packet) == {
        "id": "f3e",
        "status": "error",
        "err": "There is no matching message handler defined in the remote service.",
    }
