"""Metrics in Prometheus' text format.

With several HTTP processes each counts in files of a folder that they share, and whoever is asked adds them up. The
library wants ``PROMETHEUS_MULTIPROC_DIR`` set for that before it is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily

from kb.workers import Pool

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """What one process has counted; `folder` is where several add up, None for a single one."""

    def __init__(self, store: Path, pool: Pool, folder: Path | None) -> None:
        self._store = store
        self._pool = pool
        self._folder = folder
        self._registry = CollectorRegistry()
        self.seconds = Histogram(
            "kb_request_seconds",
            "Seconds from a request to the last byte of its answer",
            ("route", "method", "status", "engine"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.running = Gauge(
            "kb_requests_running",
            "Requests being answered",
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self.faults = Counter(
            "kb_faults", "Requests that were refused or failed, by error", ("kind",), registry=self._registry
        )
        self.broken = Counter(
            "kb_answers_broken", "Answers that broke off behind their beginning", registry=self._registry
        )
        self.workers = Gauge(
            "kb_workers",
            "Worker processes, by what they do",
            ("state",),
            multiprocess_mode="livesum",
            registry=self._registry,
        )

    def text(self) -> bytes:
        """All of it, of all processes, in Prometheus' text format."""
        registry = CollectorRegistry()
        if self._folder is not None:
            multiprocess.MultiProcessCollector(registry, str(self._folder))
        else:
            registry.register(self._registry)  # type: ignore[arg-type]
        registry.register(self)  # type: ignore[arg-type]
        return generate_latest(registry)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is measured when it is asked for."""
        name = (self._store / "CURRENT").read_text("ascii").strip()
        published = (self._store / "CURRENT").stat().st_mtime
        yield _gauge("kb_snapshot_age_seconds", "Seconds since the newest commit", time.time() - published)
        yield _gauge("kb_commits", "The number of the newest commit", int(name.partition("-")[0]))
        yield _gauge("kb_store_bytes", "What the store's files take on disk", _size(self._store))
        yield _gauge("kb_queries_running", "Queries that have run for a while", len(list(self._pool.runs)))


def forget(process: int) -> None:
    """Take a process that has ended out of what is added up."""
    multiprocess.mark_process_dead(process)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def _size(folder: Path) -> int:
    """Bytes of a folder's files, each counted once however many names it has."""
    seen: dict[tuple[int, int], int] = {}
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                found = Path(here, name).stat()
            except OSError:
                continue
            seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values())
