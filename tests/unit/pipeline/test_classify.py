import pytest

from engine.model.clock import Millis
from engine.model.decision import Payload
from engine.model.delivery import (
    Answer,
    Dead,
    Delivered,
    NoAnswer,
    Pause,
    Retry,
    Split,
    Unverified,
)
from engine.pipeline.classify import classify
from tests.support.events import NOW
from tests.support.processes import DEMO_ENV
from tests.support.releases import FILES, a_release, the_reference_release

HOOK = FILES["destinations/hook.yaml"]
TWO = [Payload({"id": "a"}, 10, (), "a"), Payload({"id": "b"}, 10, (), "b")]


@pytest.fixture
def hook(tmp_path):
    return a_release(tmp_path).destinations[0]


@pytest.fixture(scope="module")
def reference():
    return the_reference_release(DEMO_ENV)


def an_answer(status, body=None, **headers):
    return Answer(status, headers, body)


def kinds(outcomes):
    return [type(one) for one in outcomes]


def with_responses(tmp_path, *lines):
    text = HOOK + "responses:\n" + "".join(f"  - {line}\n" for line in lines)
    return a_release(tmp_path, {"destinations/hook.yaml": text}).destinations[0]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, Delivered) for status in (200, 201, 202, 204)),
        *((status, Retry) for status in (408, 425, 429, 500, 502, 503, 504, 599)),
        *((status, Pause) for status in (301, 302, 307, 401, 402, 403, 404, 405, 406, 415, 426)),
        *((status, Split) for status in (400, 409, 410, 413, 422, 451)),
    ],
)
def test_an_answer_that_no_line_matches_falls_into_the_safe_table(hook, status, kind):
    assert kinds(classify(hook, TWO, an_answer(status), NOW)) == [kind, kind]


def test_a_refused_payload_that_is_alone_is_dead(hook):
    assert kinds(classify(hook, TWO[:1], an_answer(400), NOW)) == [Dead]


def test_no_answer_is_always_a_retry(hook):
    assert (
        classify(hook, TWO, NoAnswer("no answer within 10 s"), NOW)
        == [Retry("no answer within 10 s")] * 2
    )


@pytest.mark.parametrize(
    ("text", "after_ms"),
    [
        ("120", 120_000),
        ("Fri, 20 Nov 2026 15:00:30 GMT", 30_000),
        ("Fri, 20 Nov 2026 14:00:00 GMT", 0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_honoured_in_both_forms(hook, text, after_ms):
    [outcome, _] = classify(hook, TWO, an_answer(429, **{"retry-after": text}), Millis(NOW))

    assert outcome.after_ms == after_ms


def test_the_first_line_that_holds_decides(tmp_path):
    hook = with_responses(
        tmp_path,
        """{ when: "{{ body.code == 'busy' }}", then: retry, after: 10m, reason: "{{ body.why }}" }""",
        '{ when: "{{ status == 400 }}", then: dead }',
    )

    busy = classify(hook, TWO, an_answer(400, {"code": "busy", "why": "come back"}), NOW)
    other = classify(hook, TWO, an_answer(400, {"code": "bad"}), NOW)

    assert busy == [Retry("come back", 600_000)] * 2
    assert kinds(other) == [Dead, Dead]


def test_a_2xx_is_not_believed_where_a_line_says_what_success_is(tmp_path):
    hook = with_responses(tmp_path, '{ when: "{{ body.ok }}", then: delivered }')

    assert kinds(classify(hook, TWO, an_answer(200, {"ok": True}), NOW)) == [Delivered, Delivered]
    assert kinds(classify(hook, TWO, an_answer(200, "Service Unavailable"), NOW)) == [Retry, Retry]


def test_a_line_that_faults_does_not_match(tmp_path):
    hook = with_responses(tmp_path, '{ when: "{{ body.count + 1 > 0 }}", then: dead }')

    assert kinds(classify(hook, TWO, an_answer(200, {"count": "x"}), NOW)) == [Delivered, Delivered]


@pytest.mark.parametrize(("failed", "refused"), [("[1]", 1), ("['a']", 0), ("1", 1)])
def test_a_line_can_take_some_payloads_and_leave_the_others(tmp_path, failed, refused):
    hook = with_responses(
        tmp_path,
        f'{{ when: "{{{{ status == 207 }}}}", failed: "{{{{ {failed} }}}}", then: dead }}',
        '{ when: "{{ status == 207 }}", then: unverified }',
    )

    outcomes = classify(hook, TWO, an_answer(207), NOW)

    assert kinds(outcomes) == [Dead if index == refused else Unverified for index in (0, 1)]


def test_the_others_can_be_sent_again_at_once(tmp_path):
    hook = with_responses(
        tmp_path,
        '{ when: "{{ status == 400 }}", failed: "{{ [0] }}", then: dead, rest: retry }',
    )

    bad, good = classify(hook, TWO, an_answer(400), NOW)

    assert isinstance(bad, Dead)
    assert good.now is True


@pytest.mark.parametrize("failed", ["[]", "body.missing"])
def test_a_line_that_refuses_nobody_does_not_match(tmp_path, failed):
    hook = with_responses(
        tmp_path,
        f'{{ when: "{{{{ status == 400 }}}}", failed: "{{{{ {failed} }}}}", then: pause, rest: retry }}',
    )

    assert kinds(classify(hook, TWO, an_answer(400), NOW)) == [Split, Split]


META = [
    ({"events_received": 2}, 200, Delivered),
    ({"events_received": 1}, 200, Retry),
    ("Service Unavailable", 200, Retry),
    ({"error": {"code": 190, "error_subcode": 463}}, 400, Pause),
    ({"error": {"code": 190}}, 401, Pause),
    ({"error": {"code": 200}}, 403, Pause),
    ({"error": {"code": 100, "error_subcode": 33}}, 400, Pause),
    ({"error": {"code": 100, "message": "(#100) Missing Permission"}}, 400, Pause),
    ({"error": {"code": 4, "is_transient": True}}, 400, Retry),
    ({"error": {"code": 80004}}, 400, Retry),
    ({"error": {"code": 2}}, 500, Retry),
    ({"error": {"code": 368}}, 400, Retry),
    ({"error": {"code": 100, "error_subcode": 2804003}}, 400, Split),
    ("<html>bad gateway</html>", 400, Pause),
    ("<html>bad gateway</html>", 502, Retry),
]


@pytest.mark.parametrize(("body", "status", "kind"), META)
def test_meta_is_classified_by_code_before_status(reference, body, status, kind):
    meta = reference.destination("meta")

    assert kinds(classify(meta, TWO, an_answer(status, body), NOW)) == [kind, kind]


def test_meta_s_index_of_the_bad_event_is_used(reference):
    said = "Unexpected key \"x\" on param \"$['data'][1]['custom_data']\"."
    body = {"error": {"code": 100, "error_subcode": 2804019, "error_user_msg": said}}

    good, bad = classify(reference.destination("meta"), TWO, an_answer(400, body), NOW)

    assert isinstance(bad, Dead)
    assert good.now is True


@pytest.mark.parametrize("vendor", ["ga4", "gtm"])
def test_what_answers_2xx_to_anything_is_never_proved(reference, vendor):
    outcomes = classify(reference.destination(vendor), TWO, an_answer(204, ""), NOW)

    assert kinds(outcomes) == [Unverified, Unverified]


def test_every_outcome_has_a_reason_that_says_what_came(hook):
    body = {"error": {"message": "Invalid parameter", "code": 100, "error_subcode": 2804003}}

    [outcome] = classify(hook, TWO[:1], an_answer(400, body), NOW)

    assert outcome.reason == "HTTP 400: 100/2804003 Invalid parameter"


def test_every_payload_with_a_refused_key_is_refused(tmp_path):
    line = """{ when: "{{ status == 207 }}", failed: "{{ ['a'] }}", then: dead }"""
    hook = with_responses(tmp_path, line)
    twice = [TWO[0], TWO[0], TWO[1]]

    assert kinds(classify(hook, twice, an_answer(207), NOW)) == [Dead, Dead, Delivered]


@pytest.mark.parametrize("failed", ["[7]", "['unknown']"])
def test_a_refusal_of_what_is_not_in_the_batch_is_looked_for_by_halving(tmp_path, failed):
    hook = with_responses(
        tmp_path,
        f'{{ when: "{{{{ status == 200 }}}}", failed: "{{{{ {failed} }}}}", then: dead }}',
        '{ when: "{{ status == 200 }}", then: delivered }',
    )

    assert kinds(classify(hook, TWO, an_answer(200), NOW)) == [Split, Split]
    assert kinds(classify(hook, TWO[:1], an_answer(200), NOW)) == [Dead]


def test_a_refusal_partly_of_what_is_not_in_the_batch_vouches_for_nobody_else(tmp_path):
    hook = with_responses(
        tmp_path,
        '{ when: "{{ status == 200 }}", failed: "{{ [0, 2] }}", then: dead }',
        '{ when: "{{ status == 200 }}", then: delivered }',
    )

    assert kinds(classify(hook, TWO, an_answer(200), NOW)) == [Dead, Split]


def test_a_refusal_that_names_all_leaves_nobody_to_be_sent_again(tmp_path):
    hook = with_responses(
        tmp_path,
        '{ when: "{{ status == 400 }}", failed: "{{ [1, 0, 1] }}", then: dead, rest: retry }',
    )

    assert kinds(classify(hook, TWO, an_answer(400), NOW)) == [Dead, Dead]


@pytest.mark.parametrize("failed", ["[-1]", "[true]", "[0.5]", "[9999999999]", "[[0]]"])
def test_what_is_no_position_refuses_nobody_for_certain(tmp_path, failed):
    hook = with_responses(
        tmp_path,
        f'{{ when: "{{{{ status == 200 }}}}", failed: "{{{{ {failed} }}}}", then: dead }}',
        '{ when: "{{ status == 200 }}", then: delivered }',
    )

    assert kinds(classify(hook, TWO, an_answer(200), NOW)) == [Split, Split]


@pytest.mark.parametrize(
    "text",
    [
        *("", "-5", "1.5", "soon", "١٢", "1e9", "\x00"),
        *("Mon, 99 Jan 2026 00:00:00 GMT", "Mon, 01 Jan 99999 00:00:00 GMT"),
        *("Fri, 31 Dec 9999 23:59:59 -9999", "Mon, 01 Jan 0001 00:00:00 +2359"),
    ],
)
def test_a_retry_after_that_says_nothing_is_none(hook, text):
    [outcome] = classify(hook, TWO[:1], Answer(503, {"retry-after": text}, ""), NOW)

    assert isinstance(outcome, Retry)
    assert outcome.after_ms is None or outcome.after_ms >= 0
