"""Buyers and products: what buyers prefer, what is bought together or instead, segments, the next best products."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .. import graphs
from ..errors import DataError, UsageError
from ..knowledge_base import KnowledgeBase
from ..terms import CKB, RDF, SKOS, XSD
from .behaviour import Behaviour, behaviour_of
from .cooccurrence import cooccurrence
from .edges import Edges, Triples, iris, texts
from .extra import needed
from .runs import Recorder, RunReport

MINER = "buyers"
STEPS = ("reading", "affinities", "products together", "segments", "next products", "writing")
_METHOD = "shares drawn to the average, Wilson bounds of joint purchases, damped co-occurrence"
# Purchases' worth of everybody's taste that each buyer's is mixed with.
_PRIOR = 1.0
# A pair that stands together within so few days was put together: a promotion.
_DAYS = 28
_FEWEST_MEMBERS = 20
_AT_ONCE = 4_096


@dataclass(frozen=True)
class BuyerOptions:
    """How buyers are mined.

    What is older than `half_life` days counts half. Pairs of products need `support` units, and `lift` times as many
    as by chance; a segment needs `members`; a buyer gets at most `most` affinities of a kind, and as many next
    products. Edges of products from the score `threshold` on are stated.
    """

    half_life: float = 180
    support: int = 5
    lift: float = 1.5
    threshold: float = 0.5
    members: int = 30
    most: int = 5

    def __post_init__(self) -> None:
        if self.members < _FEWEST_MEMBERS:
            raise UsageError(
                f"A segment of {self.members} could be known by its members",
                hint=f"{_FEWEST_MEMBERS} is the least",
            )


def mine_buyers(
    knowledge: KnowledgeBase,
    *,
    options: BuyerOptions | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> RunReport:
    """Mine what orders and events tell, as one run into a private graph.

    Raises DataError where there are no purchases, ToolMissing without the extra, GateRefused.
    """
    options = options or BuyerOptions()
    recorder = Recorder(knowledge, MINER, method=_METHOD, parameters=asdict(options), private=True)
    progress("reading")
    with behaviour_of(knowledge.snapshot.image, half_life=options.half_life) as behaviour:
        held = behaviour.held()
        if not len(held):
            raise DataError("The store has no purchases", hint="load orders (ckb:Order) with lines first")
        names = behaviour.names()
        progress("affinities")
        affinities = behaviour.affinities(lift=options.lift, prior=_PRIOR, most=options.most)
        progress("products together")
        complements, substitutes = _companions(behaviour, options)
    progress("segments")
    segments = _segments(affinities, options.members)
    progress("next products")
    following = _next_products(held, options.most)
    progress("writing")
    edges = [
        _affinity_edges(affinities, names),
        _companion_edges("complement", CKB.complementOf.value, complements, names, options.threshold),
        _companion_edges("substitute", CKB.substituteFor.value, substitutes, names, options.threshold),
        _segment_edges(segments),
        _next_edges(following, names),
    ]
    figures = {
        "buyers": len(pc.unique(held["buyer"])),
        **{one.kind: len(one) for one in edges},
        "segments": len(set(segments.values())),
    }
    return recorder.record(edges, _described(segments, names), figures=figures)


def _companions(behaviour: Behaviour, options: BuyerOptions) -> tuple[pa.Table, pa.Table]:
    """What goes with a product and what stands in for it, a row for each direction.

    What is bought together is of other categories; what is looked at together, and not bought together, of the same.
    """
    asked = {"support": options.support, "lift": options.lift, "most": options.most}
    baskets = behaviour.companions("basket", days=_DAYS, **asked)  # type: ignore[arg-type]
    sessions = behaviour.companions("session", days=0, **asked)  # type: ignore[arg-type]
    same = pc.fill_null(baskets["same_category"], False)
    together = _pairs(baskets)
    alternative = [
        bool(same) and pair not in together
        for same, pair in zip(sessions["same_category"].to_pylist(), _pairs(sessions), strict=True)
    ]
    return baskets.filter(pc.invert(same)), sessions.filter(pa.array(alternative, pa.bool_()))


def _pairs(rows: pa.Table) -> dict[tuple[str, str], None]:
    return dict.fromkeys(zip(rows["spu"].to_pylist(), rows["other"].to_pylist(), strict=True))


def _segments(affinities: pa.Table, members: int) -> dict[str, str]:
    """By buyer the category that they prefer most, of those with enough members: the others choose again."""
    rows = affinities.filter(pc.equal(affinities["kind"], "category")).sort_by(
        [("buyer", "ascending"), ("score", "descending"), ("value", "ascending")]
    )
    wanted: dict[str, list[str]] = defaultdict(list)
    for buyer, value in zip(rows["buyer"].to_pylist(), rows["value"].to_pylist(), strict=True):
        wanted[buyer].append(value)
    while True:
        found = {buyer: values[0] for buyer, values in wanted.items() if values}
        sizes = Counter(found.values())
        small = {value for value, size in sizes.items() if size < members}
        if not small:
            return found
        # The smallest one gives up first, so that its members may make another one large enough.
        least = min(small, key=lambda value: (sizes[value], value))
        for values in wanted.values():
            if least in values:
                values.remove(least)


@dataclass(frozen=True)
class _Next:
    """One suggestion: a product, and the bought one that speaks most for it."""

    buyer: str
    product: str
    because: str
    score: float
    share: float


def _next_products(held: pa.Table, most: int) -> list[_Next]:
    """Products that each buyer has not bought and that go with those they have, best first."""
    sparse = needed("scipy.sparse")
    buyers, items = (held[name].combine_chunks().dictionary_encode() for name in ("buyer", "spu"))
    weights = np.clip(held["weight"].to_numpy(), 0.05, 1).astype(np.float32)
    places = (buyers.indices.to_numpy(), items.indices.to_numpy())
    shape = (len(buyers.dictionary), len(items.dictionary))
    products = cooccurrence(sparse.csr_array((np.ones(len(held), np.float32), places), shape=shape))
    held_by = sparse.csr_array((weights, places), shape=shape)
    names, spus = buyers.dictionary.to_pylist(), items.dictionary.to_pylist()
    found = []
    for begin in range(0, shape[0], _AT_ONCE):
        some = held_by[begin : begin + _AT_ONCE]
        scores = (some @ products).toarray()
        scores[some.nonzero()] = 0
        for row, best in _best(scores, most):
            own = some[[row]]
            parts = own.multiply(products[:, [best]].T).tocsr()
            reason = int(parts.indices[np.argmax(parts.data)])
            score = float(scores[row, best])
            share = float(parts.data.max()) / score
            found.append(_Next(names[begin + row], spus[best], spus[reason], score, share))
    return found


def _best(scores: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    most = min(most, scores.shape[1] - 1)
    if most < 1:
        return
    best = np.argpartition(-scores, most, axis=1)[:, :most]
    for row, columns in enumerate(best):
        for column in sorted(columns.tolist(), key=lambda one: (-scores[row, one], one)):
            if scores[row, column] > 0:
                yield row, column


def _affinity_edges(rows: pa.Table, names: Mapping[str, str]) -> Edges:
    said = [
        f"{times} times {kind} {_name(value, names)}, {lift:.1f} times the average share"
        for kind, value, times, lift in _columns(rows, "kind", "value", "times", "lift")
    ]
    return Edges(
        kind="affinity",
        property="",
        subjects=rows["buyer"].to_pylist(),
        objects=rows["value"].to_pylist(),
        scores=rows["score"].to_numpy(),
        supports=rows["times"].to_numpy(),
        evidence=said,
        stated=np.ones(len(rows), bool),
    )


def _companion_edges(
    kind: str, property: str, rows: pa.Table, names: Mapping[str, str], threshold: float
) -> Edges:
    what = "baskets" if kind == "complement" else "buyers' weeks"
    said = [
        f"{times} {what} hold both: {confidence:.0%} of those with {_name(spu, names)}, {lift:.1f} times the chance"
        for spu, times, confidence, lift in _columns(rows, "spu", "times", "confidence", "lift")
    ]
    scores = rows["score"].to_numpy()
    return Edges(
        kind=kind,
        property=property,
        subjects=rows["spu"].to_pylist(),
        objects=rows["other"].to_pylist(),
        scores=scores,
        supports=rows["times"].to_numpy(),
        evidence=said,
        stated=scores >= threshold,
        sources=[[one] for one in rows["other"].to_pylist()],
    )


def _segment_edges(segments: Mapping[str, str]) -> Edges:
    return Edges(
        kind="segment-member",
        property=CKB.inSegment.value,
        subjects=list(segments),
        objects=[_segment(value) for value in segments.values()],
        scores=np.ones(len(segments)),
        supports=np.ones(len(segments), np.int64),
        evidence=["the category of the strongest affinity that enough buyers share"] * len(segments),
        stated=np.ones(len(segments), bool),
    )


def _next_edges(found: Sequence[_Next], names: Mapping[str, str]) -> Edges:
    """The reason is a path of the graph: buyer, bought product, product that others bought with it."""
    most = max((one.score for one in found), default=1.0)
    return Edges(
        kind="next-product",
        property="",
        subjects=[one.buyer for one in found],
        objects=[one.product for one in found],
        scores=np.array([one.score / most for one in found]),
        supports=np.ones(len(found), np.int64),
        evidence=[
            f"bought {_name(one.because, names)}; who did also bought {_name(one.product, names)} "
            f"({one.share:.0%} of the score)"
            for one in found
        ],
        stated=np.ones(len(found), bool),
        sources=[[one.because] for one in found],
    )


def _described(segments: Mapping[str, str], names: Mapping[str, str]) -> Triples:
    """The segments themselves."""
    triples = Triples()
    sizes = Counter(segments.values())
    values = sorted(sizes)
    nodes = iris([_segment(one) for one in values])
    triples.add(nodes, RDF.type, CKB.BuyerSegment)
    triples.add(nodes, SKOS.prefLabel, texts([f"buyers of {_name(one, names)}" for one in values], "en"))
    counts = [f'"{sizes[one]}"^^{XSD.integer}' for one in values]
    triples.add(nodes, CKB.memberCount, pa.array(counts, pa.large_string()))
    return triples


def _segment(category: str) -> str:
    """The same segment has the same IRI in every run."""
    return f"{graphs.DATA}segment/mined-{category.rpartition('/')[2]}"


def _name(node: str, names: Mapping[str, str]) -> str:
    return names.get(node) or node.rpartition("/")[2]


def _columns(rows: pa.Table, *names: str) -> Iterator[tuple]:
    return zip(*(rows[name].to_pylist() for name in names), strict=True)
