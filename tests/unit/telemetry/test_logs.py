"""Lines of the log, for a terminal and for a machine."""

import io
import json

from engine.telemetry.logs import make_logger


def test_a_line_for_people_is_one_line_that_steers_no_terminal():
    stream = io.StringIO()

    make_logger(as_json=False, stream=stream).warning(
        "dead", of="x\x1b[2J", why="a\nb\x9b31m\u202ec"
    )

    said = stream.getvalue()
    assert said.removesuffix("\n").isprintable()
    assert r"of=x\x1b[2J" in said


def test_a_line_for_machines_keeps_the_text_as_it_is():
    stream = io.StringIO()

    make_logger(as_json=True, stream=stream).warning("dead", of="x\x1b[2J\n")

    assert json.loads(stream.getvalue())["of"] == "x\x1b[2J\n"
