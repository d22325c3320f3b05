"""GET routes of the analytics store, one for each question of the catalogue."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from engine.api.listener import check_reader
from engine.ingest.authenticate import Keys
from engine.model.errors import Refused, StorageError
from engine.model.jsonvalue import Json
from engine.store.interface import Answer, Store
from engine.store.questions import QUESTIONS, Question, QuestionError, read_arguments
from engine.telemetry.notices import Notices

QUESTION = "encamina.question"
"""Where a request's scope holds the question and what of its path are arguments."""

RETRY_AFTER_S = 10


@dataclass(frozen=True, slots=True)
class QuestionApi:
    """What the routes need; ``keys`` is asked for anew each time, as keys change."""

    store: Store | None
    keys: Callable[[], Keys]
    notices: Notices
    questions: Sequence[Question] = field(default=QUESTIONS)

    def routes(self) -> list[BaseRoute]:
        """One for all paths."""
        return [_Asked(self)]

    def question_at(self, path: str) -> tuple[Question, Mapping[str, str]] | None:
        """The question that is asked there, and the arguments that stand in the path."""
        for question in self.questions:
            if found := path_pattern(question.path).fullmatch(path):
                return question, found.groupdict()
        return None

    async def answer(self, request: Request) -> Response:
        """The answer to what is asked."""
        question, in_path = request.scope[QUESTION]
        if request.method not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        try:
            answer = await self._ask(request, question, in_path)
        except Refused as refused:
            return _refusal(refused)
        headers = {"Cache-Control": "no-store"}
        if answer.cursor is not None:
            headers["Link"] = _next(request, answer.cursor)
        return JSONResponse(answer.value, headers=headers)

    async def _ask(
        self, request: Request, question: Question, in_path: Mapping[str, str]
    ) -> Answer:
        try:
            check_reader(request, self.keys())
        except Refused:
            self.notices.turned_away("read token")
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
    parameter may hold slashes, which came escaped.
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
        found = self._api.question_at(scope["path"])
        if found is None:
            return Match.NONE, {}
        match = Match.FULL if scope["method"] in {"GET", "HEAD"} else Match.PARTIAL
        return match, {QUESTION: found}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        response = await self._api.answer(Request(scope, receive, send))
        await response(scope, receive, send)


def _next(request: Request, cursor: str) -> str:
    """The header that leads to the next page, as RFC 8288 writes it."""
    query = [
        (name, value) for name, value in request.query_params.multi_items() if name != "cursor"
    ]
    return f'<{quote(request.url.path)}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'


def _refusal(refused: Refused) -> JSONResponse:
    """A refusal, also as callers of NestJS look for it: ``statusCode`` beside ``message``."""
    content: dict[str, Json] = {
        "success": False,
        "statusCode": refused.status,
        "code": refused.code,
        "message": refused.message,
    }
    headers = {}
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    return JSONResponse(content, refused.status, headers)
