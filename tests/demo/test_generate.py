"""What a user of `kb generate` sees: the same files for the same arguments, of the size asked for, in little memory."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import demo
from kb.errors import UsageError


def get_digests(shop: demo.GeneratedShop) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in shop.files}


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first = demo.generate(tmp_path / "a", scale=0.1, seed=3, faults=0.02)
    again = demo.generate(tmp_path / "b", scale=0.1, seed=3, faults=0.02)
    assert get_digests(first) == get_digests(again)


def test_hash_randomisation_changes_nothing(tmp_path: Path) -> None:
    program = "import sys, pathlib; from kb import demo; "
    program += "demo.generate(pathlib.Path(sys.argv[1]), scale=0.05, faults=0.02)"
    texts = []
    for salt in ("1", "2"):
        folder = tmp_path / salt
        subprocess.run([sys.executable, "-c", program, str(folder)], env={"PYTHONHASHSEED": salt}, check=True)
        texts.append([file.read_bytes() for file in sorted(folder.iterdir())])
    assert texts[0] == texts[1]


def test_the_bytes_are_those_of_every_other_machine(tmp_path: Path) -> None:
    shop = demo.generate(tmp_path, scale=0.05)
    whole = hashlib.sha256("".join(get_digests(shop).values()).encode()).hexdigest()
    assert whole[:16] == "57ee170a84c9428a"


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    first = get_digests(demo.generate(tmp_path / "a", scale=0.05, seed=1))
    other = get_digests(demo.generate(tmp_path / "b", scale=0.05, seed=2))
    assert all(first[name] != other[name] for name in first if name != "faults.csv")


def test_scale_1_is_about_100_000_quads_and_what_is_reported_is_what_is_stored(
    shop: demo.GeneratedShop, store: ox.Store
) -> None:
    assert 95_000 < len(store) < 110_000
    lines = sum(
        len(file.read_text(encoding="utf-8").splitlines()) for file in shop.files if file.suffix == ".nq"
    )
    assert shop.quads == lines
    assert 0.99 * shop.quads < len(store) <= shop.quads


def test_size_is_linear_in_scale(tmp_path: Path) -> None:
    one, two, four = (demo.generate(tmp_path / str(scale), scale=scale).quads for scale in (1, 2, 4))
    assert four - two == pytest.approx(2 * (two - one), rel=0.03)
    assert four == pytest.approx(4 * one, rel=0.15)


def test_memory_does_not_grow_with_the_scale(tmp_path: Path) -> None:
    # A process in between: a child starts with the peak of the process that forks it, and this one is large.
    between = (
        "import resource, subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True); "
    )
    between += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    program = "import sys, pathlib; from kb import demo; "
    program += "demo.generate(pathlib.Path(sys.argv[1]), scale=float(sys.argv[2]))"
    peaks = {}
    for scale in (6, 12):
        command = [sys.executable, "-c", between, "-c", program, str(tmp_path / "shop"), str(scale)]
        peaks[scale] = int(subprocess.run(command, capture_output=True, check=True).stdout) / 1024
    assert peaks[12] - peaks[6] < 12, peaks
    assert peaks[12] < 200, peaks


def test_private_things_are_in_the_private_graph_alone(store: ox.Store) -> None:
    private = "https://w3id.org/commerce-kb/graph/private/shop"
    kinds = ("buyer", "order", "order-line", "review", "return", "view", "cart")
    for quad in store:
        if quad.subject.value.split("/id/")[1].split("/")[0] in kinds:
            assert quad.graph_name.value == private
        else:
            assert quad.graph_name.value != private, quad


def test_graphs_are_the_five_sources(store: ox.Store) -> None:
    names = {
        graph.value.removeprefix("https://w3id.org/commerce-kb/graph/") for graph in store.named_graphs()
    }
    assert names == {"catalog", "trade", "content", "market", "private/shop"}


@pytest.mark.parametrize("wrong", [{"scale": 0}, {"scale": -1}, {"faults": 1.5}, {"faults": -0.1}])
def test_a_senseless_size_is_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="scale is above 0"):
        demo.generate(tmp_path / "none", **wrong)
    assert not (tmp_path / "none").exists()
