"""structlog set up: one line a happening, words for a terminal, JSON for a machine."""

import sys
from typing import TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor


def make_logger(*, as_json: bool, stream: TextIO = sys.stderr) -> FilteringBoundLogger:
    """A logger that writes to ``stream``; nothing global is configured."""
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0)
    )
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    )
    return logger
