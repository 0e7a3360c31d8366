"""The benchmarks of the core run, at sizes that measure nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("script", "options", "rows"),
    [
        (
            "load.py",
            ["--triples", "400", "800"],
            ["bulk_load alone", "kb load", "columns alone", "800 against 400"],
        ),
        (
            "commits.py",
            ["--triples", "400", "--commits", "2", "--each", "1"],
            ["kb commit", "bare extend", "16 threads"],
        ),
    ],
)
def test_a_benchmark_prints_its_table(
    script: str, options: list[str], rows: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / script), *options, "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [row for row in rows if row not in done.stdout] == []
    assert list(tmp_path.iterdir()) == []
