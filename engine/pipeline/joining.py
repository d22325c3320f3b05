"""Windows that turn out to be one: by keys that one event has, or by an order told under two."""

from dataclasses import replace

from engine.model.person import MOST_USERS
from engine.model.window import Counted, Window
from engine.pipeline.derive import Keys, is_anonymous
from engine.pipeline.figures import joined
from engine.release.derived import Derived


def joined_window(derived: Derived, one: Window, other: Window) -> Window:
    """The first window with all that the other one holds."""
    causes = [cause for cause in (one.cause, other.cause) if cause is not None]
    dues = [due for due in (one.due, other.due) if due is not None]
    closed = [at for at in (one.closed_at, other.closed_at) if at is not None]
    return replace(
        one,
        figures=joined(derived.figures, one.figures, other.figures),
        cause=max(causes, key=lambda cause: cause.timestamp, default=None),
        due=max(dues, default=None),
        closed_at=max(closed, default=None),
        touched_at=max(one.touched_at, other.touched_at),
        users=with_users(one.users, other.users),
    )


def with_users(known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """The users of a window with those of another one."""
    return tuple(dict.fromkeys((*known, *more)))[:MOST_USERS]


def of_user(known: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """The users of a window with one more: all ``names`` are theirs, kept under the first."""
    if not names or known == names[:1]:
        return known
    return with_users(names[:1], tuple(one for one in known if one not in names))


def is_theirs(window: Window, keys: Keys) -> bool:
    """Whether a window that the former key of a person leads to is theirs: no other user's."""
    return set(keys.users).issuperset(window.users)


def tells_one_buyer(counted: Counted, keys: Keys) -> bool:
    """Whether what counted before, and is told again, was a guest's and is a user's, or so.

    Of two users one is mistaken, and of two browsers each may be a till.
    """
    if counted.key is None or keys.person is None:
        return False
    return is_anonymous(counted.key) != is_anonymous(keys.person)


def buyers(before: Window, now: Window | None, keys: Keys) -> tuple[str, ...]:
    """Whose an order is that one window counted, and that an event of other keys tells again."""
    return of_user(with_users(before.users, now.users if now else ()), keys.users)
