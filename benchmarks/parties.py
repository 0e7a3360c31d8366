"""Niches of influencers and types of merchants, planted in demo shops with noise: `kb mine influencers`, `merchants`.

    python benchmarks/parties.py [--scale N]

Noise is the share of what merchants sell and influencers show that lies outside their field. A merchant's type is
one of five departments or none (a generalist). Beside each macro-F1: the commonest class for everybody. No edge, or a
niche below the doubt, counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path

from sklearn.metrics import f1_score

from kb import KnowledgeBase, graphs
from kb.demo import generate
from kb.mining.parties import mine_influencers, mine_merchants

ASKED = 0.90
EDGES = (
    "SELECT ?s ?o ?score {{ ?e ckb:relationKind <"
    + f"{graphs.VOCAB}relation/"
    + "{}> ; ckb:relationSubject ?s ; ckb:relationObject ?o ; ckb:score ?score }}"
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=2)
    options = parser.parse_args()
    for noise, seed in ((0.1, 7), (0.2, 7), (0.3, 7), (0.3, 8)):
        with tempfile.TemporaryDirectory() as place:
            measure(Path(place), options.scale, noise, seed)


def measure(place: Path, scale: float, noise: float, seed: int) -> None:
    files = generate(place / "files", scale=scale, noise=noise, seed=seed).files
    truth = json.loads((place / "files" / "truth.json").read_text(encoding="utf-8"))
    with KnowledgeBase.open(place / "shop.kb") as knowledge:
        chosen = [one for one in files if one.stem in ("catalog", "trade", "content") and one.suffix == ".nq"]
        report = knowledge.load(chosen, source="demo")
        assert report.quarantined == 0, str(report)
        began = time.process_time()
        mine_merchants(knowledge)
        mine_influencers(knowledge)
        taken = time.process_time() - began
        types = {
            subject: object if score >= 0.5 else "generalist"
            for subject, object, score in edges(knowledge, "specialises-in")
        }
        niches = {subject: object for subject, object, _ in edges(knowledge, "niche")}
    print(f"scale {scale}, noise {noise}, seed {seed}: both runs {taken:.1f} CPU s")
    for name, gold, found in (
        ("merchant type", truth["merchant_types"], types),
        ("influencer niche", truth["niches"], niches),
    ):
        order = sorted(gold)
        said, known = [found.get(one, "") for one in order], [gold[one] for one in order]
        classes = sorted(set(known))
        most = Counter(known).most_common(1)[0][0]
        reached = f1_score(known, said, average="macro", labels=classes)
        baseline = f1_score(known, [most] * len(known), average="macro", labels=classes, zero_division=0)
        right = sum(one == other for one, other in zip(known, said, strict=True)) / len(known)
        print(
            f"  {name}: macro-F1 {reached:.3f} (asked {ASKED:.2f}, commonest class {baseline:.3f}), "
            f"accuracy {right:.3f}, {len(order)} in {len(classes)} classes"
        )


def edges(knowledge: KnowledgeBase, kind: str) -> list[tuple[str, str, float]]:
    rows = knowledge.query(EDGES.format(kind), reasoning=False)
    return [(row["s"].value, row["o"].value, float(row["score"].value)) for row in rows]


if __name__ == "__main__":
    main()
