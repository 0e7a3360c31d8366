"""What an insight looks at: a category with all below it, a brand family, a region, a window of time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time

from ..errors import UsageError


@dataclass(frozen=True)
class Scope:
    """IRIs of what is looked at, and a window from `since` to before `until`; None leaves it open.

    `merchant` and `sku` are for what is about one of them; `limit` cuts the rows at the end.

    >>> Scope(since="2026-01-01").begin
    datetime.datetime(2026, 1, 1, 0, 0)

    Raises UsageError for a time that is none, and for a window that ends before it begins.
    """

    category: str | None = None
    family: str | None = None
    region: str | None = None
    since: str | None = None
    until: str | None = None
    merchant: str | None = None
    sku: str | None = None
    limit: int = 20

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise UsageError(f"A limit of {self.limit} leaves nothing to show", hint="give 1 or more")
        if self.begin and self.end and self.begin >= self.end:
            raise UsageError(
                f"The window from {self.since} to {self.until} is empty", hint="exchange the two"
            )

    @property
    def begin(self) -> datetime | None:
        """`since` in UTC, without a zone."""
        return _instant(self.since)

    @property
    def end(self) -> datetime | None:
        """`until` in UTC, without a zone."""
        return _instant(self.until)

    def to_dict(self) -> dict[str, str | int]:
        """What is given, as JSON."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time())
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is no date", hint="write 2026-01-31 or 2026-01-31T12:00Z") from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
