"""No command lets what others sent steer the terminal that it prints to."""

import json
import sys

import pytest

from cli.main import main
from engine.model.delivery import Attempt, State
from tests.support.events import NOW
from tests.unit.cli.conftest import a_delivery

NASTY = "m\x1b]0;mine\x07\x1b[2J\n\t\u202e\x9b1m[/][red]"
SHOWN = r"m\x1b]0;mine\x07\x1b[2J\n\t\u202e\x9b1m[/][red]"
PART = r"\x07\x1b[2J"
BAD = {"type": "track", "event": f"Bad {NASTY}", "messageId": "m9", "properties": {}}


def is_harmless(text):
    return all(one == "\n" or one.isprintable() for one in text)


@pytest.fixture
def nasty(shop, an_order):
    """A shop to which somebody sent texts that a terminal would obey."""
    shop.changed["schemas/events/bad.yaml"] = """
        title: Bad
        type: object
        required: [type, event, properties]
        properties:
          type: { const: track }
          event: { const: "Bad m" }
          properties: { type: object, required: [order_id] }
        """
    shop.changed["encamina.yaml"] = (
        shop.changed["encamina.yaml"]
        .replace("unplanned: quarantine", "unplanned: reject")
        .replace("kind: server, write_key", "kind: server, unplanned: quarantine, write_key")
    )
    order = an_order("m1", userId=NASTY, context={"page": {"title": NASTY}})
    tried = Attempt(1, NOW, "retry", f"why {NASTY}", 503, f"answer {NASTY}", 1)
    told = {"event": NASTY, "reason": NASTY, "attempts": 1, "tried": (tried,)}
    shop.fill(
        a_delivery(1, **told),
        a_delivery(1, rule="other", state=State.DEAD, **told),
        a_delivery(9, message_id=NASTY, **told),
        events=[order, BAD],
        read_to=1,
        pause=f"why {NASTY}",
    )
    return shop


@pytest.mark.parametrize(
    ("command", "times"),
    [
        (("deliveries",), 3),
        (("deliveries", "--message-id", NASTY), 1),
        (("dead",), 1),
        (("dead", "--by-reason"), 1),
        (("dead", "show", "m1"), 3),
        (("events",), 1),
        (("quarantine",), 1),
        (("quarantine", "show", "m9"), 0),
        (("explain", "m1", "--payload"), 4),
        (("explain", "m9"), 1),
    ],
    ids=lambda given: " ".join(given)[:24] if isinstance(given, tuple) else None,
)
def test_what_was_sent_is_shown_and_not_obeyed(nasty, command, times):
    done = nasty.run(*command)

    assert is_harmless(done.stdout)
    assert is_harmless(done.stderr)
    assert done.stdout.count(PART) >= times


def test_a_table_has_a_line_for_each_of_its_rows(nasty):
    assert len(nasty.run("dead").stdout.splitlines()) == 2
    assert len(nasty.run("quarantine").stdout.splitlines()) == 2


def test_json_holds_the_text_as_it_is(nasty):
    assert {one["reason"] for one in nasty.lines("dead")} == {NASTY}


def test_names_of_keys_are_shown_and_not_obeyed(shop):
    shop.fill()
    shop.run("keys", "create", "--source", "shop", "--name", NASTY)

    done = shop.run("keys", "list")

    assert SHOWN in done.stdout
    assert is_harmless(done.stdout)


def test_an_unknown_id_and_an_error_line_are_shown_and_not_obeyed(shop, monkeypatch, capsys):
    shop.fill()
    assert is_harmless(shop.run("explain", NASTY, code=1).stderr)
    given = ["encamina", "deliveries", "--destination", "hoo\x1bc\n\u202ek"]
    given += ["--project", str(shop.folder), "--data", str(shop.folder)]
    monkeypatch.setattr(sys, "argv", given)

    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert is_harmless(said)
    assert 'encamina: no destination "hoo\\x1bc\\n\\u202ek"; did you mean' in said


def test_a_dry_run_shows_what_is_in_the_event_and_obeys_none_of_it(shop, an_order, tmp_path):
    shop.fill()
    order = an_order(NASTY, event="Order Completed", userId=NASTY)
    (tmp_path / "order.json").write_text(json.dumps([order, {**BAD, "event": NASTY}]))

    done = shop.run("dry-run", str(tmp_path / "order.json"), "--explain", "--request", code=1)

    assert is_harmless(done.stdout)
    assert PART in done.stdout
