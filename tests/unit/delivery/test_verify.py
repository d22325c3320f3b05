"""Asking a vendor about a payload: the request of ``verify:``, and what is made of the answer."""

import httpx
import orjson
import pytest
import trio

from engine.authoring.dry_run import dry_run
from engine.delivery.send import Sender
from engine.delivery.verify import Opinion, ask
from engine.pipeline.request import Moment
from tests.support.events import NOW, SHOP, an_event
from tests.support.releases import ENV, FILES, a_release, findings_of, write_project

HOOK = """
        name: hook
        contract: schemas/payloads/hook.yaml
        repeats: possible
        request:
          url: https://hook.example.com/in
          headers: { Authorization: "Bearer {{ env.HOOK_TOKEN }}", X-Trace: "on" }
          params: { v: 2 }
          body: { items: "{{ batch }}", options: { strict: false, keep: 1 } }
        verify:
          url: https://hook.example.com/debug/in
          headers: { X-Trace: null }
          params: { test: true }
          body: { options: { strict: true } }
          problems: "{{ body.messages | pluck('text') }}"
        """
SET = {**ENV, "HOOK_TOKEN": "hush-hush"}


def asked(folder, answer, env=SET, hook=HOOK):
    """What was sent, and what is made of the answer."""
    release = a_release(folder, {"destinations/hook.yaml": hook}, env)
    destination = release.destination("hook")
    [(_, decision)] = dry_run(release, an_event(), SHOP, NOW, frozenset({"hook"})).decisions
    sent = []

    def take(request):
        sent.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def run():
        async with httpx.AsyncClient(transport=httpx.MockTransport(take)) as client:
            sender = Sender(client, None)
            return await ask(sender, destination, release.env, decision.payload, Moment(NOW))

    return sent, trio.run(run)


def test_the_vendor_gets_the_request_with_the_changes_laid_over_it(tmp_path):
    [request], _ = asked(tmp_path, httpx.Response(200, json={}))

    assert str(request.url) == "https://hook.example.com/debug/in?v=2&test=true"
    assert request.headers["Authorization"] == "Bearer hush-hush"
    assert "X-Trace" not in request.headers
    body = orjson.loads(request.content)
    assert body["options"] == {"strict": True, "keep": 1}
    assert body["items"][0]["total"] == 1_414_700


@pytest.mark.parametrize(
    ("status", "body", "problems"),
    [
        (200, {"messages": []}, ()),
        (200, {}, ()),
        (200, {"messages": [{"text": "too long"}, {"text": "no id"}]}, ("too long", "no id")),
        (400, {"messages": [{"text": "too long"}]}, ("too long",)),
        (404, {"error": {"message": "no such path"}}, ("HTTP 404: no such path",)),
        (200, {"messages": [{"text": "hush-hush is no token"}]}, ("*** is no token",)),
        (200, {"messages": "broken"}, ("verify.problems fails: pluck takes list, found a text",)),
    ],
)
def test_what_the_vendor_finds_is_told_in_its_own_words(tmp_path, status, body, problems):
    _, opinion = asked(tmp_path, httpx.Response(status, json=body))

    assert opinion == Opinion(problems)


def test_no_answer_is_no_opinion(tmp_path):
    _, opinion = asked(tmp_path, httpx.ConnectError("refused"))

    assert opinion.as_json() == {
        "asked": False,
        "reason": "no answer: no connection could be made",
    }


def test_without_its_secret_the_vendor_is_not_asked(tmp_path):
    sent, opinion = asked(tmp_path, httpx.Response(200, json={}), ENV)

    assert (sent, opinion.fault) == ([], "HOOK_TOKEN is not set")


def test_a_destination_without_verify_says_so(tmp_path):
    sent, opinion = asked(
        tmp_path, httpx.Response(200, json={}), hook=HOOK.partition("        verify:")[0]
    )

    assert sent == []
    assert (opinion.fault, opinion.could_be_asked) == (
        "destinations/hook.yaml has no verify:",
        False,
    )


def test_a_fault_in_verify_is_told_at_its_own_line(tmp_path):
    wrong = HOOK.replace("strict: true", 'strict: "{{ bach }}"').replace("body.mess", "bdy.mess")
    write_project(tmp_path, {**FILES, "destinations/hook.yaml": wrong})

    told = [(one.code, one.place.line) for one in findings_of(tmp_path, SET)[1]]

    assert told == [("E202", 13), ("E202", 14)]
