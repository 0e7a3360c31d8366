"""What it costs to load a file: `kb` against a bare `pyoxigraph.Store.bulk_load` of the same N-Triples.

`kb load` writes Oxigraph, columns and journal, and publishes; reasoning and shapes are off. Each step is a process of
its own that counts the CPU seconds of all its threads, imports aside, and the peak of its memory. "columns alone"
parses the file, encodes it and writes columns. "open" is a process that opens the store and answers one query.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from _children import Figures, new_store, ratio, run, size_of, tell, timed, write_triples


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--triples", type=int, nargs="+", default=[100_000, 1_000_000], help="the sizes of the files"
    )
    parser.add_argument("--folder", type=Path, help="where to put files and stores (a temporary folder)")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        STEPS[given.step[0]](*map(Path, given.step[1:]))
        return
    found = {}
    for count in sorted(given.triples):
        with tempfile.TemporaryDirectory(dir=given.folder) as place:
            found[count] = measure(count, Path(place))
        report(count, found[count])
    linearity(found)


def measure(count: int, place: Path) -> dict[str, Figures]:
    file, store = place / "shop.nt", place / "shop.kb"
    run("data", file, count)
    found = {"bare": run("bare", file, place / "bare"), "kb": run("kb", file, store)}
    found["columns"] = run("columns", file, place / "columns")
    began = time.perf_counter()
    found["open"] = run("open", store, file)
    found["open"]["process"] = time.perf_counter() - began
    found["bytes"] = run("bytes", store, place / "bare")
    return found


def report(count: int, found: dict[str, Figures]) -> None:
    bare = found["bare"]
    heads = f"{'CPU s':>9}{'ratio':>8}{'seconds':>10}{'triples a CPU s':>18}{'peak, MiB':>12}{'more':>8}"
    print(f"\n{f'{count:,} triples':26}{heads}")
    for step, label in (("bare", "bulk_load alone"), ("kb", "kb load"), ("columns", "columns alone")):
        one = found[step]
        print(
            f"  {label:24}{one['cpu']:>9.2f}{ratio(one['cpu'], bare['cpu']):>8}{one['wall']:>10.2f}"
            f"{count / one['cpu']:>18,.0f}{one['peak']:>12,.0f}{one['peak'] - bare['peak']:>8,.0f}"
        )
    opened = found["open"]
    print(
        f"  open and first query    {opened['wall']:>9.3f} s, {opened['cpu']:.3f} CPU s, {opened['peak']:,.0f} MiB; "
        f"the whole process {opened['process']:.2f} s"
    )
    sizes = ", ".join(f"{name} {size / count:.1f}" for name, size in found["bytes"].items() if name != "peak")
    print(f"  bytes a triple          {sizes}")


def linearity(found: dict[int, dict[str, Figures]]) -> None:
    """CPU seconds a triple of each size against the smallest."""
    counts = list(found)
    for count in counts[1:]:
        growth = {
            step: (found[count][step]["cpu"] / count) / (found[counts[0]][step]["cpu"] / counts[0])
            for step in ("bare", "kb", "columns")
        }
        told = ", ".join(f"{step} {one:.2f}" for step, one in growth.items())
        print(f"\nCPU seconds a triple, {count:,} against {counts[0]:,}: {told}")


def bare(file: Path, place: Path) -> None:
    import pyoxigraph as ox

    def load() -> None:
        ox.Store(str(place)).bulk_load(path=str(file), format=ox.RdfFormat.N_TRIPLES)

    tell(**timed(load)[1])


def knowledge_base(file: Path, place: Path) -> None:
    from kb import KnowledgeBase

    new_store(place)

    def load() -> None:
        with KnowledgeBase.open(place) as knowledge:
            knowledge.load(file, source="shop")

    tell(**timed(load)[1])


def columns(file: Path, place: Path) -> None:
    from kb.columns.files import write_image
    from kb.columns.image import Image
    from kb.columns.rows import Rows
    from kb.graphs import of_source
    from kb.loading.rdf import read_rdf

    def build() -> None:
        image = Image()
        rows = Rows.encoded(image.dictionary, read_rdf(file, graph=of_source("shop"), skolem="urn:blank:"))
        write_image(image.changed(added=rows, removed=Rows()), place)

    tell(**timed(build)[1])


def first_query(place: Path, file: Path) -> None:
    from kb import KnowledgeBase

    with file.open("rb") as source:
        subject = source.readline().split(b" ", 1)[0].decode()

    def answer() -> int:
        with KnowledgeBase.open(place, read_only=True) as knowledge:
            return len(list(knowledge.query(f"SELECT ?p ?o {{ {subject} ?p ?o }}")))

    rows, figures = timed(answer)
    assert rows
    tell(**figures)


def sizes(store: Path, alone: Path) -> None:
    from kb import KnowledgeBase

    with KnowledgeBase.open(store, read_only=True) as knowledge:
        segments = knowledge.snapshot.image.dictionary.segments
        terms = sum(one.terms.nbytes for one in segments)
    snapshot = store / "snapshots" / (store / "CURRENT").read_text(encoding="utf-8").strip()
    columns = size_of(snapshot / "columns")
    tell(
        bulk_load=size_of(alone),
        oxigraph=size_of(snapshot) - columns,
        terms=terms,
        columns_without_terms=columns - terms,
        journal=size_of(store / "journal"),
    )


def data(file: Path, count: Path) -> None:
    write_triples(file, int(str(count)))
    tell()


STEPS = {
    "data": data,
    "bare": bare,
    "kb": knowledge_base,
    "columns": columns,
    "open": first_query,
    "bytes": sizes,
}

if __name__ == "__main__":
    main()
