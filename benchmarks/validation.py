"""How fast the shapes judge a generated shop, whole and commit by commit, beside pySHACL and Jena.

    python benchmarks/validation.py rate [SCALE]       Core and all constraints; 10 (1 million triples) by default
    python benchmarks/validation.py commits [SCALE]    a commit of 100 quads judged, at SCALE / 10 and at SCALE
    python benchmarks/validation.py pyshacl [SCALE]    Core constraints; 1 (100,000 triples) by default
    python benchmarks/validation.py jena [SCALE]       whole job, parsing included; 10 by default
    python benchmarks/validation.py faults [SCALE]     recall and precision against the generator's list; 10 by default

SCALE is that of `kb generate`: 1 is about 94,000 triples. CPU seconds of validating alone: data and shapes are parsed,
in columns and in a store on disk before the clock starts.
"""

from __future__ import annotations

import csv
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyoxigraph as ox

from kb import gate
from kb.columns.batches import batches_of
from kb.columns.image import Image
from kb.columns.kernels import distinct, heads, pack, tails
from kb.columns.rows import Rows
from kb.demo import generate
from kb.initial import initial_batches
from kb.loading.inputs import Inputs
from kb.resources import folder
from kb.settings import Settings
from kb.store import oxigraph
from kb.terms import SH
from kb.validation import Result, ShapesGraph, ValidationReport, read_shapes
from kb.validation.components import SPARQL

Found = TypeVar("Found")
FAULTS = 0.02
JENA = Path("/usr/share/java")
_WITH_JENA = """
jena-arq jena-base jena-cmds jena-core jena-iri jena-rdfconnection jena-shacl jena-shex jena-tdb jena-tdb2
jena-dboe-base jena-dboe-index jena-dboe-storage jena-dboe-trans-data jena-dboe-transaction
caffeine commons-cli commons-codec commons-compress commons-csv commons-io commons-lang3 dexx.collection httpclient
httpcore httpclient-cache jakarta.json jakarta.json-api javax.json javax.json-api jsonld-java protobuf slf4j-api
slf4j-nop thrift libthrift titanium-json-ld xercesImpl xml-apis jackson-core jackson-databind
jackson-annotations jcl-over-slf4j guava failureaccess
"""


@dataclass
class Shop:
    """A generated shop as a store holds it: files, columns, and Oxigraph on disk."""

    place: Path
    image: Image
    store: ox.Store

    @property
    def size(self) -> int:
        return self.image.asserted_public.size + self.image.asserted_private.size


def main() -> None:
    step, *given = sys.argv[1:] or ["rate"]
    small = 1.0 if step == "pyshacl" else 10.0
    scale = float(given[0]) if given else small
    with tempfile.TemporaryDirectory() as place:
        {"rate": rate, "commits": commits, "pyshacl": pyshacl, "jena": jena, "faults": faults}[step](
            Path(place), scale
        )


def rate(place: Path, scale: float) -> None:
    """Triples a CPU second of a whole run."""
    shop, shapes = made(place, scale), own_shapes()
    for title, plan, asked in (
        ("Core constraints", without_sparql(shapes), 2_000_000),
        ("all constraints", shapes, 250_000),
    ):
        for run in ("first", "warm", "warm"):
            report, seconds = timed(lambda plan=plan: gate.judged(plan, shop.image, shop.store))
            print(
                f"{title}, {run}: {shop.size:,} triples, {len(report.results):,} results, {seconds:.3f} CPU s, "
                f"{shop.size / seconds:,.0f} triples a CPU s (asked: {asked:,})"
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory, data and store built here included: {peak:,.0f} MiB")


def commits(place: Path, scale: float) -> None:
    """What a commit of 100 quads costs the gate: 50 prices exchanged, or 100 rows at random."""
    shapes = own_shapes()
    for number, size in enumerate((scale / 10, scale)):
        shop = made(place / str(number), size)
        for title, change in (("50 prices exchanged", prices), ("100 rows at random", anything)):
            drawn = random.Random(7)
            runs = []
            for _ in range(8):
                added, removed = shop.image.effective(
                    **dict(zip(("added", "removed"), change(shop, drawn), strict=True))
                )
                after = shop.image.changed(added=added, removed=removed)
                written = shop.image.as_received(removed)

                started = time.process_time()
                focus = gate.touched(shapes, after, added=added, removed=written)
                gate.judged(shapes, after, shop.store, focus=focus)
                runs.append((time.process_time() - started) * 1000)
            middle = sorted(runs)[len(runs) // 2]
            print(
                f"{shop.size:,} triples, {title}: {min(runs):.1f} ms CPU, median {middle:.1f} (asked: at most 10)"
            )


def prices(shop: Shop, drawn: random.Random) -> tuple[Rows, Rows]:
    predicate = shop.image.dictionary.id("<https://w3id.org/commerce-kb/onto#price>")
    rows = shop.image.asserted_public[predicate].pairs
    gone = distinct(rows[[drawn.randrange(len(rows)) for _ in range(50)]])
    values = tails(rows[[drawn.randrange(len(rows)) for _ in range(len(gone))]])
    where = home(shop, predicate)
    return Rows({(where, predicate): distinct(pack(heads(gone), values))}), Rows({(where, predicate): gone})


def anything(shop: Shop, drawn: random.Random) -> tuple[Rows, Rows]:
    view = shop.image.asserted_public
    keys, sizes = list(view), [len(one) for one in view.values()]
    added: dict[tuple[int, int], list[int]] = {}
    removed: dict[tuple[int, int], list[int]] = {}
    for number, key in enumerate(drawn.choices(keys, sizes, k=100)):
        row, other = (int(view[key].pairs[drawn.randrange(len(view[key]))]) for _ in range(2))
        place = home(shop, key), key
        if number % 2:
            removed.setdefault(place, []).append(row)
        else:
            added.setdefault(place, []).append((row >> 32 << 32) | (other & 0xFFFFFFFF))
    made = (
        {key: distinct(np.array(one, np.uint64)) for key, one in some.items()} for some in (added, removed)
    )
    return Rows(next(made)), Rows(next(made))


def home(shop: Shop, predicate: int) -> int:
    """A graph in which rows of a predicate lie."""
    return shop.image.sets.members(int(shop.image.asserted_public[predicate].sets[0]))[0]


def pyshacl(place: Path, scale: float) -> None:
    """Core constraints by both: pySHACL parses a query anew for every focus node."""
    import pyshacl as engine
    import rdflib

    shop, core = made(place, scale), without_sparql(own_shapes())
    validated = [timed(lambda: gate.judged(core, shop.image, shop.store)) for _ in range(3)]
    report, ours = min(validated, key=lambda one: one[1])
    graph = rdflib.Graph()
    for file in files(shop.place):
        graph += rdflib.Graph().parse(data=triples(file), format="nt")
    axioms = [one for one in own("ontology") if one.predicate.value.endswith("#subClassOf")]
    graph.parse(data=ox.serialize((one.triple for one in axioms), format=ox.RdfFormat.N_TRIPLES), format="nt")
    rules = rdflib.Graph().parse(data=ox.serialize(core.triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    (_, theirs, _), seconds = timed(lambda: engine.validate(graph, shacl_graph=rules))
    found = Counter(
        tuple(str(theirs.value(node, key)) for key in (rdflib.SH.focusNode, rdflib.SH.sourceShape))
        for node in theirs.objects(None, rdflib.SH.result)
    )
    told("pySHACL", shop, report, ours, found, seconds, 400)


def jena(place: Path, scale: float) -> None:
    """The whole job by both, parsing included: the same Core shapes, subclass axioms among the data."""
    jars = [JENA / name for name in ("jena-shacl.jar", "jena-arq.jar")]
    if not all(one.exists() for one in jars):
        sys.exit("Skipped: Jena is not here (Debian's libapache-jena-java)")
    shop, core = made(place, scale), without_sparql(own_shapes())
    data, rules, unpacked = place / "all.nt", place / "shapes.ttl", place / "classes"
    axioms = [one for one in own("ontology") if one.predicate.value.endswith("#subClassOf")]
    with data.open("wb") as sink:
        sink.writelines(triples(one) for one in files(shop.place))
        sink.write(ox.serialize((one.triple for one in axioms), format=ox.RdfFormat.N_TRIPLES))
    ox.serialize(core.triples, str(rules), format=ox.RdfFormat.TURTLE)
    # Debian's package keeps resources where no class looks for them.
    shutil.unpack_archive(JENA / "jena-core.jar", place / "core", "zip")
    shutil.copytree(place / "core/org/apache/jena/ext/xerces", unpacked / "xerces")
    # Copies, since the jars in their own folder ask for two loggers that exclude each other.
    jars = [one for one in sorted(JENA.glob("*.jar")) if one.stem in _WITH_JENA.split()]
    path = ":".join([*(shutil.copy2(one, str(place)) for one in jars), str(unpacked)])
    command = [
        "java",
        "-cp",
        path,
        "shacl.shacl",
        "validate",
        "--shapes",
        rules,
        "--data",
        data,
    ]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not done.stdout:
        sys.exit(f"Skipped: Jena doesn't run here: {done.stderr.decode()[:900]}")
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    store = ox.Store()
    store.load(done.stdout, format=ox.RdfFormat.TURTLE)
    found: Counter = Counter()
    for quad in store.quads_for_pattern(None, ox.NamedNode(SH.result.value), None):
        ends = (
            next(store.quads_for_pattern(quad.object, ox.NamedNode(name.value), None)).object
            for name in (SH.focusNode, SH.sourceShape)
        )
        found[tuple(getattr(one, "value", str(one)) for one in ends)] += 1

    def job() -> ValidationReport:
        image = in_columns(place, files(shop.place))
        return gate.judged(core, image, shop.store)

    report, ours = timed(job)
    told("Jena", shop, report, ours, found, seconds, 8)


def told(
    name: str, shop: Shop, report: ValidationReport, ours: float, found: Counter, seconds: float, asked: int
) -> None:
    own_bag = Counter(
        (getattr(one.focus, "value", str(one.focus)), one.source_shape.value) for one in report.results
    )
    # Blank shapes have other names elsewhere.
    named = [
        Counter({key: count for key, count in one.items() if key[1].startswith("http")})
        for one in (own_bag, found)
    ]
    agree = "same results" if named[0] == named[1] else "DIFFERENT results"
    print(
        f"{shop.size:,} triples: {name} {seconds:.2f} CPU s, ours {ours:.4f}: {seconds / ours:,.0f} times less "
        f"(asked: {asked}), {agree} ({len(report.results):,})"
    )


def faults(place: Path, scale: float) -> None:
    """Planted faults found, and results that no planted fault explains.

    A result is explained where the shop without faults has no such result, and a row that differs between the two
    shops reaches its focus node. What both shops have of severity Violation is no fault that was planted.
    """
    shop, shapes = made(place, scale), own_shapes()
    clean = made(place / "clean", scale, faults=0)
    results = gate.judged(shapes, shop.image, shop.store).results
    noise = gate.judged(shapes, clean.image, clean.store).results
    with (shop.place / "faults.csv").open(encoding="utf-8", newline="") as file:
        planted = {(row["node"], row["shape"][:7]) for row in csv.DictReader(file)}
    found = {(getattr(one.focus, "value", ""), one.rule[:7]) for one in results}
    print(f"recall: {len(planted & found):,} of {len(planted):,} planted faults")
    reached = reaches(shop, clean, shapes)
    known = {(str(one.focus), one.rule, str(one.value)) for one in noise}
    fresh = [one for one in results if (str(one.focus), one.rule, str(one.value)) not in known]
    strange = [one for one in fresh if not reached(one)]
    false = sum(one.severity == SH.Violation for one in noise) + len(strange)
    print(
        f"precision: {len(fresh) - len(strange):,} of {len(fresh):,} results come from planted faults; violations "
        f"on the shop without faults: {false - len(strange):,} ({(len(fresh) - false) / len(fresh):.1%}, asked: 100 %)"
    )
    print(f"findings of the shop without faults, by rule: {dict(Counter(one.rule for one in noise))}")


def reaches(shop: Shop, clean: Shop, shapes: ShapesGraph) -> Callable[[Result], bool]:
    """Whether a row that differs between two shops can affect a result of the first."""
    lines = [
        {line for file in files(one.place) for line in triples(file).splitlines()} for one in (shop, clean)
    ]
    came, went = (
        Rows.encoded(
            shop.image.dictionary,
            batches_of(ox.parse(b"\n".join(some), format=ox.RdfFormat.N_TRIPLES), "urn:shop"),
        )
        for some in (lines[0] - lines[1], lines[1] - lines[0])
    )
    foci = gate.touched(shapes, shop.image, added=came, removed=went)
    known = {
        node: None if ids is None else set(shop.image.dictionary.decode(ids).to_pylist())
        for node, ids in foci.items()
    }

    def reached(one: Result) -> bool:
        nodes = known.get(one.root_shape, set())
        return nodes is None or str(one.root) in nodes

    return reached


def made(place: Path, scale: float, faults: float = FAULTS) -> Shop:
    """A shop, with the ontology and the shapes."""
    place.mkdir(parents=True, exist_ok=True)
    generate(place / "shop", scale=scale, faults=faults)
    image = in_columns(place, files(place / "shop"))
    store = ox.Store(str(place / "oxigraph"))
    open_pairs = {(0, key): image.open_pairs(key, inferred=False) for key in image.open_predicates}
    oxigraph.insert(store, Rows(open_pairs).batches(image.dictionary), place / "spool", graphs=False)
    store.optimize()
    return Shop(place / "shop", image, store)


def in_columns(place: Path, sources: tuple[Path, ...]) -> Image:
    """Files in columns, with the ontology."""
    image = Image()
    inputs = Inputs(sources, None, None)
    batches = inputs.batches(graph="urn:shop", commit="0" * 16, secret=b"0" * 32, rejected=[], progress=None)
    rows = Rows.encoded(image.dictionary, batches)
    model = Rows.encoded(image.dictionary, initial_batches(Settings(), "0" * 16, place))
    return image.changed(added=rows.plus(model), removed=Rows()).merged()


def files(place: Path) -> tuple[Path, ...]:
    return tuple(sorted(place.glob("*.nq")))


def triples(file: Path) -> bytes:
    """A file of quads as triples."""
    lines = file.read_bytes().splitlines()
    return b"".join(line[: line.rindex(b" <")] + b" .\n" for line in lines)


def timed(work: Callable[[], Found]) -> tuple[Found, float]:
    """What `work` gives, and its CPU seconds."""
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


def own(name: str) -> Iterator[ox.Quad]:
    """The triples of the Turtle files of a folder of ours."""
    for file in sorted(folder(name).glob("*.ttl")):
        yield from ox.parse(path=file, rename_blank_nodes=True)


def own_shapes() -> ShapesGraph:
    return read_shapes(own("shapes"))


def without_sparql(shapes: ShapesGraph) -> ShapesGraph:
    """The shapes less their SPARQL-based constraints."""
    kept = {
        node: replace(
            shape, constraints=tuple(one for one in shape.constraints if not isinstance(one, SPARQL))
        )
        for node, shape in shapes.shapes.items()
    }
    return ShapesGraph(
        kept, tuple(one for one in shapes.triples if not one.predicate.value.endswith("shacl#sparql"))
    )


if __name__ == "__main__":
    main()
