"""Nearest categories: products and categories as points, by a sparse factorisation of what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import DataError
from ..knowledge_base import KnowledgeBase
from ..star import Star, star_of
from .edges import Edges
from .extra import needed
from .runs import Recorder, RunReport

if TYPE_CHECKING:
    from scipy import sparse

MINER, KIND = "neighbours", "nearest-category"
STEPS = ("reading", "factorising", "looking for neighbours", "writing")
_METHOD = "truncated singular value decomposition of TF-IDF features, nearest by cosine"
_AT_ONCE = 2_048

Points = NDArray[np.float32]


@dataclass(frozen=True)
class NeighbourOptions:
    """How nearest categories are found: in so many `dimensions`, the `most` nearest of each product."""

    dimensions: int = 64
    most: int = 3


@dataclass(frozen=True)
class _Shelf:
    """Products with the category that they sit in, leaf categories, and the points of both, in this order."""

    products: list[str]
    sits_in: list[str]
    categories: list[str]
    points: Points
    names: dict[str, str]


def mine_neighbours(
    knowledge: KnowledgeBase,
    *,
    options: NeighbourOptions | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> RunReport:
    """Say of each SPU which leaf categories are nearest to it, and how near its own is, as one run.

    A category is as near as the nearest of itself and the other products in it. Raises DataError where no product
    has a category, ToolMissing without the extra, GateRefused.
    """
    options = options or NeighbourOptions()
    recorder = Recorder(knowledge, MINER, method=_METHOD, parameters=asdict(options))
    progress("reading")
    with star_of(knowledge.snapshot.image, private=False) as star:
        shelf = _read(star, options.dimensions, progress)
    progress("looking for neighbours")
    rows = list(_nearest(shelf, options.most))
    progress("writing")
    edges = Edges(
        kind=KIND,
        property="",
        subjects=[shelf.products[one.product] for one in rows],
        objects=[shelf.categories[one.category] for one in rows],
        scores=np.array([one.score for one in rows]),
        supports=np.ones(len(rows), np.int64),
        evidence=[f"nearest in it: {shelf.names.get(one.by, one.by)}" for one in rows],
        stated=np.ones(len(rows), bool),
        sources=[[one.by] for one in rows],
    )
    astray = sum(one.first and shelf.categories[one.category] != shelf.sits_in[one.product] for one in rows)
    figures = {"products": len(shelf.products), "nearer to another category": astray}
    return recorder.record([edges], figures=figures)


@dataclass(frozen=True)
class _Near:
    """How near a product is to a category, by which node; `first` where no category is nearer."""

    product: int
    category: int
    score: float
    by: str
    first: bool


def _read(star: Star, dimensions: int, progress: Callable[[str], None]) -> _Shelf:
    placed = star["dim_spu"].rows
    placed = placed.filter(pc.is_valid(placed["category"]))
    products, sits_in = (placed[name].to_pylist() for name in ("spu", "category"))
    if not products:
        raise DataError("No product has a category", hint="load products with ckb:directCategory first")
    categories = sorted({*star.rows(_sql("leaves"))["category"].to_pylist(), *sits_in})
    rows = star.rows(_sql("features"))
    named = star.rows('SELECT s, o FROM "rdfs:label.en" UNION ALL SELECT s, o FROM "skos:prefLabel.en"')
    names = dict(zip(named["s"].to_pylist(), named["o"].to_pylist(), strict=True))
    progress("factorising")
    points = _points(_weighed(rows, [*products, *categories]), dimensions)
    return _Shelf(products, sits_in, categories, points, names)


def _weighed(rows: pa.Table, nodes: list[str]) -> sparse.csr_array:
    """Nodes by features: how often, damped, and the more the fewer nodes have it; rows of length 1."""
    sparse = needed("scipy.sparse")
    at = pc.index_in(rows["node"].cast(pa.string()), pa.array(nodes)).combine_chunks()
    rows = rows.filter(pc.is_valid(at))
    features = rows["feature"].cast(pa.string()).combine_chunks().dictionary_encode()
    places = (at.drop_null().to_numpy(), features.indices.to_numpy())
    counts = sparse.csr_array(
        (np.ones(len(rows)), places), shape=(len(nodes), max(1, len(features.dictionary)))
    )
    counts.sum_duplicates()
    counts.data = 1 + np.log(counts.data)
    held = np.bincount(counts.indices, minlength=counts.shape[1])
    weighed = counts @ sparse.diags_array(np.log((1 + len(nodes)) / (1 + held)))
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    return (sparse.diags_array(1 / np.maximum(lengths, 1e-12)) @ weighed).tocsr()


def _points(weighed: sparse.csr_array, dimensions: int) -> Points:
    """The nodes in so many dimensions, rows of length 1; the same for the same matrix."""
    dimensions = min(dimensions, min(weighed.shape) - 1)
    if dimensions < 1:
        return weighed.toarray().astype(np.float32)
    start = np.ones(min(weighed.shape))
    left, sizes, _ = needed("scipy.sparse.linalg").svds(weighed, k=dimensions, v0=start)
    points = left * sizes
    return (points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def _nearest(shelf: _Shelf, most: int) -> Iterator[_Near]:
    """For each product the nearest categories, nearest first, and its own behind them where it is none of these."""
    code = {name: number for number, name in enumerate(shelf.categories)}
    own = np.array([code[one] for one in shelf.sits_in])
    belongs = np.concatenate([own, np.arange(len(shelf.categories))])
    order = np.argsort(belongs, kind="stable")
    begins = np.searchsorted(belongs[order], np.arange(len(shelf.categories)))
    sorted_points = shelf.points[order].T
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    nodes = [*shelf.products, *shelf.categories]
    for begin in range(0, len(shelf.products), _AT_ONCE):
        size = min(_AT_ONCE, len(shelf.products) - begin)
        near = shelf.points[begin : begin + size] @ sorted_points
        near[np.arange(size), place[begin : begin + size]] = -1  # Nothing is its own neighbour.
        best = np.maximum.reduceat(near, begins, axis=1)
        first = np.argsort(-best, axis=1, kind="stable")[:, :most]
        for row in range(size):
            product = begin + row
            chosen = [*first[row].tolist(), *([own[product]] if own[product] not in first[row] else [])]
            for rank, category in enumerate(chosen):
                score = float(np.clip(best[row, category], 0, 1))
                end = begins[category + 1] if category + 1 < len(begins) else len(order)
                by = nodes[order[begins[category] + int(np.argmax(near[row, begins[category] : end]))]]
                yield _Near(product, int(category), score, by, rank == 0)


def _sql(name: str) -> str:
    return (resources.files(__package__) / "queries" / f"{name}.sql").read_text(encoding="utf-8")
