"""What `validate` says of posts: ids of several events, signatures of no body, headers, fields."""

import pytest

from tests.support.releases import FILES as SMALL
from tests.support.releases import findings_of, write_project

HOOK = """
    inbound: hook
    source: shop
    post: { POST }
    EACH
    event: { type: track, event: Order Completed, messageId: "ID", userId: "{{ body.user }}" }
    """
SIGNED = """signature: {{ secret: "{{{{ env.S | default('') }}}}", {} }}"""
GIVEN = "given: \"{{ headers['x-signature'] }}\""


def codes(folder, post="", each="", message_id="{{ body.id }}", **files):
    hook = HOOK.replace("POST", post).replace("EACH", each).replace("ID", message_id)
    write_project(folder, {**SMALL, "rules/inbound/hook.yaml": hook, **files})
    return [one.code for one in findings_of(folder)[1]]


ROWS = "each: row in body.rows"


@pytest.mark.parametrize(
    ("each", "message_id"),
    [
        (ROWS, "{{ row.id }}"),
        (ROWS, "{{ row.id | default('') }}"),
        (ROWS, "{{ request.idempotencyKey }}-{{ part }}"),
        (ROWS, "{{ {'of': body.id, 'row': row} | json | uuid }}"),
        (ROWS, "{{ row.id if row.id else '' }}"),
        ("each: [row in body.rows, 'id in [row.id]']", "{{ id }}"),
        ("each: [row in body.rows, item in row.items]", "{{ item.id }}"),
        ("each: name in [body.name]", "{{ body.id }}"),
        ("each: name in [body.name] | compact", "{{ body.id }}"),
        ("each: row in body.rows | take(1)", "{{ body.id }}"),
        ("each: row in [body.a] if body.a else [body.b]", "{{ body.id }}"),
    ],
)
def test_ids_that_differ_from_event_to_event_are_taken(tmp_path, each, message_id):
    assert codes(tmp_path, each=each, message_id=message_id) == []


@pytest.mark.parametrize(
    ("each", "message_id"),
    [
        (ROWS, "{{ body.id }}"),
        (ROWS, "fixed"),
        (ROWS, "{{ row.id | default(request.idempotencyKey) }}"),
        (ROWS, "{{ row.id or body.id }}"),
        (ROWS, "{{ row.id if row.id else body.id }}"),
        ("each: [row in body.rows, one in body.others]", "{{ one.id }}"),
        ("each: [row in body.rows, item in row.items]", "{{ row.id }}"),
        ("each: row in body.rows | take(2)", "{{ body.id }}"),
        ("each: row in [body.a, body.b]", "{{ body.id }}"),
    ],
)
def test_ids_that_several_events_may_share_are_an_error(tmp_path, each, message_id):
    assert codes(tmp_path, each=each, message_id=message_id) == ["E342"]


@pytest.mark.parametrize(
    "signed",
    [
        "{{ raw_body }}",
        "{{ headers['x-time'] }}.{{ raw_body }}",
        "{{ headers['x-time'] ~ '.' ~ raw_body }}",
        "{{ raw_body if headers['x-v'] == '1' else headers['x-time'] ~ raw_body }}",
    ],
)
def test_a_signature_that_covers_the_body_is_taken(tmp_path, signed):
    assert codes(tmp_path, SIGNED.format(f'{GIVEN}, signed: "{signed}"')) == []


@pytest.mark.parametrize(
    "signed",
    [
        "a text",
        "{{ headers['x-time'] }}",
        "{{ raw_body | sha256 }}",
        "{{ raw_body | default('') }}",
        "{{ raw_body.user }}",
        "{{ 'yes' if raw_body else 'no' }}",
        "{{ raw_body if headers['x-v'] == '1' else headers['x-time'] }}",
        "{{ headers['x-time'] or raw_body }}",
    ],
)
def test_a_signature_that_would_fit_other_bodies_too_is_an_error(tmp_path, signed):
    assert codes(tmp_path, SIGNED.format(f'{GIVEN}, signed: "{signed}"')) == ["E179"]


@pytest.mark.parametrize("message_id", ["{{ headers['X-Id'] }}", "{{ headers.cookie }}"])
def test_a_header_that_never_comes_is_an_error(tmp_path, message_id):
    assert codes(tmp_path, message_id=message_id) == ["E209"]


def test_fields_of_a_body_are_looked_up_in_its_schema_within_loops_too(tmp_path):
    schema = """
        type: object
        properties:
          user: true
          rows: { type: array, items: { type: object, properties: { number: true } } }
        """
    post = "body: schemas/inbound/hook.yaml"

    found = codes(tmp_path, post, ROWS, "{{ row.numbre }}", **{"schemas/inbound/hook.yaml": schema})

    assert found == ["W204"]
