"""Two real shops in one graph, and ten questions an analyst would ask of them.

    python examples/real_shop.py [--data DIR] [--store DIR]

DIR holds `uci-online-retail/` (UCI Online Retail, one table) and `olist-sample/` (Olist, nine tables); its default is
the environment variable KB_SHARED_DATA, or ../shared/data. Without --store the store is thrown away at the end.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb import KnowledgeBase, Solutions

HERE = Path(__file__).parent
DATA = Path(os.environ.get("KB_SHARED_DATA", HERE.parent.parent / "shared" / "data"))
SHOPS = {
    "uci-online-retail": ["online_retail.csv.gz"],
    "olist-sample": [
        "olist_orders_dataset.csv.gz",
        "olist_order_items_dataset.csv.gz",
        "olist_order_reviews_dataset.csv.gz",
        "olist_products_dataset.csv.gz",
        "olist_customers_dataset.csv.gz",
        "olist_sellers_dataset.csv",
        "product_category_name_translation.csv",
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Load two real shops and ask ten questions.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--store", type=Path, help="a new folder [default: a temporary one]")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="real-shop-") as temporary,
        KnowledgeBase.open(given.store or Path(temporary) / "shop.kb") as kb,
    ):
        for shop, tables in SHOPS.items():
            with timed(f"loading {shop}"):
                load(kb, shop, [given.data / shop / table for table in tables])
        for question in sorted((HERE / "questions").glob("*.rq")):
            with timed(question.stem):
                ask(kb, question)


def load(kb: KnowledgeBase, shop: str, tables: list[Path]) -> None:
    """One load is one commit: all tables of the shop, through its mapping, past the gate, with its consequences."""
    report = kb.load(tables, source=shop, mapping=HERE / "mappings" / f"{shop}.yml")
    print(f"\n{report}")
    if report.validation is None:
        return
    # Why nodes were held back: each shape with a result, how often, and one of its sentences.
    reasons: dict[tuple[str, str], list[str]] = {}
    for result in report.validation.results:
        kind = (result.severity.value.rpartition("#")[2], result.shape_id or str(result.source_shape))
        reasons.setdefault(kind, []).append(result.text())
    for (severity, shape), texts in reasons.items():
        print(f"  {severity} {shape}, {len(texts):,} times: {texts[0]}")


def ask(kb: KnowledgeBase, question: Path) -> None:
    """The first line of a question's file says it in words; the answer is a pandas DataFrame."""
    text = question.read_text("utf-8")
    print(f"\n{text.splitlines()[0].removeprefix('# ')}\n")
    answer = kb.query(text)
    assert isinstance(answer, Solutions)
    print(answer.to_pandas().to_string(index=False))


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Say how long a phase took, and the peak of the process's memory so far (Linux counts it in KiB)."""
    started = time.perf_counter()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\n[{what}: {time.perf_counter() - started:.1f} s, peak memory {peak:.1f} GiB]")


if __name__ == "__main__":
    main()
