"""How fast tables become quads: UCI Online Retail (541,909 lines) through its mapping, no store.

    python benchmarks/map_tables.py [FOLDER OF THE DATA SET]

Prints triples, CPU seconds, triples a CPU second and the peak of resident memory.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

from kb.loading.mapping import read_mapping
from kb.loading.tables import RejectedRow, TableOptions, map_tables

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("KB_SHARED_DATA", ROOT.parent / "shared" / "data"))


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED / "uci-online-retail"
    options = TableOptions("https://w3id.org/commerce-kb/graph/uci-online-retail", secret=b"benchmark")
    rejected: list[RejectedRow] = []
    started, wall = time.process_time(), time.perf_counter()
    mapping = read_mapping(ROOT / "examples" / "mappings" / "uci-online-retail.yml")
    batches = map_tables(mapping, folder=folder, options=options, rejected=rejected)
    triples = sum(batch.num_rows for batch in batches)
    seconds, wall = time.process_time() - started, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"triples                  {triples:>12,}")
    print(f"rejected rows            {len(rejected):>12,}")
    print(f"seconds (wall)           {wall:>12.2f}")
    print(f"CPU seconds              {seconds:>12.2f}")
    print(f"triples per CPU second   {triples / seconds:>12,.0f}")
    print(f"peak memory, MB          {peak:>12,.0f}")


if __name__ == "__main__":
    main()
