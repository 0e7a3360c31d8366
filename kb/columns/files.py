"""Columns on disk: files named by their content, so that snapshots share what did not change.

A folder holds ``manifest.json`` (layout, languages, graph sets, which array belongs to which predicate
of which view), one Arrow file per dictionary segment, and one ``.npy`` per array. An array file's name is the
hash of its bytes and their type; a segment's is its first id and length. Neither ever changes: the next snapshot
links them.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from ..errors import StoreDamaged
from .dictionary import Dictionary, Segment
from .image import VIEWS, Image
from .layers import Base, Layered
from .relations import GraphSets, Relation, Relations

LAYOUT = 2
_PARTS = ("pairs", "sets", "received", "spelt_in")


def write_image(image: Image, folder: Path, *, earlier: Path | None = None) -> None:
    """Write `image` into a new `folder`, hard-linking what the `earlier` one has already."""
    folder.mkdir(parents=True)
    segments = [_write_segment(segment, folder, earlier) for segment in image.dictionary.segments]
    views = {
        view: {
            predicate: {
                part: _write_array(array, folder, earlier)
                for part, array in zip(
                    _PARTS,
                    (relation.pairs, relation.sets, relation.received, relation.forms.numbers),
                    strict=True,
                )
            }
            for predicate, relation in getattr(image, view).items()
        }
        for view in VIEWS
    }
    manifest = {
        "layout": LAYOUT,
        "languages": image.dictionary.languages,
        "sets": image.sets.sets,
        "segments": segments,
        "views": views,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def read_image(folder: Path) -> Image:
    """Open the image in `folder`; its arrays are memory-mapped.

    Raises StoreDamaged when a file is missing or of another layout.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["layout"] != LAYOUT:
            raise StoreDamaged(f"Columns of layout {manifest['layout']}, not {LAYOUT}", where=folder.name)
        segments = [_read_segment(folder / name) for name in manifest["segments"]]
        views = {
            view: Relations(
                {
                    int(predicate): _relation(*(_read_array(folder / f"{parts[part]}") for part in _PARTS))
                    for predicate, parts in relations.items()
                }
            )
            for view, relations in manifest["views"].items()
        }
    except (OSError, KeyError, ValueError, pa.ArrowInvalid) as error:
        raise StoreDamaged(
            f"The columns can't be read: {error}",
            where=folder.name,
            hint="restore a copy of the store, or load its sources anew",
        ) from None
    return Image(
        Dictionary(segments, manifest["languages"]), GraphSets(map(tuple, manifest["sets"])), **views
    )


def _relation(pairs: NDArray, sets: NDArray, received: NDArray, spelt_in: NDArray) -> Relation:
    rows = Base(pairs, sets, bare=len(pairs) != len(sets))
    return Relation.of(Layered(rows), Layered(Base(received, spelt_in)))


def _write_segment(segment: Segment, folder: Path, earlier: Path | None) -> str:
    name = f"terms-{segment.first}-{len(segment.terms)}.arrow"
    if not _linked(name, folder, earlier):
        arrays = [segment.terms, *(pa.array(column) for column in segment[2:])]
        batch = pa.RecordBatch.from_arrays(arrays, names=list(Segment._fields[1:]))
        with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_batch(batch)
    return name


def _read_segment(path: Path) -> Segment:
    batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    columns = [batch.column(name).to_numpy() for name in Segment._fields[2:]]
    return Segment(int(path.name.split("-")[1]), batch.column("terms"), *columns)


def _write_array(array: NDArray, folder: Path, earlier: Path | None) -> str:
    if not len(array):
        return ""
    name = f"{xxhash.xxh3_128_hexdigest(np.ascontiguousarray(array).data)}-{array.dtype}.npy"
    if not (folder / name).exists() and not _linked(name, folder, earlier):
        np.save(folder / name, array)
    return name


def _read_array(path: Path) -> NDArray:
    if path.suffix != ".npy":
        return np.empty(0, np.uint64)
    return np.load(path, mmap_mode="r") if path.stat().st_size > 1 << 20 else np.load(path)


def _linked(name: str, folder: Path, earlier: Path | None) -> bool:
    if earlier is None or not (earlier / name).exists():
        return False
    link(earlier / name, folder / name)
    return True


def link(file: Path, place: Path) -> None:
    """A second name for an immutable file; a copy where the file system has no hard links."""
    try:
        os.link(file, place)
    except OSError:
        shutil.copy2(file, place)
