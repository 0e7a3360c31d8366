"""Everything that can go wrong, as one tree.

    KbError
    ├── DataError                 the data is at fault                     exit 1
    │   ├── SyntaxFault           a file or literal does not parse                  400
    │   ├── SourceError           a file is empty, a directory, wrongly encoded     400
    │   ├── UnsupportedFormat     no reader for this suffix or media type           415
    │   ├── MappingError          a mapping does not fit its tables                 400
    │   ├── ShapesError           a shapes graph is ill-formed                      400
    │   ├── OntologyError         an ontology is inconsistent or incomplete         400
    │   └── GateRefused           a commit was refused by the shapes                422
    ├── UsageError                the request is at fault                  exit 2
    │   ├── QueryError            a query or update does not parse or fit           400
    │   ├── NotFound              no such commit, entity, question, graph           404
    │   ├── Forbidden             the caller may not see or do that                 403
    │   ├── Outdated              the store has changed since                       412
    │   ├── NotCovered            a construct that this release does not run        501
    │   └── LimitPassed           a query passed a limit of the server
    │       ├── DeadlinePassed    it took longer than it may                        408
    │       ├── ResultTooLarge    its answer has too many rows or bytes             413
    │       └── MemoryExceeded    it took more memory than it may                   507
    └── SystemFault               the machine or the store is at fault     exit 3
        ├── StoreLocked           another process is writing                        503
        ├── Overloaded            too many queries run or wait                      503
        ├── QueryStopped          an administrator, or the server's end, stopped it 503
        ├── EvaluatorCrashed      the process that evaluated a query crashed        500
        ├── CoreLost              the core ended before it answered                 503
        ├── ServerLost            no server answers, or its answer broke off        503
        ├── StoreDamaged          the store is not what its journal says            500
        ├── StoreMissing          there is no store here                            404
        ├── WriteFailed           the disk is full, or can't be written             507
        ├── PortBusy              another process listens on the port               503
        └── ToolMissing           an optional program or package is not here        501

Each error says *what* happened, *where* (file, line, term) and gives a *hint*: what to do next.
"""

from __future__ import annotations

from typing import Any


class KbError(Exception):
    """The root of the tree.

    >>> str(KbError("No graph <x>", where="query, line 3", hint="see kb stats"))
    'No graph <x> (query, line 3). To mend it: see kb stats'
    """

    exit_code = 3
    status = 500

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.what = what
        self.where = where
        self.hint = hint
        text = what if where is None else f"{what} ({where})"
        super().__init__(text if hint is None else f"{text}. To mend it: {hint}")

    @property
    def title(self) -> str:
        """The class name as words, for problem documents.

        >>> GateRefused("x").title
        'Gate refused'
        """
        words = "".join(
            f" {letter.lower()}" if letter.isupper() else letter for letter in type(self).__name__
        )
        return words.strip().capitalize()

    def to_dict(self) -> dict[str, str | int]:
        """A problem document (RFC 9457); absent parts are left out."""
        optional = {"where": self.where, "hint": self.hint}
        given = {key: value for key, value in optional.items() if value is not None}
        return {"title": self.title, "status": self.status, "detail": self.what, **given}


class DataError(KbError):
    """The data is at fault."""

    exit_code = 1
    status = 400


class SyntaxFault(DataError):
    """A file or a literal does not parse."""


class SourceError(DataError):
    """A file is missing, empty, a directory or wrongly encoded."""


class UnsupportedFormat(DataError):
    """No reader or writer for this suffix or media type."""

    status = 415


class MappingError(DataError):
    """A mapping does not fit its tables."""


class ShapesError(DataError):
    """A shapes graph is ill-formed."""


class OntologyError(DataError):
    """An ontology is inconsistent, or a part of it is missing."""


class GateRefused(DataError):
    """A commit was refused by the shapes; `report` is what they said of it."""

    status = 422

    def __init__(
        self, what: str, *, where: str | None = None, hint: str | None = None, report: Any = None
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.report = report


class UsageError(KbError):
    """The request is at fault."""

    exit_code = 2
    status = 400


class QueryError(UsageError):
    """A query or update does not parse, or does not fit."""


class NotFound(UsageError):
    """There is no such commit, entity, question or graph."""

    status = 404


class Forbidden(UsageError):
    """The caller may not see or do that."""

    status = 403


class Outdated(UsageError):
    """The store is not at the snapshot any more that a change was meant for."""

    status = 412


class NotCovered(UsageError):
    """A construct that this release does not run."""

    status = 501


class LimitPassed(UsageError):
    """A query passed a limit of the server; `limit` names it, `value` is in `unit`."""

    def __init__(
        self, what: str, *, limit: str = "", value: float = 0, unit: str = "", hint: str | None = None
    ) -> None:
        self.limit, self.value, self.unit = limit, value, unit
        super().__init__(what, hint=hint)

    def to_dict(self) -> dict[str, str | int | float]:  # type: ignore[override]
        """A problem document that names the limit."""
        return {**super().to_dict(), "limit": self.limit, "value": self.value, "unit": self.unit}


class DeadlinePassed(LimitPassed):
    """A query took longer than it may."""

    status = 408

    @classmethod
    def after(cls, seconds: float) -> DeadlinePassed:
        """The fault of a query that had so many seconds."""
        return cls(
            f"The query ran longer than {seconds:g} seconds",
            limit="time",
            value=seconds,
            unit="seconds",
            hint="ask for less: bind more terms, put a FILTER near its pattern, leave out ORDER BY, add a LIMIT",
        )


class ResultTooLarge(LimitPassed):
    """An answer has more rows or bytes than it may."""

    status = 413

    @classmethod
    def rows(cls, most: int) -> ResultTooLarge:
        """The fault of an answer with more than so many rows."""
        return cls._of("rows", most)

    @classmethod
    def bytes(cls, most: int) -> ResultTooLarge:
        """The fault of an answer with more than so many bytes."""
        return cls._of("bytes", most)

    @classmethod
    def changes(cls, most: int) -> ResultTooLarge:
        """The fault of an update that adds and removes more than so many quads."""
        return cls(
            f"The update changes more than {most:,} quads",
            limit="changes",
            value=most,
            unit="quads",
            hint="change less at once: name more terms, add a FILTER; to load much, send it to /loads",
        )

    @classmethod
    def _of(cls, unit: str, most: int) -> ResultTooLarge:
        return cls(
            f"The answer has more than {most:,} {unit}",
            limit=unit,
            value=most,
            unit=unit,
            hint="ask for less: add a LIMIT (and OFFSET for the next part) or a FILTER, select fewer variables",
        )


class MemoryExceeded(LimitPassed):
    """A query took more memory than it may."""

    status = 507

    @classmethod
    def beyond(cls, most: int) -> MemoryExceeded:
        """The fault of a query that wanted more than so many bytes."""
        return cls(
            f"The query took more than {most >> 20:,} MiB of memory",
            limit="memory",
            value=most,
            unit="bytes",
            hint="ask for less: bind more terms before ORDER BY, DISTINCT and GROUP BY, or add FILTERs",
        )


class SystemFault(KbError):
    """The machine or the store is at fault."""


class StoreLocked(SystemFault):
    """Another process is writing to this store."""

    status = 503


class Overloaded(SystemFault):
    """Too many queries run or wait."""

    status = 503


class QueryStopped(SystemFault):
    """A query was ended from outside: by an administrator, or because the server ends."""

    status = 503


class EvaluatorCrashed(SystemFault):
    """The process that evaluated a query crashed; the server and other queries go on."""


class CoreLost(SystemFault):
    """The process that owns the writer ended before it answered; whether the commit went in, the log tells."""

    status = 503


class ServerLost(SystemFault):
    """No server answers at an address, or its answer broke off."""

    status = 503


class StoreDamaged(SystemFault):
    """The store is not what its journal says."""


class StoreMissing(SystemFault):
    """There is no store at this place."""

    status = 404


class WriteFailed(SystemFault):
    """The disk is full, or can't be written."""

    status = 507


class PortBusy(SystemFault):
    """Another process listens on the port."""

    status = 503


class ToolMissing(SystemFault):
    """An optional program or package is not installed."""

    status = 501
