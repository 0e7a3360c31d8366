"""Merchants and influencers: their categories, whether they keep to one, niches and where these drift, tiers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

import numpy as np

from ..errors import DataError
from ..knowledge_base import KnowledgeBase
from ..terms import CKB, SKOS
from .dealings import Counted, Dealings, Kind, dealings_of
from .edges import Edges
from .profiles import Mixture, wilson
from .review import decisions
from .runs import Recorder, RunReport, runs
from .statements import Statements

MERCHANTS, INFLUENCERS = "merchants", "influencers"
STEPS = ("reading", "fitting", "writing")
_METHOD = "a mixture of specialists and generalists over counts by category; Wilson bounds of shares"
_TOP = 1


@dataclass(frozen=True)
class PartyOptions:
    """How merchants and influencers are mined.

    A category counts with `support` deals and `lift` times the average share. `level` is that of niches (1 at the
    top). A niche is stated from the score `threshold` on, and waits for review from `doubt` on. The last `window`
    days tell whether it drifts.
    """

    support: int = 3
    lift: float = 1.5
    level: int = 2
    threshold: float = 0.8
    doubt: float = 0.3
    window: int = 90


def mine_merchants(
    knowledge: KnowledgeBase,
    *,
    options: PartyOptions | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> RunReport:
    """Say in which categories merchants sell, and who specialises in which, as one run.

    Raises DataError without offers of products that have a category, GateRefused.
    """
    options = options or PartyOptions()
    recorder = Recorder(knowledge, MERCHANTS, method=_METHOD, parameters=asdict(options))
    progress("reading")
    dealings = _read(knowledge, "merchant")
    names = _names(Statements(knowledge))
    progress("fitting")
    counted = dealings.counted(_TOP)
    mixture = Mixture.fitted(counted.counts)
    progress("writing")
    special = _specialists(counted, mixture, names)
    edges = [_shares(dealings, options, names), special]
    figures = {
        "merchants": len(counted.parties),
        "specialists": int((special.scores >= 0.5).sum()),
        "sold outside their field": f"{mixture.stray:.1%}",
    }
    return recorder.record(edges, figures=figures)


def mine_influencers(
    knowledge: KnowledgeBase,
    *,
    options: PartyOptions | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> RunReport:
    """Say in which categories influencers are active, their niches, where these drift, and tiers, as one run.

    A niche other than the declared one waits for review. Raises DataError without content that shows products,
    GateRefused.
    """
    options = options or PartyOptions()
    recorder = Recorder(knowledge, INFLUENCERS, method=_METHOD, parameters=asdict(options))
    progress("reading")
    earlier = [one.graph for one in runs(knowledge) if one.miner == INFLUENCERS]
    dealings, said = _read(knowledge, "influencer"), Statements(knowledge)
    names, declared = _names(said), dict(said.besides(CKB.nicheCategory, earlier))
    progress("fitting")
    counted = dealings.counted(options.level)
    mixture = Mixture.fitted(counted.counts)
    progress("writing")
    decided = {(one.subject, one.object): one.accepted for one in decisions(knowledge, kind="niche")}
    niches = _niches(counted, mixture, declared, decided, names, options)
    drifts = _drifts(dealings, counted, mixture, declared, names, options)
    edges = [_shares(dealings, options, names), niches, drifts, _tiers(said, earlier, names)]
    figures = {
        "influencers": len(counted.parties),
        "niches": len(niches),
        "drifting": len(drifts),
        "shown outside their niche": f"{mixture.stray:.1%}",
    }
    return recorder.record(edges, figures=figures)


def _read(knowledge: KnowledgeBase, kind: Kind) -> Dealings:
    found = dealings_of(knowledge, kind)
    if not found.parties:
        what = {"merchant": "offers", "influencer": "content"}[kind]
        raise DataError(f"No {kind} has {what} of products with a category", hint=f"load {what} first")
    return found


def _names(said: Statements) -> dict[str, str]:
    return {node: some[0][0] for node, some in said.labels(SKOS.prefLabel).items()}


def _called(names: Mapping[str, str], category: str) -> str:
    return names.get(category, category.rpartition("/")[2])


def _shares(dealings: Dealings, options: PartyOptions, names: Mapping[str, str]) -> Edges:
    """Parties to the categories, of any level, in which they deal clearly more than others do."""
    found: dict[tuple[str, str], tuple[float, int, str]] = {}
    for level in dealings.levels():
        counted = dealings.counted(level)
        total = counted.counts.sum(axis=1, keepdims=True)
        share, base = counted.counts / np.maximum(total, 1), counted.counts.sum(axis=0) / counted.counts.sum()
        sure = wilson(counted.counts, total)
        told = (counted.counts >= options.support) & (sure > base) & (share >= options.lift * base)
        for row, column in np.argwhere(told).tolist():
            hits, field = int(counted.counts[row, column]), counted.fields[column]
            said = (
                f"{hits} of {int(total[row, 0])} ({share[row, column]:.0%}) in {_called(names, field)}; "
                f"of all {base[column]:.0%}"
            )
            score = 1 - float(base[column] / sure[row, column])
            found.setdefault((counted.parties[row], field), (score, hits, said))
    return _told("in-category", "", [(*pair, *rest, True) for pair, rest in found.items()])


def _specialists(counted: Counted, mixture: Mixture, names: Mapping[str, str]) -> Edges:
    """Each merchant to the field that is likeliest theirs; the score is how likely they specialise in it."""
    rows = []
    for at, merchant in enumerate(counted.parties):
        best = int(np.argmax(mixture.likely[at, :-1]))
        score, hits = float(mixture.likely[at, best]), int(counted.counts[at, best])
        kind = "specialist" if score >= 0.5 else "generalist"
        said = (
            f"{kind}: {hits} of {int(counted.counts[at].sum())} products in {_called(names, counted.fields[best])}, "
            f"of all {mixture.base[best]:.0%}; specialists sell {mixture.stray:.0%} outside their field"
        )
        rows.append((merchant, counted.fields[best], score, hits, said, True))
    return _told("specialises-in", "", rows)


def _niches(
    counted: Counted,
    mixture: Mixture,
    declared: Mapping[str, str],
    decided: Mapping[tuple[str, str], bool],
    names: Mapping[str, str],
    options: PartyOptions,
) -> Edges:
    """Influencers to their niche, as far as no reviewer denied it; one that they do not declare themselves waits."""
    rows = []
    for at, influencer in enumerate(counted.parties):
        best = int(np.argmax(mixture.likely[at, :-1]))
        score, field = float(mixture.likely[at, best]), counted.fields[best]
        hits, other = int(counted.counts[at, best]), declared.get(influencer, field)
        accepted = decided.get((influencer, field))
        if accepted is False or (score < options.doubt and not accepted):
            continue
        said = f"{hits} of {int(counted.counts[at].sum())} products shown are {_called(names, field)}"
        if other != field:
            said += f"; declares {_called(names, other)}"
        sure = bool(accepted) or (score >= options.threshold and other == field)
        rows.append((influencer, field, score, hits, said, sure))
    return _told("niche", CKB.nicheCategory.value, rows)


def _drifts(
    dealings: Dealings,
    counted: Counted,
    mixture: Mixture,
    declared: Mapping[str, str],
    names: Mapping[str, str],
    options: PartyOptions,
) -> Edges:
    """Influencers to the niche of their last days, where it was another one before (or they declare another one)."""
    moments = [one for one in dealings.moments if one is not None]
    if not moments:
        return _told("drifts-to", "", [])
    since = max(moments) - timedelta(days=options.window)
    split: tuple[list[int], list[int]] = ([], [])
    for place, moment in enumerate(dealings.moments):
        if moment is not None:
            split[moment >= since].append(place)
    before, lately = (dealings.counted(options.level, some).counts for some in split)
    old, new = mixture.of(before), mixture.of(lately)
    rows = []
    for at, influencer in enumerate(counted.parties):
        best = int(np.argmax(new[at, :-1]))
        field, hits = counted.fields[best], int(lately[at, best])
        if before[at].sum() >= options.support:
            was, left = int(np.argmax(old[at])), 1 - float(old[at, best])
            named = counted.fields[was] if was < len(counted.fields) else ""
        else:
            named = declared.get(influencer, "")
            left = float(named not in ("", field))
        score = float(new[at, best]) * left
        if hits >= options.support and score >= options.threshold:
            earlier = _called(names, named) if named else "nothing in particular"
            said = (
                f"{hits} of {int(lately[at].sum())} products shown since {since:%Y-%m-%d} are "
                f"{_called(names, field)}; before: {earlier}"
            )
            rows.append((influencer, field, score, hits, said, True))
    return _told("drifts-to", "", rows)


def _tiers(said: Statements, earlier: Sequence[str], names: Mapping[str, str]) -> Edges:
    """The tier that the number of followers makes, for influencers of whom nobody states one."""
    floors = sorted((int(value), tier) for tier, value in said.pairs(CKB.minFollowers))
    stated = {influencer for influencer, _ in said.besides(CKB.hasTier, earlier)}
    rows = []
    for influencer, value in sorted(said.pairs(CKB.followerCount)):
        place = bisect_right([floor for floor, _ in floors], int(value)) - 1
        if influencer in stated or place < 0:
            continue
        floor, tier = floors[place]
        words = f"{int(value):,} followers; {_called(names, tier)} begins at {floor:,}"
        rows.append((influencer, tier, 1.0, int(value), words, True))
    return _told("tier", CKB.hasTier.value, rows)


def _told(kind: str, property: str, rows: Sequence[tuple[str, str, float, int, str, bool]]) -> Edges:
    """Edges of rows of subject, object, score, support, evidence, and whether it is stated."""
    return Edges(
        kind=kind,
        property=property,
        subjects=[row[0] for row in rows],
        objects=[row[1] for row in rows],
        scores=np.array([row[2] for row in rows], float),
        supports=np.array([row[3] for row in rows], np.int64),
        evidence=[row[4] for row in rows],
        stated=np.array([row[5] for row in rows], bool),
    )
