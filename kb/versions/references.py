"""References: the ways to name a commit, and the commits that a listing shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from ..errors import NotFound, UsageError
from ..graphs import Private
from ..store import Commit

Reference = str | int | date
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\S+)?")
_NAME = re.compile(r"(\d{8,})-([0-9a-f]{8})(?:-\d+)?")
# The beginning of an id; digits alone are a number, unless they are too many for one.
_ID = re.compile(r"(?=.*[a-f])[0-9a-f]{4,32}|[0-9]{8,32}")


def commit_of(commits: Sequence[Commit], reference: Reference) -> Commit:
    """The commit that is meant: by number (``12``, ``#12``), id or its beginning, name of its snapshot, or time.

    A time (ISO 8601; UTC where it names no zone; a date alone means the end of that day) stands for the newest
    commit that was there then. The beginning of an id has four digits at least, eight if all are decimal.

    >>> commits = [Commit(1, id="4f1c08aa" * 4, time="2026-01-05T08:00:00+00:00")]
    >>> commit_of(commits, "4f1c").number, commit_of(commits, "#1").number, commit_of(commits, "2026-01-05").number
    (1, 1, 1)

    Raises NotFound for no commit or more than one, UsageError for what is no reference.
    """
    if isinstance(reference, date) or _TIME.fullmatch(str(reference)):
        return _at(commits, instant(reference))
    text = str(reference)
    if named := _NAME.fullmatch(text):
        found = [one for one in commits if one.number == int(named[1]) and one.id.startswith(named[2])]
    elif re.fullmatch(r"#?\d+", text):
        found = [one for one in commits if str(one.number) == text.removeprefix("#")]
        if not found and _ID.fullmatch(text):
            found = [one for one in commits if one.id.startswith(text)]
    elif _ID.fullmatch(text.lower()):
        found = [one for one in commits if one.id.startswith(text.lower())]
    else:
        raise UsageError(
            f"'{text}' names no commit",
            hint="give its number, its id or the beginning of it, its snapshot's name, or a time "
            "(2026-01-31, 2026-01-31T12:00Z)",
        )
    if not found:
        newest = f"the newest is #{commits[-1].number}; " if commits else ""
        raise NotFound(f"There is no commit {text}", hint=f"{newest}see kb log")
    if len(found) > 1:
        some = ", ".join(f"#{one.number} {one.id[: len(text) + 4]}" for one in found[:5])
        raise NotFound(f"More than one commit is called {text}: {some}", hint="give more of its id")
    return found[0]


def instant(moment: Reference, *, end_of_day: bool = True) -> datetime:
    """A time from ISO 8601 or from Python's types; UTC where it names no zone.

    >>> instant("2026-01-31").isoformat(), instant("2026-01-31T12:00+02:00").isoformat()
    ('2026-01-31T23:59:59.999999+00:00', '2026-01-31T12:00:00+02:00')

    Raises UsageError.
    """
    try:
        found = moment if isinstance(moment, date) else datetime.fromisoformat(str(moment))
    except ValueError:
        raise UsageError(
            f"'{moment}' is no time", hint="write it as 2026-01-31, 2026-01-31T12:00 or 2026-01-31T12:00:00Z"
        ) from None
    whole_day = not isinstance(found, datetime) or bool(re.fullmatch(r"\d{4}-\d\d-\d\d", str(moment)))
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day)
    if whole_day and end_of_day:
        found += timedelta(days=1, microseconds=-1)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def visible(commits: Sequence[Commit], *, private: Private) -> list[Commit]:
    """The commits that may be seen: those that touched no other private graph than these."""
    return [one for one in commits if one.visible(private)]


def selected(
    commits: Sequence[Commit],
    *,
    source: str | None = None,
    since: Reference | None = None,
    limit: int | None = None,
) -> list[Commit]:
    """The newest `limit` commits of a source, from a time or behind a commit on; oldest first.

    Raises NotFound, UsageError.
    """
    found = list(commits)
    if since is not None and (isinstance(since, date) or _TIME.fullmatch(str(since))):
        begin = instant(since, end_of_day=False)
        found = [one for one in found if one.time and datetime.fromisoformat(one.time) >= begin]
    elif since is not None:
        number = commit_of(commits, since).number
        found = [one for one in found if one.number > number]
    if source is not None:
        found = [one for one in found if one.source == source]
    return found[-limit:] if limit else found


def _at(commits: Sequence[Commit], moment: datetime) -> Commit:
    # By number, not by time: a clock that jumped back does not reorder history.
    for one in reversed(commits):
        if one.time and datetime.fromisoformat(one.time) <= moment:
            return one
    first = f"its first commit is of {commits[0].time[:19]} UTC" if commits else "it has no commit"
    raise NotFound(f"At {moment.isoformat()} the store held nothing", hint=f"{first}; see kb log")
