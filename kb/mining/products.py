"""Listings become products: each listing to the SPU it is of, SPUs minted where the catalogue has none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from .. import graphs
from ..errors import DataError
from ..knowledge_base import KnowledgeBase
from ..terms import CKB, DCTERMS, PROV, RDF, RDFS, SKOS
from .blocking import Pairs, candidates
from .clustering import Clustering, Constraints, cluster
from .edges import Edges, Triples, iris, texts
from .features import features
from .identity import Identities, identify
from .listings import Shelf, majority, read_shelf
from .review import Decision, decisions
from .runs import Recorder, RunReport, runs
from .scoring import PairModel
from .training import labels_of, trained

MINER, KIND = "products", "lists-spu"
STEPS = ("reading", "learning", "looking for pairs", "scoring", "clustering", "writing")
_METHOD = "TF-IDF blocking, gradient boosting on pairs, linkage under constraints"
# So many edges of a run wait for review, the likeliest.
_MOST_QUEUED = 1_000
_FEWEST_QUEUED_SCORE = 0.3
_UNBRANDED = f"{graphs.DATA}brand/unbranded"
_UNCATEGORISED = f"{graphs.DATA}category/uncategorised"
_SCHEME = f"{graphs.DATA}scheme/mined-categories"


@dataclass(frozen=True)
class ProductOptions:
    """How products are mined.

    `threshold` is the score from which listings are one product (by default the one with the best F1 in training);
    `neighbours` is how many near listings each is compared with; `most` caps a cluster; `private` reads private graphs
    too, and writes to one.
    """

    threshold: float | None = None
    neighbours: int = 20
    most: int = 500
    private: bool = False


@dataclass(frozen=True)
class _Matched:
    """Records with their candidate pairs, scores and clusters."""

    shelf: Shelf
    pairs: Pairs
    scores: NDArray[np.float64]
    threshold: float
    clusters: Clustering
    names: Identities = field(repr=False)

    def spu(self, record: int) -> str:
        return self.names.spus[int(self.clusters.labels[record])]


@dataclass(frozen=True)
class _History:
    """What earlier runs said: the SPU of each listing, which SPU took another one's place, which came of which."""

    placed: Mapping[str, str]
    replaced: Mapping[str, str]
    derived: Mapping[str, str]

    @classmethod
    def read(cls, knowledge: KnowledgeBase, runs_before: Sequence[str]) -> _History:
        def pairs(property: ox.NamedNode) -> dict[str, str]:
            tables = [knowledge.columns(property, graph=one) for one in runs_before]
            rows = (
                row for one in tables for row in zip(*(column.to_pylist() for column in one), strict=True)
            )
            return {subject[1:-1]: object[1:-1] for subject, object in rows}

        placed, spus = pairs(CKB.listsSpu), f"{graphs.DATA}spu/"
        derived = {one: other for one, other in pairs(PROV.wasDerivedFrom).items() if one.startswith(spus)}
        return cls(placed, pairs(DCTERMS.isReplacedBy), derived)


def mine_products(
    knowledge: KnowledgeBase,
    *,
    options: ProductOptions | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> RunReport:
    """Place all listings that don't state their SPU, and mint SPUs where the catalogue has none, as one run.

    Raises DataError where there is too little to learn from, ToolMissing without the extra, GateRefused.
    """
    options = options or ProductOptions()
    recorder = Recorder(knowledge, MINER, method=_METHOD, parameters=asdict(options), private=options.private)
    progress("reading")
    earlier = [one for one in runs(knowledge) if one.miner == MINER]
    shelf = read_shelf(knowledge, mined=[one.graph for one in earlier], private=options.private)
    if not shelf.listings:
        raise DataError("The store has no listings", hint="load listings (ckb:Listing) with labels first")
    history = _History.read(knowledge, [one.graph for one in earlier])
    decided = decisions(knowledge, kind=KIND)
    # A listing that was accepted for an SPU speaks for that one's name.
    before = {**history.placed, **{one.subject: one.object for one in decided if one.accepted}}
    progress("learning")
    together, apart = _decided(decided, shelf, history.placed)
    labels = labels_of(shelf.spus, shelf.records.gtins)
    told = [(*pair, True) for pair in together] + [(*pair, False) for pair in apart]
    model, examples = trained(shelf.records, labels, told)
    progress("looking for pairs")
    pairs = candidates(shelf.records, k=options.neighbours)
    progress("scoring")
    rows, _ = features(shelf.records, None, pairs)
    scores = model.scores(rows)
    progress("clustering")
    threshold = model.threshold if options.threshold is None else options.threshold
    keys = {"spu": shelf.spus, "gtin": _gtins(shelf)}
    constraints = Constraints(keys, frozenset(apart), tuple(together), options.most)
    made = cluster(len(shelf.records), pairs, scores, threshold=threshold, constraints=constraints)
    members: list[list[str]] = [[] for _ in range(int(made.labels.max()) + 1)]
    known: list[frozenset[str]] = [frozenset()] * len(members)
    for place, label in enumerate(made.labels.tolist()):
        if place < shelf.listings:
            members[label].append(shelf.records.names[place])
        known[label] |= shelf.spus[place]
    matched = _Matched(shelf, pairs, scores, threshold, made, identify(members, known, before))
    progress("writing")
    return _recorded(recorder, matched, members, history, model, examples)


def _recorded(
    recorder: Recorder,
    matched: _Matched,
    members: Sequence[Sequence[str]],
    history: _History,
    model: PairModel,
    examples: int,
) -> RunReport:
    extra = Triples()
    minted = [place for place, one in enumerate(matched.names.minted) if one and members[place]]
    _describe(extra, matched, minted)
    for changed, property in (
        (matched.names.merged, DCTERMS.isReplacedBy),
        (matched.names.split, PROV.wasDerivedFrom),
    ):
        extra.add(iris(list(changed)), property, iris(list(changed.values())))
    sizes = np.bincount(matched.clusters.labels[: matched.shelf.listings])
    figures = {
        "listings": matched.shelf.listings,
        "SPUs minted": len(minted),
        "SPUs with several listings": int((sizes > 1).sum()),
        "SPUs merged": len(matched.names.merged),
        "SPUs split": len(matched.names.split),
        "pairs compared": len(matched.pairs),
        "examples learnt from": examples,
        "threshold": round(matched.threshold, 4),
        **{f"merges refused: {reason}": count for reason, count in sorted(matched.clusters.refused.items())},
    }
    edges = [_placements(matched), *_doubts(matched)]
    return recorder.record([one for one in edges if len(one)], extra, model=model.to_bytes(), figures=figures)


def _gtins(shelf: Shelf) -> list[frozenset[str]]:
    """GTINs by record, where the catalogue knows a GTIN's SPU that one: an SPU has several, one for each variant."""
    owner: dict[str, str] = {}
    for gtins, spus in zip(shelf.records.gtins[shelf.listings :], shelf.spus[shelf.listings :], strict=True):
        owner |= {one: min(spus) for one in gtins}
    return [frozenset(owner.get(one, one) for one in gtins) for gtins in shelf.records.gtins]


def _decided(
    found: Sequence[Decision], shelf: Shelf, before: Mapping[str, str]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Pairs of records that reviewers have told to be one product, and told apart."""
    if not found:
        return [], []
    places = {name: place for place, name in enumerate(shelf.records.names)}
    of_spu: dict[str, list[int]] = defaultdict(list)
    for name, place in places.items():
        for spu in shelf.spus[place] or {before.get(name, "")}:
            of_spu[spu].append(place)
    together: list[tuple[int, int]] = []
    apart: list[tuple[int, int]] = []
    for one in found:
        listing = places.get(one.subject)
        others = [place for place in of_spu[one.object] if place != listing]
        if listing is not None:
            (together if one.accepted else apart).extend((listing, other) for other in others)
    return together, apart


def _links(matched: _Matched) -> dict[int, list[tuple[float, int]]]:
    """By record its candidates with their scores, best first."""
    found: dict[int, list[tuple[float, int]]] = defaultdict(list)
    likely = np.flatnonzero(matched.scores >= min(_FEWEST_QUEUED_SCORE, matched.threshold))
    columns = (matched.pairs.left[likely], matched.pairs.right[likely], matched.scores[likely])
    for one, two, score in zip(*(column.tolist() for column in columns), strict=True):
        found[one].append((score, two))
        found[two].append((score, one))
    return {record: sorted(some, key=lambda one: (-one[0], one[1])) for record, some in found.items()}


def _open(matched: _Matched) -> list[int]:
    """The listings that don't state their SPU."""
    return [place for place in range(matched.shelf.listings) if not matched.shelf.spus[place]]


def _placements(matched: _Matched) -> Edges:
    """An edge from each listing that doesn't state its SPU to the SPU of its cluster."""
    links, labels, records = _links(matched), matched.clusters.labels.tolist(), matched.shelf.records
    listings = _open(matched)
    scores, supports, evidence, sources = [], [], [], []
    for listing in listings:
        near = links.get(listing, [])
        inside = [one for one in near if labels[one[1]] == labels[listing]][:3]
        outside = max((score for score, other in near if labels[other] != labels[listing]), default=0.0)
        if inside:
            score = float(np.mean([one for one, _ in inside]))
            most = inside[0][1]
            shared = sorted(records.codes[listing] & records.codes[most])
            codes = f", both with {', '.join(shared)}" if shared else ""
            evidence.append(f"most like '{records.titles[most]}' ({inside[0][0]:.2f}){codes}")
        else:
            score = 1 - outside
            evidence.append(f"no listing is like it; the nearest has {outside:.2f}")
        scores.append(score)
        supports.append(max(1, len(inside)))
        sources.append([records.names[other] for _, other in inside])
    return Edges(
        kind=KIND,
        property=CKB.listsSpu.value,
        subjects=[records.names[one] for one in listings],
        objects=[matched.spu(one) for one in listings],
        scores=np.array(scores, float),
        supports=np.array(supports, np.int64),
        evidence=evidence,
        stated=np.ones(len(listings), bool),
        sources=sources,
    )


def _doubts(matched: _Matched) -> Iterator[Edges]:
    """What is likely but not sure: listings near another SPU than theirs, SPUs of the catalogue that are alike."""
    labels, records = matched.clusters.labels, matched.shelf.records
    best: dict[tuple[str, str, str], tuple[float, int, int]] = {}
    unplaced = set(_open(matched))
    likely = np.flatnonzero(
        (matched.scores >= _FEWEST_QUEUED_SCORE) & (labels[matched.pairs.left] != labels[matched.pairs.right])
    )
    for place in likely.tolist():
        ends = int(matched.pairs.left[place]), int(matched.pairs.right[place])
        score = float(matched.scores[place])
        for one, two in (ends, ends[::-1]):
            if one in unplaced:
                key = (KIND, records.names[one], matched.spu(two))
            elif min(ends) >= matched.shelf.listings and score >= matched.threshold and one < two:
                key = ("same-product", records.names[one], records.names[two])
            else:
                continue
            if best.get(key, (0.0,))[0] < score:
                best[key] = (score, one, two)
    queued = sorted(best.items(), key=lambda one: (-one[1][0], one[0]))[:_MOST_QUEUED]
    for kind, property in ((KIND, CKB.listsSpu), ("same-product", CKB.sameProductAs)):
        some = [one for one in queued if one[0][0] == kind]
        yield Edges(
            kind=kind,
            property=property.value,
            subjects=[subject for (_, subject, _), _ in some],
            objects=[object for (_, _, object), _ in some],
            scores=np.array([score for _, (score, _, _) in some], float),
            supports=np.ones(len(some), np.int64),
            evidence=[
                f"'{records.titles[one]}' is like '{records.titles[two]}'" for _, (_, one, two) in some
            ],
            stated=np.zeros(len(some), bool),
            sources=[[records.names[two]] for _, (_, _, two) in some],
        )


def _describe(extra: Triples, matched: _Matched, minted: Sequence[int]) -> None:
    """What a minted SPU is called, its brand and its category: what most of its listings say."""
    shelf = matched.shelf
    groups: dict[int, list[int]] = defaultdict(list)
    for place, label in enumerate(matched.clusters.labels[: shelf.listings].tolist()):
        groups[label].append(place)
    spus, labels, label_spus, brands, categories = [], [], [], [], []
    for one in minted:
        places = groups[one]
        spu = matched.names.spus[one]
        spus.append(spu)
        for text, language in _labels(shelf, places):
            label_spus.append(spu)
            labels.append((text, language))
        brands.append(
            majority(shelf.brands[place] for place in places) or _brand_in(shelf, places) or _UNBRANDED
        )
        categories.append(majority(shelf.categories[place] for place in places) or _UNCATEGORISED)
    names = iris(spus)
    extra.add(names, RDF.type, CKB.SPU)
    extra.add(names, CKB.directBrand, iris(brands))
    extra.add(names, CKB.directCategory, iris(categories))
    for language in ("en", "zh"):
        rows = [(spu, text) for spu, (text, tag) in zip(label_spus, labels, strict=True) if tag == language]
        extra.add(iris([spu for spu, _ in rows]), RDFS.label, texts([text for _, text in rows], language))
    if _UNBRANDED in brands:
        node = iris([_UNBRANDED])
        extra.add(node, RDF.type, CKB.Brand)
        extra.add(node, RDFS.label, texts(["unbranded"], "en"))
        extra.add(node, RDFS.label, texts(["无品牌"], "zh"))
    if _UNCATEGORISED in categories:
        node, scheme = iris([_UNCATEGORISED]), iris([_SCHEME])
        extra.add(node, RDF.type, CKB.Category)
        extra.add(node, SKOS.prefLabel, texts(["uncategorised"], "en"))
        extra.add(node, SKOS.prefLabel, texts(["未分类"], "zh"))
        extra.add(node, SKOS.inScheme, scheme[0])
        extra.add(scheme, RDF.type, SKOS.ConceptScheme)


def _labels(shelf: Shelf, places: Sequence[int]) -> Iterator[tuple[str, str]]:
    """One label in each language: of the titles the one of middling length; at least one of them English or Chinese."""
    found = False
    for language in ("en", "zh"):
        written = sorted(
            (len(text), text) for place in places for text, tag in shelf.labels[place] if tag == language
        )
        if written:
            found = True
            yield written[len(written) // 2][1][:200], language
    if not found:
        written = sorted((len(shelf.records.titles[place]), shelf.records.titles[place]) for place in places)
        text = written[len(written) // 2][1][:200]
        yield text, "zh" if any("\u4e00" <= one <= "\u9fff" for one in text) else "en"


def _brand_in(shelf: Shelf, places: Sequence[int]) -> str:
    """The brand that most titles begin with or hold, by its name."""
    found = []
    for place in places:
        title = shelf.records.titles[place].lower().split()
        runs_of_words = {" ".join(title[at : at + size]) for size in (3, 2, 1) for at in range(len(title))}
        named = [one for one in runs_of_words if one in shelf.known_brands]
        found += [shelf.known_brands[max(named, key=lambda one: (len(one), one))]] if named else []
    return majority(found)
