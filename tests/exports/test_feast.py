"""Feast itself takes the export as a feature repository, and what it joins knows nothing of the future."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kb import KnowledgeBase
from kb.exports import ExportOptions
from tests.conftest import lacking

_HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def feast(pytestconfig: pytest.Config) -> Path:
    """The programs of an environment with Feast; it is made once and kept in pytest's cache."""
    pins = _HERE / "feast.txt"
    version = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = pytestconfig.cache.mkdir(f"feast-{version}")
    if not (place / "whole").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", place / "env"], check=True)
        pip = [
            place / "env" / "bin" / "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "-r",
            pins,
        ]
        installed = subprocess.run(pip, capture_output=True, text=True)
        if installed.returncode:
            lacking(f"Feast, which pip can't install here: {installed.stderr[-300:]}")
        (place / "whole").touch()
    return place / "env" / "bin"


def test_feast_applies_it_and_a_model_trains_on_what_was_known(
    feast: Path, demo_store: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "features"
    with KnowledgeBase.open(demo_store, read_only=True) as shop:
        shop.export("feast", folder, options=ExportOptions(core=2))
        shop.export("star-schema", tmp_path / "star", options=ExportOptions(name="feast"))
    applied = subprocess.run([feast / "feast", "-c", folder, "apply"], capture_output=True, text=True)
    assert applied.returncode == 0, applied.stderr
    told = subprocess.run(
        [feast / "python", _HERE / "train_from_feast.py", folder], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    answer = json.loads(told.stdout.splitlines()[-1])
    assert answer["losses"][1] < answer["losses"][0]

    products, buyers = defaultdict(dict), defaultdict(dict)
    for buyer, spu, at in _events(tmp_path / "star"):
        products[buyer][spu] = min(at, products[buyer].get(spu, at))
        buyers[spu][buyer] = min(at, buyers[spu].get(buyer, at))
    brands = {
        row["spu"].rpartition("/")[2]: row["brand"]
        for row in pq.read_table(tmp_path / "star" / "dim_spu.parquet").to_pylist()
    }
    assert len(answer["rows"]) > 100
    for row in answer["rows"]:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row["event_timestamp"])
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        spu = row["spu"].rpartition("/")[2]
        assert (row["products"] or 0) == sum(at < midnight for at in products[row["buyer"]].values())
        assert (row["buyers"] or 0) == sum(at < midnight for at in buyers[spu].values())
        assert row["brand"] is None or brands[spu].endswith(row["brand"])
    assert any(row["products"] for row in answer["rows"]) and any(row["brand"] for row in answer["rows"])


def _events(star: Path) -> list[tuple[str, str, datetime]]:
    """Who met which product, when: from orders and events, by Python alone."""
    found = []
    for table, time in (("fact_order_line", "ordered_at"), ("fact_interaction", "occurred_at")):
        for part in sorted((star / table).rglob("*.parquet")):
            for row in pq.read_table(part, partitioning=None).to_pylist():
                if row["buyer"] and row["spu"] and row[time]:
                    found.append((row["buyer"], row["spu"].rpartition("/")[2], row[time]))
    return found
