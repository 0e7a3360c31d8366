"""Images against a set of quads: random patches over several graphs, and columns on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import graphs
from kb.columns import layers
from kb.columns.batches import batches_of
from kb.columns.files import read_image, write_image
from kb.columns.image import VIEWS, Image
from kb.columns.kernels import Pairs, distinct, heads, pack, tails
from kb.columns.relations import Relation, Relations
from kb.columns.rows import Rows
from kb.errors import StoreDamaged

Quad = tuple[str, str, str, str]
PUBLIC, PRIVATE = graphs.of_source("one"), graphs.of_source("orders", private=True)
ONTOLOGY = f"{graphs.ONTOLOGY}core"
GRAPHS = [PUBLIC, graphs.of_source("two"), PRIVATE, "urn:foreign", ONTOLOGY, graphs.SHAPES]
XSD = "http://www.w3.org/2001/XMLSchema#"
# A received form and the form that is stored for it, twice over.
STORED = {f'"{a}"^^<{XSD}decimal>': f'"{b}"^^<{XSD}decimal>' for a, b in [("1.50", "1.5"), ("02", "2")]}

iris = st.sampled_from(["<urn:a>", "<urn:b>", "<urn:c>"])
objects = st.one_of(iris, st.sampled_from([*STORED, *STORED.values(), '"x"', '"x"@en']))
names = st.sampled_from(GRAPHS).map(lambda graph: f"<{graph}>")
quads = st.frozensets(st.tuples(iris, iris, objects, names), max_size=12)


@dataclass
class Patch:
    """What a commit adds and removes, as received."""

    added: frozenset[Quad] = field(default_factory=frozenset)
    removed: frozenset[Quad] = field(default_factory=frozenset)


patches = st.lists(st.builds(Patch, quads, quads), min_size=1, max_size=5)


@pytest.fixture(autouse=True, scope="module")
def overlays() -> Iterator[None]:
    """Overlays even over the smallest relations, merged when they have more than four rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "_AT_ONCE", 0)
        patch.setattr(layers, "_LEAST", 4)
        yield


State = dict[Quad, str]
"""Quads as they are stored, and how their objects were written."""


def after(state: State, patch: Patch) -> tuple[State, set[Quad], set[Quad]]:
    """The state that a patch leads to, what it adds as received, and what it removes as stored."""
    forms = {quad: quad[2] for quad in patch.added if quad[2] not in STORED}
    forms |= {next(iter(stored([quad]))): quad[2] for quad in patch.added if quad[2] in STORED}
    fresh = {quad for quad, form in forms.items() if state.get(quad) != form}
    gone = {quad for quad in stored(patch.removed) if quad in state and quad not in forms}
    left = {quad: form for quad, form in state.items() if quad not in gone} | forms
    return left, {(*quad[:2], forms[quad], quad[3]) for quad in fresh}, gone | (fresh & {*state})


def stored(some: Iterable[Quad]) -> set[Quad]:
    return {(s, p, STORED.get(o, o), g) for s, p, o, g in some}


def rows(image: Image, some: Iterable[Quad]) -> Rows:
    text = "".join(f"{' '.join(quad)} .\n" for quad in sorted(some))
    parsed = ox.parse(text, format=ox.RdfFormat.N_QUADS)
    return Rows.encoded(image.dictionary, batches_of(parsed))


def said(image: Image, some: Rows) -> list[Quad]:
    return [tuple(row.values()) for batch in some.batches(image.dictionary) for row in batch.to_pylist()]


def patched(image: Image, patch: Patch) -> Image:
    added, removed = image.effective(added=rows(image, patch.added), removed=rows(image, patch.removed))
    return image.changed(added=added, removed=removed)


def written(image: Image) -> State:
    found = [image.rows_of(name) for name in image.graph_names()]
    return {
        quad: form[2]
        for some in found
        for key, pairs in some.pairs.items()
        for quad, form in zip(said(image, Rows({key: pairs})), spelt(image, key, pairs), strict=True)
    }


def spelt(image: Image, key: tuple[int, int], pairs: Pairs) -> list[Quad]:
    one_by_one = (image.as_received(Rows({key: pairs[place : place + 1]})) for place in range(len(pairs)))
    return [said(image, one)[0] for one in one_by_one]


def rewritten(image: Image) -> Image:
    """The image as a merge in the background leaves it, whether one is due or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "_MOST", 0)
        return image.merged()


def open_triples(image: Image, inferred: bool) -> set[tuple[str, str, str]]:
    pairs = {(0, key): image.open_pairs(key, inferred=inferred) for key in image.open_predicates}
    return {quad[:3] for quad in said(image, Rows(pairs))}


def contents(image: Image) -> list[Quad]:
    return [quad for name in image.graph_names() for quad in said(image, image.rows_of(name))]


@given(patches)
@settings(max_examples=30)
def test_effective_is_what_really_changes(history: list[Patch]) -> None:
    image, state = Image(), State()
    for patch in history:
        added, removed = image.effective(added=rows(image, patch.added), removed=rows(image, patch.removed))
        written = {quad: (*quad[:2], form, quad[3]) for quad, form in state.items()}
        state, fresh, gone = after(state, patch)
        assert sorted(said(image, added)) == sorted(fresh)
        assert sorted(said(image, removed)) == sorted(gone)
        assert sorted(said(image, image.as_received(removed))) == sorted(written[quad] for quad in gone)
        image = image.changed(added=added, removed=removed)


@given(patches)
@settings(max_examples=30)
def test_the_patches_of_a_journal_undone_from_the_last_to_the_first_leave_nothing(
    history: list[Patch],
) -> None:
    image, journal, states = Image(), [], [State()]
    for patch in history:
        added, removed = image.effective(added=rows(image, patch.added), removed=rows(image, patch.removed))
        journal.append((added, image.as_received(removed)))
        image = image.changed(added=added, removed=removed)
        states.append(after(states[-1], patch)[0])
    for added, removed in reversed(journal):
        assert written(image) == states.pop()
        image = patched(image, Patch(frozenset(said(image, removed)), frozenset(said(image, added))))
    assert contents(image) == []


@given(st.lists(st.tuples(st.builds(Patch, quads, quads), st.booleans()), min_size=1, max_size=4), quads)
@settings(max_examples=25)
def test_the_difference_of_two_images_is_that_of_the_triples_that_readers_see(
    history: list[tuple[Patch, bool]], concluded: frozenset[Quad]
) -> None:
    images = [Image()]
    for number, (patch, merges) in enumerate(history):
        image = patched(images[-1], patch)
        conclusions = rows(image, [*concluded][number:])
        stored_of = image.dictionary.stored_of
        pairs = {key: distinct(pack(heads(some), stored_of(tails(some)))) for _, key, some in conclusions}
        image = image.with_inferred(public=pairs, private={})
        images += [image, rewritten(image) if merges else image]
    for before, latter in [*pairwise(images), (images[0], images[-1]), (images[-1], images[0])]:
        for inferred in (True, False):
            gained, lost = latter.difference(before, inferred=inferred)
            old, new = open_triples(before, inferred), open_triples(latter, inferred)
            assert sorted(said(latter, gained)) == sorted((*one, "") for one in new - old)
            assert sorted(said(latter, lost)) == sorted((*one, "") for one in old - new)


@given(patches, patches)
@settings(max_examples=25)
def test_a_merge_in_the_background_changes_nothing(history: list[Patch], meanwhile: list[Patch]) -> None:
    image = reduce(patched, history, Image())
    merging = rewritten(image)
    image = reduce(patched, meanwhile, image)
    rebased = image.rebased(merging)
    assert contents(rebased) == contents(image)
    assert written(rebased) == written(image)
    assert rebased.graph_sizes() == image.graph_sizes()
    gained, lost = rebased.difference(merging, inferred=False)
    before = open_triples(merging, False)
    assert {one[:3] for one in said(image, gained)} == open_triples(image, False) - before
    assert {one[:3] for one in said(image, lost)} == before - open_triples(image, False)


@given(quads)
def test_views_that_a_patch_leaves_alone_are_the_same_objects(some: frozenset[Quad]) -> None:
    image = patched(
        Image(), Patch(frozenset({("<urn:a>", "<urn:b>", '"x"', f"<{graph}>") for graph in GRAPHS}))
    )
    changed = patched(image, Patch(added=some))
    fresh = {quad[3][1:-1] for quad in some - {*contents(image)}}
    if not any(graph.startswith(graphs.ONTOLOGY) for graph in fresh):
        assert changed.ontology is image.ontology
    if graphs.SHAPES not in fresh:
        assert changed.own is image.own
    if PRIVATE not in fresh:
        assert changed.asserted_private is image.asserted_private


def test_a_value_restated_in_another_form_is_judged_in_that_form() -> None:
    quad = ("<urn:a>", "<urn:b>", f'"5"^^<{XSD}byte>', f"<{PUBLIC}>")
    image = patched(Image(), Patch(frozenset({(*quad[:2], f'"5"^^<{XSD}integer>', quad[3])})))
    added, removed = image.effective(added=rows(image, [quad]), removed=Rows())
    assert said(image, added) == [quad]
    image = image.changed(added=added, removed=removed)
    view = image.asserted_public.as_received(image.dictionary.stored)
    assert image.dictionary.decode(view[image.dictionary.id("<urn:b>")].objects).to_pylist() == [quad[2]]
    assert not any(map(len, image.effective(added=rows(image, [quad]), removed=Rows())))


@given(patches)
@settings(max_examples=30)
def test_an_image_is_the_set_of_its_quads(history: list[Patch]) -> None:
    image, state = Image(), set()
    for patch in history:
        image = patched(image, patch)
        state = (state - stored(patch.removed)) | stored(patch.added)
        assert sorted(contents(image)) == sorted(state)
        assert image.graph_names() == sorted({quad[3][1:-1] for quad in state})
        for graph in GRAPHS:
            found = said(image, image.rows_of(graph))
            assert sorted(found) == sorted(quad for quad in state if quad[3] == f"<{graph}>")


@given(patches)
@settings(max_examples=30)
def test_open_pairs_are_the_triples_that_a_reader_sees_each_once(history: list[Patch]) -> None:
    image, state = Image(), set()
    for patch in history:
        image = patched(image, patch)
        state = (state - stored(patch.removed)) | stored(patch.added)
    text = image.dictionary.text
    for private in (True, False):
        found = [
            (text(s), text(predicate), text(o))
            for predicate in image.open_predicates
            for pairs in [image.open_pairs(predicate, private=private)]
            for s, o in zip(heads(pairs), tails(pairs), strict=True)
        ]
        hidden = {f"<{graphs.SHAPES}>"} | (set() if private else {f"<{PRIVATE}>"})
        assert sorted(found) == sorted({quad[:3] for quad in state if quad[3] not in hidden})


@given(patches)
@settings(max_examples=30)
def test_an_image_stays_as_it_was_when_another_is_made_of_it(history: list[Patch]) -> None:
    images, states = [Image()], [set[Quad]()]
    for patch in history:
        images.append(patched(images[-1], patch))
        states.append((states[-1] - stored(patch.removed)) | stored(patch.added))
    assert [sorted(contents(image)) for image in images] == [sorted(state) for state in states]


@given(quads)
def test_validation_judges_objects_as_they_were_received(some: frozenset[Quad]) -> None:
    image = patched(Image(), Patch(added=some))
    text = image.dictionary.text
    for name in ("asserted_public", "asserted_private"):
        view = getattr(image, name).as_received(image.dictionary.stored)
        found = {
            (text(s), text(key), text(o))
            for key, one in view.items()
            for s, o in zip(one.subjects, one.objects, strict=True)
        }
        private = name == "asserted_private"
        here = {
            quad[:3]
            for quad in some
            if graphs.is_data(quad[3][1:-1]) and graphs.is_private(quad[3][1:-1]) == private
        }
        # Where a value came in two forms, the one that is rewritten stands for both.
        assert found == here - {(s, p, STORED[o]) for s, p, o in here if o in STORED}


@given(patches)
@settings(max_examples=25)
def test_images_come_back_from_disk_and_share_files_with_earlier_ones(history: list[Patch]) -> None:
    with tempfile.TemporaryDirectory() as place:
        image, earlier = Image(), None
        for number, patch in enumerate(history):
            image = patched(image, patch)
            folder = Path(place) / f"{number}"
            write_image(image, folder, earlier=earlier)
            back = read_image(folder)
            assert sorted(contents(back)) == sorted(contents(image))
            assert back.dictionary.languages == image.dictionary.languages
            for view in VIEWS:
                old, new = getattr(image, view), getattr(back, view)
                assert {key: one.received.tolist() for key, one in old.items()} == {
                    key: one.received.tolist() for key, one in new.items()
                }
            if earlier is not None:
                for path in folder.glob("[!m]*"):
                    other = earlier / path.name
                    assert not other.exists() or other.stat().st_ino == path.stat().st_ino
            image, earlier = back, folder


def test_graph_sets_and_pairs_of_the_same_bytes_are_different_files(tmp_path: Path) -> None:
    pair, alone = pack(np.array([1]), np.array([1])), np.ones(2, np.uint32)
    assert pair.tobytes() == alone.tobytes()
    two = pack(np.array([1, 1]), np.array([2, 3]))
    image = replace(
        Image(), asserted_public=Relations({1: Relation(pair, alone[:1]), 2: Relation(two, alone)})
    )
    write_image(image, tmp_path / "columns")
    back = read_image(tmp_path / "columns").asserted_public
    assert back[1].pairs.tolist() == pair.tolist()
    assert back[2].sets.tolist() == [1, 1]


def test_writing_the_same_image_again_writes_only_the_manifest(tmp_path: Path) -> None:
    image = patched(Image(), Patch(added=frozenset({("<urn:a>", "<urn:p>", '"x"', f"<{PUBLIC}>")})))
    write_image(image, tmp_path / "1")
    write_image(image, tmp_path / "2", earlier=tmp_path / "1")
    inodes = [{path.name: path.stat().st_ino for path in (tmp_path / one).iterdir()} for one in "12"]
    assert inodes[0].keys() == inodes[1].keys()
    assert {name for name in inodes[0] if inodes[0][name] != inodes[1][name]} == {"manifest.json"}


def test_consequences_are_graphs_too_and_survive_the_disk(tmp_path: Path) -> None:
    image = patched(Image(), Patch(added=frozenset({("<urn:a>", "<urn:p>", "<urn:b>", f"<{PUBLIC}>")})))
    pairs = image.asserted_public.get_relation(image.dictionary.id("<urn:p>")).pairs
    key = image.dictionary.encode(["<urn:q>"])[0]
    image = image.with_inferred(public={key: pairs}, private={})
    write_image(image, tmp_path / "columns")
    back = read_image(tmp_path / "columns")
    assert back.graph_names() == [graphs.INFERRED, PUBLIC]
    inferred = ("<urn:a>", "<urn:q>", "<urn:b>", f"<{graphs.INFERRED}>")
    assert said(back, back.rows_of(graphs.INFERRED)) == [inferred]
    assert len(back.open_pairs(key)) == 1
    assert len(back.open_pairs(key, inferred=False)) == 0


@pytest.mark.parametrize("spoil", ["manifest.json", "*.pack", "*.arrow"])
def test_a_missing_file_of_columns_is_a_named_error(tmp_path: Path, spoil: str) -> None:
    image = patched(Image(), Patch(added=frozenset({("<urn:a>", "<urn:p>", "<urn:b>", f"<{PUBLIC}>")})))
    write_image(image, tmp_path / "columns")
    next((tmp_path / "columns").glob(spoil)).unlink()
    with pytest.raises(StoreDamaged, match="kb rebuild"):
        read_image(tmp_path / "columns")
