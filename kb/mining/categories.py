"""Products to leaf categories: learnt from the products that have one, told of those under the placeholder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from .. import graphs
from ..errors import DataError, NotFound
from ..knowledge_base import KnowledgeBase
from ..terms import CKB, DCTERMS, RDF, SKOS
from ..values import node
from .edges import Edges
from .hierarchy import Guess, PathModel, Tree
from .review import decisions
from .runs import Recorder, RunReport, runs
from .statements import Statements

MINER, KIND = "categories", "in-category"
STEPS = ("reading", "learning", "placing", "writing")
_METHOD = "linear support vectors over TF-IDF at each node of the tree, calibrated by isotonic regression"
# What products without a category sit under, in any scheme; see shape CKB-004.
PLACEHOLDER = "uncategorised"
_LONGEST_TEXT = 300
_KEY = f"{graphs.VOCAB}role/key"


@dataclass(frozen=True)
class CategoryOptions:
    """How categories are mined.

    A category is stated from the calibrated score `threshold` on, if the product has its key attributes; it waits for
    review from `doubt` on; below, the product is left without. `scheme` is the taxonomy, an IRI or CURIE (by default
    those that products are sorted into); `private` reads private graphs too, and writes to one.
    """

    threshold: float = 0.8
    doubt: float = 0.3
    scheme: str | None = None
    private: bool = False


@dataclass(frozen=True)
class _Catalogue:
    """Texts of SPUs, the category that somebody (not mining) states of each, and the taxonomy's names."""

    texts: Mapping[str, str]
    stated: Mapping[str, str]
    tree: Tree
    names: Mapping[str, Sequence[str]]
    keys: Mapping[str, set[str]]
    attributes: Mapping[str, set[str]]

    def lacking(self, product: str, category: str) -> list[str]:
        """The key attributes that a category asks for and a product does not have (CKB-010a)."""
        asked = {key for step in self.tree.path(category) for key in self.keys.get(step, ())}
        return sorted(asked - self.attributes.get(product, set()))

    @property
    def leaves(self) -> list[str]:
        inner = set(self.tree.parents.values())
        return sorted(one for one in self.names if one not in inner)


def mine_categories(
    knowledge: KnowledgeBase,
    *,
    options: CategoryOptions | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> RunReport:
    """Say of each SPU under the placeholder which leaf category it is in, as one run.

    What reviewers decided binds, and is learnt from. Raises DataError where there is nothing to choose from or to
    place, NotFound for a scheme that is not there, ToolMissing without the extra, GateRefused.
    """
    options = options or CategoryOptions()
    recorder = Recorder(knowledge, MINER, method=_METHOD, parameters=asdict(options), private=options.private)
    progress("reading")
    earlier = [one.graph for one in runs(knowledge) if one.miner == MINER]
    shelf = _read(knowledge, earlier, options)
    missing = sorted(shelf.texts.keys() - shelf.stated.keys())
    if not missing:
        raise DataError("All products have a category", hint=f"those under '{PLACEHOLDER}' are placed")
    decided = decisions(knowledge, kind=KIND)
    accepted = {one.subject: one.object for one in decided if one.accepted and one.subject in shelf.texts}
    rejected: dict[str, set[str]] = {}
    for one in decided:
        if not one.accepted:
            rejected.setdefault(one.subject, set()).add(one.object)
    progress("learning")
    known = {
        one: category for one, category in {**shelf.stated, **accepted}.items() if category in shelf.names
    }
    model = PathModel.trained(
        [shelf.texts[one] for one in known],
        list(known.values()),
        shelf.tree,
        names=[(name, leaf) for leaf in shelf.leaves for name in shelf.names[leaf]],
    )
    progress("placing")
    guesses = model.guesses([shelf.texts[one] for one in missing], [rejected.get(one, ()) for one in missing])
    progress("writing")
    edges = _edges(shelf, model, missing, guesses, accepted, options, Counter(known.values()))
    figures = {
        "products learnt from": len(known),
        "categories": len({*known.values(), *shelf.leaves}),
        "products without a category": len(missing),
        "left without": len(missing) - len(edges),
    }
    return recorder.record([edges] if len(edges) else [], model=model.to_bytes(), figures=figures)


def _edges(
    shelf: _Catalogue,
    model: PathModel,
    missing: Sequence[str],
    guesses: Sequence[Guess],
    accepted: Mapping[str, str],
    options: CategoryOptions,
    sizes: Mapping[str, int],
) -> Edges:
    subjects, objects, scores, evidence, ready = [], [], [], [], []
    for product, guess in zip(missing, guesses, strict=True):
        if product in accepted:
            category, score, said = accepted[product], 1.0, "accepted by a reviewer"
        elif guess.category and guess.score >= options.doubt:
            category, score = guess.category, guess.score
            said = _said(shelf, guess, model.reasons(shelf.texts[product], category))
        else:
            continue
        if lacking := shelf.lacking(product, category):
            said += f"; needs the key attribute {', '.join(one.rpartition('/')[2] for one in lacking)} first"
        subjects.append(product)
        objects.append(category)
        scores.append(score)
        evidence.append(said)
        ready.append(not lacking)
    told = np.array(scores, float)
    return Edges(
        kind=KIND,
        property=CKB.directCategory.value,
        subjects=subjects,
        objects=objects,
        scores=told,
        supports=np.array([max(1, sizes[one]) for one in objects], np.int64),
        evidence=evidence,
        stated=(told >= options.threshold) & np.array(ready, bool),
    )


def _said(shelf: _Catalogue, guess: Guess, words: Collection[str]) -> str:
    named = ", ".join(f"'{one}'" for one in words)
    following = shelf.names.get(guess.next, [""])[0]
    return f"the words {named or '(none known)'} speak for it" + (
        f"; next best: {following}" if following else ""
    )


def _read(knowledge: KnowledgeBase, earlier: Sequence[str], options: CategoryOptions) -> _Catalogue:
    said = Statements(knowledge, options.private)
    schemes = dict(said.pairs(SKOS.inScheme))
    scheme = None if options.scheme is None else node(options.scheme).value
    if scheme is not None and scheme not in schemes.values():
        raise NotFound(f"No category is in scheme {scheme}", hint="give the IRI of a skos:ConceptScheme")
    labels = {name: [text for text, _ in some] for name, some in said.labels(SKOS.prefLabel).items()}
    categories = {one for one, kind in said.pairs(RDF.type) if kind == CKB.Category.value}
    placeholders = {one for one in categories if PLACEHOLDER in labels.get(one, ())}
    stated = {
        product: category
        for product, category in said.besides(CKB.directCategory, earlier)
        if category not in placeholders
    }
    wanted = {scheme} if scheme else {schemes.get(one) for one in stated.values()} - {None}
    chosen = {one for one in categories - placeholders if not wanted or schemes.get(one) in wanted}
    others = {name: [text for text, _ in some] for name, some in said.labels(SKOS.altLabel).items()}
    above = {one: broad for one, broad in said.pairs(CKB.broaderCategory) if one in chosen}
    spus = {one for one, kind in said.pairs(RDF.type) if kind == CKB.SPU.value}
    titles, more = said.labels(), dict(said.pairs(DCTERMS.description))
    texts = {
        one: " ".join([*(text for text, _ in titles.get(one, ())), more.get(one, "")[:_LONGEST_TEXT]]).strip()
        for one in spus
    }
    names = {one: [*labels.get(one, ()), *others.get(one, ())] for one in chosen}
    required = {rule for rule, value in said.pairs(CKB.required) if value == "true"}
    required &= {rule for rule, role in said.pairs(CKB.attributeRole) if role == _KEY}
    asks, rules = dict(said.pairs(CKB.ruleForAttribute)), said.pairs(CKB.ruleForCategory)
    keys: dict[str, set[str]] = defaultdict(set)
    for rule, category in rules:
        if rule in required and rule in asks:
            keys[category].add(asks[rule])
    kinds, has = dict(said.pairs(CKB.ofAttribute)), said.grouped(CKB.hasAttributeAssertion)
    attributes = {one: {kinds.get(some, "") for some in has[one]} for one in has}
    known = {one: category for one, category in stated.items() if one in texts}
    return _Catalogue(texts, known, Tree(above), names, keys, attributes)
