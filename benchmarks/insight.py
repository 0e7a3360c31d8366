"""The market's insights on a generated shop with the full ontology, shapes left out.

* the tables of the star schema: CPU seconds for all of them, at the first question after a commit;
* each insight in this process and through HTTP, warm: median of several, asked at most 300 ms;
* exports: CPU seconds for each format;
* what is planted (movers, white space): precision and recall, asked at least 0.9.

`--store` takes a store that is there already, with `--truth` for what is planted in it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _servers import free_port, running

SETTINGS = "shapes = []\n"
ASKED_MS = 300


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=10, help="1 is about 100,000 triples [10]")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store, truth = given.store, given.truth
        if store is None:
            store, truth = made(Path(folder), given.scale)
        local(store, given.rounds)
        served(store, given.rounds)
        exported(store, Path(folder))
        if truth is not None:
            planted(store, json.loads(truth.read_text(encoding="utf-8")))


def made(folder: Path, scale: float) -> tuple[Path, Path]:
    """A store of a generated shop, and what is planted in it."""
    from kb import KnowledgeBase
    from kb.demo import generate

    shop = generate(folder / "files", scale=scale)
    store = folder / "shop.kb"
    store.mkdir()
    (store / "kb.toml").write_text(SETTINGS, encoding="utf-8")
    with KnowledgeBase.open(store) as knowledge:
        report = knowledge.load([one for one in shop.files if one.suffix == ".nq"], source="demo")
        print(f"{shop.quads:,} quads loaded, {report.seconds:.0f} s")
    return store, folder / "files" / "truth.json"


def chosen(store: Path) -> dict[str, dict[str, str]]:
    """What insights that are about one thing are asked about."""
    from kb import KnowledgeBase

    with KnowledgeBase.open(store, read_only=True) as knowledge:
        brand = "SELECT ?b { ?b ckb:inMarket ?m } GROUP BY ?b ORDER BY DESC(COUNT(?m)) LIMIT 1"
        sku = """SELECT ?k { ?o ckb:offersSku ?k . ?p ckb:observedEntity ?o }
            GROUP BY ?k ORDER BY DESC(COUNT(?p)) LIMIT 1"""
        found = [knowledge.query(text).to_arrow().to_pylist()[0] for text in (brand, sku)]
    return {"competitors": {"family": found[0]["b"]}, "price-history": {"sku": found[1]["k"]}}


def local(store: Path, rounds: int) -> None:
    """In this process: the tables, and each insight warm."""
    from kb import KnowledgeBase
    from kb.insight import INSIGHTS, Scope
    from kb.star import star_of

    with KnowledgeBase.open(store, read_only=True) as knowledge:
        began = time.process_time()
        with star_of(knowledge.snapshot.image) as star:
            count = sum(len(table.rows) for table in star)
        used = time.process_time() - began
        print(f"\nstar schema: {count:,} rows of {len(star.definitions)} tables in {used:.2f} CPU s")
        print(f"{'insight':<16}{'rows':>6}{'first':>10}{'warm':>10}   in this process, ms")
        about = chosen(store)
        for name in INSIGHTS:
            scope = Scope(**about.get(name, {}))  # type: ignore[arg-type]
            first = milliseconds(lambda name=name, scope=scope: knowledge.insight(name, scope=scope))
            warm = [
                milliseconds(lambda name=name, scope=scope: knowledge.insight(name, scope=scope))
                for _ in range(rounds)
            ]
            rows = len(knowledge.insight(name, scope=scope).rows)
            print(f"{name:<16}{rows:>6}{first:>10.0f}{statistics.median(warm):>10.0f}")


def served(store: Path, rounds: int) -> None:
    """Through HTTP, as an analyst, warm: what changes with each question, so that no cache answers."""
    from kb.insight import INSIGHTS
    from kb.tokens import Tokens, role_of

    token, _ = Tokens(store).add(role_of("analyst"), name="benchmark")
    port = free_port()
    command = [sys.executable, "-m", "kb", "serve", "--store", str(store), "--port", str(port)]
    about = chosen(store)
    print(f"\n{'insight':<16}{'median':>10}{'worst':>10}   through HTTP, ms (asked {ASKED_MS})")
    with running(command, port):
        for name in INSIGHTS:
            query = "&".join(f"{key}={value}" for key, value in about.get(name, {}).items())
            paths = [
                f"/insight/{name}?format=json&limit={20 + number}&{query}" for number in range(rounds + 6)
            ]
            times = [milliseconds(lambda path=path: fetch(port, path, token)) for path in paths][6:]
            print(f"{name:<16}{statistics.median(times):>10.0f}{max(times):>10.0f}")


def fetch(port: int, path: str, token: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 200:
        raise SystemExit(f"{path}: {response.status} {body[:200]!r}")


def exported(store: Path, folder: Path) -> None:
    """Each format once."""
    from kb import KnowledgeBase
    from kb.exports import FORMATS

    print(f"\n{'export':<16}{'CPU s':>8}{'rows':>12}")
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        for name in FORMATS:
            began = time.process_time()
            done = knowledge.export(name, folder / name)
            print(f"{name:<16}{time.process_time() - began:>8.2f}{sum(done.rows.values()):>12,}")


def planted(store: Path, truth: dict) -> None:
    """Precision and recall of what is planted."""
    from kb import KnowledgeBase
    from kb.insight import Scope

    wanted = {
        "movers": ("spu", {truth["top_riser"]["spu"], *(one["spu"] for one in truth["fallers"])}),
        "white-space": ("need", {truth["white_space"]["need"]}),
        "campaigns": ("campaign", {truth["lifting_campaign"]["campaign"]}),
        "seasonality": ("category", {one["category"] for one in truth["seasonal_categories"]}),
    }
    print(f"\n{'planted':<16}{'precision':>10}{'recall':>8}{'found':>7}{'planted':>9}")
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        for name, (column, expected) in wanted.items():
            found = set(knowledge.insight(name, scope=Scope(limit=200)).rows[column].to_pylist())
            right = len(found & expected)
            precision, recall = right / max(len(found), 1), right / len(expected)
            print(f"{name:<16}{precision:>10.2f}{recall:>8.2f}{len(found):>7}{len(expected):>9}")


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
