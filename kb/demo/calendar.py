"""The demo shop's year: 52 weeks that end on a fixed day, so that the same arguments give the same files for ever."""

from __future__ import annotations

import numpy as np

END = np.datetime64("2026-06-30T00:00:00", "s")
WEEKS = 52
START = END - np.timedelta64(WEEKS * 7, "D")
LAST_DAY = WEEKS * 7


def write_hours(hours: np.ndarray) -> list[str]:
    """xsd:dateTime texts of hours since the start of the year.

    >>> write_hours(np.array([0, 8736]))
    ['2025-07-01T00:00:00Z', '2026-06-30T00:00:00Z']
    """
    moments = START + np.asarray(hours, dtype=np.int64) * np.timedelta64(3600, "s")
    return np.datetime_as_string(moments, unit="s", timezone="UTC").tolist()


def write_days(days: np.ndarray) -> list[str]:
    """xsd:dateTime texts of days since the start of the year."""
    return write_hours(np.asarray(days, dtype=np.int64) * 24)


def write_optional_hours(hours: np.ndarray, known: np.ndarray) -> list[str | None]:
    """The same, None where not known."""
    return [text if there else None for text, there in zip(write_hours(hours), known.tolist(), strict=True)]
