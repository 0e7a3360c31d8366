"""The hunt for different answers tells its seeds, and goes on where a process is aborted."""

from __future__ import annotations

import sys
from pathlib import Path

from click.testing import CliRunner

from tests.analytics.hunt import judged, look, main


def test_a_seed_asks_the_same_again(tmp_path: Path) -> None:
    counted = [look(3, 20, tmp_path / name) for name in ("one", "two")]
    assert counted[0] == counted[1] and counted[0]["answered"]
    assert (tmp_path / "one").read_text() == (tmp_path / "two").read_text()


def test_an_abort_tells_what_was_asked(tmp_path: Path) -> None:
    last = tmp_path / "last"
    ask = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text('ASK {}'); os.abort()"
    counted, fault = judged([sys.executable, "-c", ask, str(last)], last)
    assert counted["aborted"] == 1 and "signal 6" in fault and "ASK {}" in fault


def test_the_seeds_are_told() -> None:
    told = CliRunner().invoke(main, ["--minutes", "0", "--seed", "3", "--examples", "10"])
    assert told.exit_code == 0, told.output
    assert told.output.startswith("SEED=3 ") and "In all" in told.output
