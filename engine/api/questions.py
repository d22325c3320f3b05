"""GET routes of the analytics store, one for each question of the catalogue."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from engine.api.listener import check_reader
from engine.api.problems import nest_refusal
from engine.api.tries import Tries
from engine.ingest.authenticate import Keys
from engine.model.errors import Refused, StorageError
from engine.model.jsonvalue import Json
from engine.release.release import Release
from engine.store.interface import Answer, Store
from engine.store.questions import QUESTIONS, Question, QuestionError, read_arguments
from engine.telemetry.notices import Notices

QUESTION = "encamina.question"
"""Where a request's scope holds the question and what of its path are arguments."""

ESCAPED = "\udc2f"
"""A slash that came escaped, while a path is taken apart: half of a pair, which no text has."""

RETRY_AFTER_S = 10
OF_A_PAGE = 403


@dataclass(frozen=True, slots=True)
class QuestionApi:
    """What the routes need; ``keys`` and ``release`` are asked for anew each time: they change."""

    store: Store | None
    keys: Callable[[], Keys]
    notices: Notices
    release: Callable[[], Release]
    questions: Sequence[Question] = field(default=QUESTIONS)
    tries: Tries = field(default_factory=Tries)

    def routes(self) -> list[BaseRoute]:
        """One for all paths."""
        return [_Asked(self)]

    def question_at(self, path: str) -> tuple[Question, Mapping[str, str]] | None:
        """The question that is asked there, and the arguments that stand in the path.

        ``path`` is as it came, escapes and all.
        """
        read = "/".join(unquote(one).replace("/", ESCAPED) for one in path.split("/"))
        for question in self.questions:
            if found := path_pattern(question.path).fullmatch(read):
                given = found.groupdict()
                return question, {name: one.replace(ESCAPED, "/") for name, one in given.items()}
        return None

    async def answer(self, request: Request) -> Response:
        """The answer to what is asked."""
        question, in_path = request.scope[QUESTION]
        if request.method not in {"GET", "HEAD"}:
            message = "this path takes GET and HEAD alone"
            refused = Refused(405, "method_not_allowed", message)
            return nest_refusal(refused, {"Allow": "GET, HEAD"})
        try:
            answer = await self._ask(request, question, in_path)
        except Refused as refused:
            return nest_refusal(refused)
        headers = {"Cache-Control": "no-store"}
        if answer.cursor is not None:
            headers["Link"] = _next(request, answer.cursor)
        return JSONResponse(answer.value, headers=headers)

    async def _ask(
        self, request: Request, question: Question, in_path: Mapping[str, str]
    ) -> Answer:
        try:
            check_reader(request, self.keys(), self.release(), self.tries)
        except Refused as refused:
            self.notices.turned_away("page" if refused.status == OF_A_PAGE else "read token")
            raise
        if self.store is None:
            message = "there is no store: write a destination with kind: store"
            raise Refused(404, "no_store", message)
        given: dict[str, Json] = {**request.query_params, **in_path}
        try:
            return await self.store.ask(read_arguments(question, given))
        except QuestionError as error:
            raise Refused(400, "invalid_argument", str(error)) from None
        except StorageError as error:
            self.notices.alarm("store", error)
            message = "the store can't answer at the moment; ask again"
            raise Refused(
                503, "storage_unavailable", message, retry_after_s=RETRY_AFTER_S
            ) from error


@lru_cache(maxsize=64)
def path_pattern(path: str) -> re.Pattern[str]:
    """What paths of a question look like: its parameters are groups of their names.

    NestJS's router, whose place this takes, looks at neither case nor a slash at the end. A
    parameter may hold slashes; one at its own end is told from that of the path by its escape.
    """
    escaped = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(path))
    return re.compile(f"{escaped}/?", re.IGNORECASE | re.DOTALL)


class _Asked(BaseRoute):
    """Matches every path of the catalogue."""

    def __init__(self, api: QuestionApi) -> None:
        self._api = api

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whole for a GET, in part for any other method: other routes may have it."""
        if scope["type"] != "http":
            return Match.NONE, {}
        raw_path = scope.get("raw_path")
        path = raw_path.decode("latin-1") if raw_path else quote(scope["path"])
        found = self._api.question_at(path)
        if found is None:
            return Match.NONE, {}
        match = Match.FULL if scope["method"] in {"GET", "HEAD"} else Match.PARTIAL
        return match, {QUESTION: found}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        response = await self._api.answer(Request(scope, receive, send))
        await response(scope, receive, send)


def _next(request: Request, cursor: str) -> str:
    """The header that leads to the next page, as RFC 8288 writes it.

    It is relative to the address that was asked, whatever a gateway made of that on the way.
    """
    query = [
        (name, value) for name, value in request.query_params.multi_items() if name != "cursor"
    ]
    return f'<?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'
