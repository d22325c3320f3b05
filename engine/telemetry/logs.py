"""structlog set up: one line a happening, words for a terminal, JSON for a machine."""

import sys
from collections.abc import Iterable
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from engine.model.visible import visible
from engine.telemetry.redact import Redactor
from engine.telemetry.stream import Unfailing


def make_logger(
    *, as_json: bool, stream: TextIO = sys.stderr, secrets: Iterable[str] = ()
) -> FilteringBoundLogger:
    """A logger that writes to ``stream``, without ``secrets``; nothing global is configured."""
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0)
    )
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(cast("TextIO", Unfailing(stream))),
        processors=[
            Redactor(secrets),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if as_json else [_visible]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )
    return logger


def _visible(_: object, __: str, line: EventDict) -> EventDict:
    """The line with what a terminal would obey spelt out, whoever put it into a text."""
    return {name: visible(one) if isinstance(one, str) else one for name, one in line.items()}
