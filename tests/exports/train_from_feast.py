"""Run by Feast's own environment: features as of each interaction, a tiny model of them, and what it saw, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

FEATURES = [
    "buyer_activity:products",
    "product_activity:buyers",
    "product_activity:mean_rating",
    "product_catalogue:brand",
]


def main(folder: Path) -> None:
    from feast import FeatureStore  # It is in that environment alone.

    met = pd.read_parquet(folder / "data" / "interactions.parquet")[
        ["buyer", "spu", "event_timestamp", "split"]
    ]
    chance = np.random.default_rng(0)
    others = met.assign(spu=chance.permutation(met["spu"].to_numpy()))
    rows = pd.concat([met.assign(label=1), others.assign(label=0)], ignore_index=True)
    rows["row"] = range(len(rows))
    found = FeatureStore(repo_path=str(folder)).get_historical_features(rows, FEATURES).to_df()
    found = found.sort_values("row")
    plain = found[["products", "buyers", "mean_rating"]].astype(float).fillna(0).to_numpy()
    inputs = np.column_stack([np.log1p(plain), np.ones(len(plain))])
    labels, train = found["label"].to_numpy(), (found["split"] == "train").to_numpy()
    weights, losses = np.zeros(inputs.shape[1]), []
    for _ in range(200):
        chances = 1 / (1 + np.exp(-inputs[train] @ weights))
        right = np.where(labels[train] == 1, chances, 1 - chances)
        losses.append(float(-np.log(right).mean()))
        weights -= 0.1 * inputs[train].T @ (chances - labels[train]) / train.sum()
    told = found[found["label"] == 1][["buyer", "spu", "event_timestamp", "products", "buyers", "brand"]]
    rows_told = json.loads(told.to_json(orient="records", date_unit="us"))
    print(json.dumps({"rows": rows_told, "losses": [losses[0], losses[-1]]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
