"""What reasoning costs, alone and beside other engines on the same input.

    python benchmarks/reasoning.py [SECTION ...] [--lubm FOLDER]

    rate         the demo shop's consequences at 1 M and 5 M asserted triples: inferences a CPU second, memory;
                 and all contradictions, looked for again in the finished state
    owlrl        2,000 triples beside owlrl (keys aside, on which it does not end in time)
    reasonable   100,000 triples and LUBM, without the axioms that `reasonable` gets wrong or does not know
    sparq        100,000 and 1,000,000 triples and LUBM beside sparq-rdf, with one chain a property: it follows no more
    proofs       a proof with the commits of its leaves, for inferred triples of all predicates of a 1 M store
    end          load, reason and write back 1 M, beside a bare bulk load of asserted and inferred N-Triples

Each measurement is a process of its own. Reading is left out for all engines alike (but in `end`); our ontology is
compiled before, and what that costs is printed beside. Printed is also which facts the engines don't agree in.
LUBM is looked for in FOLDER (univ-bench.owl and lubm-5.nt.gz).
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyoxigraph as ox
from _children import ratio, run, tell, timed
from _engines import ENGINES, ROUNDS, differing, grown

from kb.columns.batches import batches_of
from kb.columns.image import Image
from kb.columns.relations import Relations
from kb.columns.rows import Rows
from kb.demo import generate
from kb.reasoning import RuleSet, compile_ontology, materialise
from kb.resources import folder

ANNOTATIONS = ("label", "comment", "definition", "example", "editorialNote", "isDefinedBy", "altLabel")
# Scales of the generator.
SCALES = {"1 M": 10.7, "5 M": 53.5}
UNKNOWN_TO_REASONABLE = re.compile("oneOf|hasKey|Chain|Cardinality|Functional")
ASKED = {"owlrl": (500, None), "reasonable": (50, 10), "sparq-rdf": (10, None)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="all where none is named")
    parser.add_argument("--lubm", type=Path, help="the folder with LUBM")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        name, *arguments = given.step
        (STEPS | ENGINES)[name](*map(Path, arguments))  # type: ignore[operator]
        return
    if unknown := set(given.sections) - SECTIONS.keys():
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    for name in given.sections or SECTIONS:
        with tempfile.TemporaryDirectory() as place:
            SECTIONS[name](Path(place), given.lubm)


def rates(place: Path, _: Path | None) -> None:
    for title, scale in SCALES.items():
        found = run("rate", scale)
        both = found["public_inferred"] + found["private_inferred"]
        seconds = found["public_cpu"] + found["private_cpu"]
        print(
            f"\n{title}: {found['rules']:,.0f} rules compiled in {found['compile']:.2f} CPU s; memory of the process "
            f"{found['peak']:,.0f} MiB (asked at 5 M: 1,536)"
        )
        for part in ("public", "private"):
            print(
                f"  {part:10}{found[f'{part}_asserted']:>12,.0f} asserted{found[f'{part}_inferred']:>12,.0f} inferred"
                f"{found[f'{part}_cpu']:>8.3f} CPU s {found[f'{part}_inferred'] / found[f'{part}_cpu']:>12,.0f} a CPU s"
            )
        print(f"  {'both':10}{both / seconds:>12,.0f} inferences a CPU second (asked: 3,000,000)")
        print(f"  contradictions {found['contradictions'] * 1000:.1f} CPU ms (asked: 20)")


def beside_owlrl(place: Path, _: Path | None) -> None:
    axioms = (one for one in ontology("identity.ttl") if not one.predicate.value.endswith(ANNOTATIONS))
    write_axioms(place, axioms)
    run("shop", place, 0.1, 2000)
    compare(place, "2,000 triples", "owlrl")


def beside_reasonable(place: Path, lubm: Path | None) -> None:
    run("shop", place, 1.07, 0)
    write_axioms(place, understood(list(ontology())))
    compare(place, "100,000 triples", "reasonable")
    if univ_bench := lubm_axioms(place, lubm):
        write_axioms(place, understood(univ_bench))
        compare(place, "LUBM-5", "reasonable")


def beside_sparq(place: Path, lubm: Path | None) -> None:
    write_axioms(place, one_chain_each(ontology()))
    for title, scale in (("100,000 triples", 1.07), ("1,000,000 triples", 10.7)):
        run("shop", place, scale, 0)
        compare(place, title, "sparq-rdf")
    if univ_bench := lubm_axioms(place, lubm):
        write_axioms(place, univ_bench)
        compare(place, "LUBM-5", "sparq-rdf")


def compare(place: Path, title: str, peer: str) -> None:
    """Both engines on the axioms and data in a folder."""
    files = place / "axioms.nt", place / "data.nt"
    ours, theirs = (run(one, *files, place / f"{one}.out") for one in ("ours", peer))
    cpu, memory = ASKED[peer]
    print(
        f"\n{title}: {peer} {theirs['cpu']:.3f} CPU s; ours {ours['cpu']:.4f}, {ours['compile']:.3f} to compile"
    )
    print(
        f"  CPU      {theirs['cpu'] / ours['cpu']:>8,.0f} times less (asked: {cpu}); "
        f"{theirs['cpu'] / (ours['cpu'] + ours['compile']):,.0f} with compiling"
    )
    print(
        f"  memory   {theirs['more'] / ours['more']:>8,.1f} times less for reasoning "
        f"({theirs['more']:,.0f} and {ours['more']:,.0f} MiB)"
        + (f" (asked: {memory})" if memory else "")
        + f"; of the processes {theirs['peak']:,.0f} and {ours['peak']:,.0f}"
    )
    for who, lines in zip(("ours", peer), differing(place / "ours.out", place / f"{peer}.out"), strict=True):
        kinds = Counter(line.split(" ")[1].rstrip(">").split("/")[-1] for line in lines)
        print(f"  only {who:12}{len(lines):>8,} facts {dict(kinds.most_common(4)) or ''}")
        for line in sorted(lines)[:2]:
            print(f"    {line}")


def end_to_end(place: Path, _: Path | None) -> None:
    run("shop", place, 10.7, 0)
    write_axioms(place, ontology())
    ours = run("kb", place / "axioms.nt", place / "data.nt", place / "shop.kb", place / "all.nt")
    bare = run("bare", place / "all.nt", place / "bare")
    print(f"\nload, reason and write back {ours['asserted']:,.0f} asserted, {ours['inferred']:,.0f} inferred")
    for title, one in (("kb", ours), ("bare bulk_load", bare)):
        print(f"  {title:16}{one['cpu']:>8.2f} CPU s{one['wall']:>8.2f} s{one['peak']:>8,.0f} MiB")
    print(f"  ratio {ratio(ours['cpu'], bare['cpu'])} (asked: 2.2)")


def proofs(place: Path, _: Path | None) -> None:
    found = run("prove", place / "shop.kb", 10.7)
    print(
        f"\nproofs: {found['proven']:,.0f} of {found['asked']:,.0f} found, {found['asserted']:,.0f} asserted"
    )
    print(
        f"  median {found['median']:.2f} ms, 95th percentile {found['p95']:.2f} ms (asked: 10), "
        f"the longest {found['longest']:.1f} ms"
    )


def prove(store: Path, scale: Path) -> None:
    """Load a shop, change it a little in twenty commits, and prove inferred triples of each predicate."""
    from kb import KnowledgeBase
    from kb.errors import NotFound
    from kb.settings import Settings

    with tempfile.TemporaryDirectory() as place:
        files = [one for one in generate(Path(place), scale=float(str(scale))).files if one.suffix == ".nq"]
        with KnowledgeBase.open(store) as knowledge:
            knowledge.init(Settings(shapes=()))
            knowledge.load(files, source="shop")
            for number in range(20):
                with knowledge.commit(source="shop", message="a brand") as change:
                    change.add(f"urn:x:{number}", "ckb:hasBrand", f"urn:brand:{number % 3}")
    chance = random.Random(7)
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        image = knowledge.snapshot.image
        views = (image.inferred_public, image.inferred_private)
        goals = [
            (pair >> 32, key, pair & 0xFFFFFFFF)
            for view in views
            for key, one in view.items()
            for pair in chance.sample(one.pairs.tolist(), min(8, len(one.pairs)))
        ]
        costs = []
        for number, goal in enumerate([goals[0], *goals]):
            triple = [image.dictionary.term(one) for one in goal]
            try:
                cost = timed(lambda triple=triple: knowledge.explain(*triple))[1]["cpu"]
            except NotFound:
                continue
            # The first one compiles the ontology.
            costs += [cost * 1000] * (number > 0)
        costs.sort()
        tell(
            asked=len(goals),
            proven=len(costs),
            asserted=image.asserted_public.size + image.asserted_private.size,
            median=costs[len(costs) // 2],
            p95=costs[int(len(costs) * 0.95)],
            longest=costs[-1],
        )


def rate(scale: Path) -> None:
    """Public facts, then private ones beside them; the best of some rounds."""
    image = Image()
    rows = Rows.encoded(image.dictionary, batches_of(shop(float(str(scale))), "urn:shop"))
    image = image.changed(added=rows, removed=Rows())
    del rows
    axioms, dictionary = list(ontology()), image.dictionary
    rules, compiling = timed(lambda: compile_ontology(axioms, dictionary))
    rules.plan  # noqa: B018
    figures = {"compile": compiling["cpu"], "rules": float(len(rules))}
    parts = {"public": image.asserted_public, "private": image.asserted_private}
    pairs = {name: {key: one.pairs for key, one in part.items()} for name, part in parts.items()}
    del image, parts
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        closed = None
        rules.__dict__.pop("datatypes", None)
        for name, part in pairs.items():
            asserted = Relations.of(part)
            found, cost = timed(
                lambda asserted=asserted, closed=closed: materialise(rules, asserted, given=closed)
            )
            best[f"{name}_cpu"] = min(best.get(f"{name}_cpu", cost["cpu"]), cost["cpu"])
            figures |= {f"{name}_asserted": asserted.size, f"{name}_inferred": len(found)}
            if closed is None:
                closed = asserted.united(Relations.of(found.relations))
            else:
                closed = closed.united(asserted).united(Relations.of(found.relations))
            del found, asserted
    figures |= best | grown(0)
    tell(**figures | {"contradictions": looked_for_again(rules, closed)})


def looked_for_again(rules: RuleSet, closed: Relations | None) -> float:
    """CPU seconds for all rules whose head is false over a closed state."""
    from kb.reasoning.contradictions import find_contradictions
    from kb.reasoning.equality import Representatives
    from kb.reasoning.tables import Tables

    assert closed is not None
    bound = len(rules.dictionary) + 1
    tables = Tables(closed, rules.vocabulary.type, bound, rules.datatypes, rules.plan.ranges)
    alone = Representatives(bound, closed[rules.vocabulary.type].subjects[:0])
    costs = [timed(lambda: find_contradictions(rules, tables, alone, ()))[1]["cpu"] for _ in range(ROUNDS)]
    return min(costs)


def data(place: Path, scale: Path, count: Path) -> None:
    """A generated shop (of its first `count` quads, where not 0) as N-Triples, with terms as Oxigraph keeps them."""
    image = Image()
    quads = islice(shop(float(str(scale))), int(str(count)) or None)
    rows = Rows.encoded(image.dictionary, batches_of(quads, "urn:shop"))
    image = image.changed(added=rows, removed=Rows())
    facts, text = image.asserted_public.united(image.asserted_private), image.dictionary.decode
    with (place / "data.nt").open("w", encoding="utf-8") as sink:
        for key, one in facts.items():
            predicate = image.dictionary.text(key)
            ends = zip(text(one.subjects).to_pylist(), text(one.objects).to_pylist(), strict=True)
            sink.writelines(f"{subject} {predicate} {value} .\n" for subject, value in ends)
    tell()


def knowledge_base(axioms: Path, file: Path, store: Path, out: Path) -> None:
    """Load into a store with an ontology; afterwards, uncounted, all its triples as N-Triples."""
    from kb import KnowledgeBase

    store.mkdir()
    turtle = store.parent / "ontology.ttl"
    turtle.write_bytes(axioms.read_bytes())
    settings = f'ontology = ["{turtle}"]\nshapes = []\nreasoning = "full"\n'
    (store / "kb.toml").write_text(settings, encoding="utf-8")
    with KnowledgeBase.open(store) as knowledge:
        knowledge.init()
        _, figures = timed(lambda: knowledge.load(file, source="shop"))
    peak = grown(0)["peak"]
    with KnowledgeBase.open(store, read_only=True) as knowledge, out.open("w", encoding="utf-8") as sink:
        image = knowledge.snapshot.image
        views = image.asserted_public, image.inferred_public
        text = image.dictionary.decode
        for view in views:
            for key, one in view.items():
                predicate = image.dictionary.text(key)
                ends = zip(text(one.subjects).to_pylist(), text(one.objects).to_pylist(), strict=True)
                sink.writelines(f"{subject} {predicate} {value} .\n" for subject, value in ends)
        sizes = [float(view.size) for view in views]
    tell(**figures | {"peak": peak, "asserted": sizes[0], "inferred": sizes[1]})


def bare(file: Path, place: Path) -> None:
    def load() -> None:
        ox.Store(str(place)).bulk_load(path=str(file), format=ox.RdfFormat.N_TRIPLES)

    tell(**timed(load)[1])


def ontology(*without: str) -> Iterator[ox.Quad]:
    """The axioms of all modules but alignments, market rivals and those named."""
    for file in sorted(folder("ontology").glob("*.ttl")):
        if not file.name.startswith(("align", "competition")) and file.name not in without:
            yield from ox.parse(path=str(file), format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)


def understood(axioms: list[ox.Quad]) -> Iterator[ox.Quad]:
    """The axioms that `reasonable` knows and gets right: without restrictions above named classes too."""
    fillers = {one.subject for one in axioms if one.predicate.value.endswith("someValuesFrom")}
    for one in axioms:
        above = one.predicate.value.endswith("subClassOf") and one.object in fillers
        if not above and not UNKNOWN_TO_REASONABLE.search(f"{one.predicate} {one.object}"):
            yield one


def one_chain_each(axioms: Iterator[ox.Quad]) -> Iterator[ox.Quad]:
    """The axioms without further chains of a property: sparq-rdf 0.1.6 follows one of them only (prp-spo2)."""
    chained = set()
    for one in axioms:
        if one.predicate.value.endswith("propertyChainAxiom"):
            if one.subject in chained:
                continue
            chained.add(one.subject)
        yield one


def write_axioms(place: Path, axioms: Iterator[ox.Quad] | list[ox.Quad]) -> None:
    plain = (one.triple for one in axioms)
    (place / "axioms.nt").write_bytes(ox.serialize(plain, format=ox.RdfFormat.N_TRIPLES) or b"")


def lubm_axioms(place: Path, lubm: Path | None) -> list[ox.Quad]:
    """LUBM's ontology; its data becomes the data in `place`."""
    if lubm is None:
        print("\nLUBM is left out: name its folder with --lubm")
        return []
    with gzip.open(lubm / "lubm-5.nt.gz", "rb") as source:
        (place / "data.nt").write_bytes(source.read())
    return list(ox.parse(path=str(lubm / "univ-bench.owl"), format=ox.RdfFormat.RDF_XML))


def shop(scale: float) -> Iterator[ox.Quad]:
    """The quads of a generated shop."""
    with tempfile.TemporaryDirectory() as place:
        for file in generate(Path(place), scale=scale).files:
            if file.suffix == ".nq":
                yield from ox.parse(path=str(file), format=ox.RdfFormat.N_QUADS)


SECTIONS = {
    "rate": rates,
    "owlrl": beside_owlrl,
    "reasonable": beside_reasonable,
    "sparq": beside_sparq,
    "proofs": proofs,
    "end": end_to_end,
}
STEPS = {"rate": rate, "shop": data, "kb": knowledge_base, "bare": bare, "prove": prove}

if __name__ == "__main__":
    main()
