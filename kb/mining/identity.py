"""Which SPU a cluster is: known SPUs keep their names, those of earlier runs too, the rest are minted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import xxhash

from .. import graphs


@dataclass(frozen=True)
class Identities:
    """The SPU of each cluster (an IRI); which ones are minted by mining, not of the catalogue.

    `merged` leads from an SPU of an earlier run that has no listing left to the one that has most of its listings now,
    `split` from a new SPU to the one that its listings were of.
    """

    spus: Sequence[str]
    minted: Sequence[bool]
    merged: Mapping[str, str]
    split: Mapping[str, str]


def identify(
    members: Sequence[Sequence[str]], known: Sequence[frozenset[str]], before: Mapping[str, str]
) -> Identities:
    """Name clusters, given as names of their listings.

    `known` are the catalogue's SPUs in each cluster, `before` leads from a listing to the SPU that the run before
    had for it. An SPU stays with the cluster that has most of its listings; of several the one that keeps most of its
    SPU's listings, then the largest, then the first.

    >>> first = identify([["a", "b"], ["c"]], [frozenset()] * 2, {})
    >>> before = {"a": first.spus[0], "b": first.spus[0], "c": first.spus[1]}
    >>> again = identify([["a"], ["b", "c", "d"]], [frozenset()] * 2, before)
    >>> again.spus[0] == first.spus[0], again.spus[1] == first.spus[1]
    (True, True)
    """
    sizes = Counter(before.values())
    shares: list[tuple[int, float, int, str, int, str]] = []
    for place, names in enumerate(members):
        counts = Counter(before[name] for name in names if name in before)
        first = min(names, default="")
        shares += [
            (-count, -count / sizes[spu], -len(names), first, place, spu) for spu, count in counts.items()
        ]
    spus = [min(one) if one else "" for one in known]
    # An earlier SPU whose listings now stand with a known one has gone up in it.
    taken: set[str] = set(filter(None, spus))
    for *_, place, spu in sorted(shares):
        if not spus[place] and spu not in taken:
            spus[place] = spu
            taken.add(spu)
    minted = [not one for one in known]
    split: dict[str, str] = {}
    merged: dict[str, str] = {}
    for place, names in enumerate(members):
        if spus[place]:
            continue
        spus[place] = _mint(names, taken)
        taken.add(spus[place])
        earlier = Counter(before[name] for name in names if name in before)
        if earlier:
            split[spus[place]] = min(earlier, key=lambda one: (-earlier[one], one))
    for *_, place, spu in sorted(shares):
        if spu not in taken:
            merged.setdefault(spu, spus[place])
    return Identities(spus, minted, merged, split)


def _mint(names: Sequence[str], taken: set[str]) -> str:
    """A name made of the first listing's, so that the same cluster would get the same one again."""
    text = min(names, default="")
    for salt in range(len(taken) + 1):
        made = f"{graphs.DATA}spu/m-{xxhash.xxh3_64_hexdigest(f'{text} {salt}'.encode())}"
        if made not in taken:
            return made
    raise AssertionError("one of so many is free")
