"""Events in quarantine, admitted after a fix or dropped by hand."""

from engine.control import asked as read
from engine.control.control import Control
from engine.ingest.readmit import readmit
from engine.model.jsonvalue import Body
from engine.state.interface import QuarantineFilter

PAGE = 200
"""Events judged in one step."""

FILTERS = ("message_id", "source", "event", "reason", "since", "until")


async def retry(control: Control, asked: Body) -> Body:
    """Judge the events of a filter again; the good ones go on their way.

    ``asked`` has some of ``FILTERS``, or ``"all": true``. Gives how many were ``accepted``, how
    many were in the log already (``duplicate``), and how many are ``still`` in quarantine, with the
    reasons of today.
    """
    counts = {"accepted": 0, "duplicate": 0, "still": 0}
    which, after = which_of(asked, some=True), 0
    while page := await control.state.quarantined(limit=PAGE, after=after, which=which):
        after = page[-1].number
        done = await readmit(control.ingest, page, control.clock())
        counts["accepted"] += done.accepted
        counts["duplicate"] += done.duplicate
        counts["still"] += done.still
    return counts


async def drop(control: Control, asked: Body) -> Body:
    """Keep nothing of the events of a filter: they count as rejected; how many were ``dropped``."""
    dropped = 0
    which, after = which_of(asked, some=True), 0
    while page := await control.state.quarantined(limit=PAGE, after=after, which=which):
        after = page[-1].number
        ids: dict[str, list[str]] = {}
        for one in page:
            ids.setdefault(one.source, []).append(one.message_id)
        for source, of_source in ids.items():
            gone = await control.state.leave_quarantine(source, of_source, "rejected")
            control.ingest.notices.dropped(source, gone)
            dropped += gone
    return {"dropped": dropped}


def which_of(asked: Body, *, some: bool = False) -> QuarantineFilter:
    """The events that are asked for; with ``some`` it has to be said which, or all.

    Raises ``ControlError`` where that can't be understood.
    """
    read.only(asked, (*FILTERS, "all"))
    if some:
        read.some_of(asked, FILTERS)
    return QuarantineFilter(
        source=read.text(asked, "source"),
        message_id=read.text(asked, "message_id"),
        event=read.text(asked, "event"),
        reason=read.text(asked, "reason"),
        since=read.moment(asked, "since"),
        until=read.moment(asked, "until"),
    )
