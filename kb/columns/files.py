"""Columns on disk: a folder that shares with earlier ones what did not change; docs/columns.md describes it.

``manifest.json`` says which arrays belong to which predicate of which view. A dictionary segment is an Arrow file,
arrays lie in ``.npy`` files and packs. No file ever changes: the next snapshot links it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from ..errors import StoreDamaged
from .arrays import ArrayReader, ArrayWriter, link
from .dictionary import COLUMNS, Dictionary, Segment
from .hash_table import HashTable
from .image import VIEWS, Image
from .layers import Base, Layered, Written
from .relations import GraphSets, Relation, Relations

__all__ = ["LAYOUT", "damaged", "link", "read_image", "write_ahead", "write_image"]

LAYOUT = 2


def write_image(
    image: Image, folder: Path, *, earlier: Path | None = None, ahead: Path | None = None
) -> list[Path]:
    """Write `image` into a new `folder`; gives the new files, which nobody has synced.

    What the `earlier` image's folder has already, or was written `ahead`, is linked.
    """
    folder.mkdir(parents=True)
    writer = ArrayWriter(folder, [one for one in (ahead, earlier) if one is not None])
    tables = image.dictionary.lasting_tables()
    for table in tables:
        writer.add(table, "slots")
    for layered in _layers(image):
        if _written(layered) is not None:  # Most are, and there are many at every commit.
            for one in (layered.base, layered.overlay):
                if one.kept:
                    writer.add_again(one)
            continue
        writer.add(layered.base, "pairs")
        writer.add(layered.base, "numbers")
        writer.add(layered.overlay, "pairs", small=True)
        writer.add(layered.overlay, "numbers", small=True)
    writer.finish()
    for segment in image.dictionary.segments:
        _write_segment(segment, writer)
    manifest = {
        "layout": LAYOUT,
        "languages": image.dictionary.languages,
        "sets": image.sets.sets,
        "segments": [segment.name for segment in image.dictionary.segments],
        "tables": [{"first": one.first, "size": one.size, **one.kept} for one in tables],
    }
    views = ",".join(f'"{view}":{{{_listed(getattr(image, view))}}}' for view in VIEWS)
    text = f'{_json(manifest)[:-1]},"views":{{{views}}}}}'
    writer.create("manifest.json").write_text(text, encoding="utf-8")
    return writer.new


def write_ahead(image: Image, folder: Path) -> list[Path]:
    """Write the large arrays of a merged image into `folder`, for the `write_image` of one rebased on it.

    Gives the new files. May run beside a writer, who shall link nothing from there before they are synced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writer = ArrayWriter(folder)
    for layered in _layers(image):
        if layered.origin is not None:
            writer.add(layered.base, "pairs")
            writer.add(layered.base, "numbers")
    return writer.new


def read_image(folder: Path, *, sharing: Image | None = None) -> Image:
    """Open the image in `folder`; its arrays are memory-mapped, those of the same files are those of `sharing`.

    Raises StoreDamaged when a file is missing or of another layout.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if manifest["layout"] != LAYOUT:
            raise StoreDamaged(
                f"Columns of layout {manifest['layout']}, not {LAYOUT}",
                where=folder.name,
                hint="kb rebuild makes them anew from the journal",
            )
        reader = ArrayReader(folder)
        segments = [_read_segment(folder, name) for name in manifest["segments"]]
        tables = [_read_table(reader, one) for one in manifest["tables"]]
        views = {
            view: Relations(
                {
                    int(predicate): _read_relation(
                        reader, one, getattr(sharing, view).get(int(predicate)) if sharing else None
                    )
                    for predicate, one in relations.items()
                }
            )
            for view, relations in manifest["views"].items()
        }
    except (OSError, EOFError, KeyError, ValueError, pa.ArrowInvalid) as error:
        raise StoreDamaged(
            f"The columns can't be read: {error}",
            where=folder.parent.name,
            hint="kb rebuild makes them anew from the journal",
        ) from None
    dictionary = Dictionary(segments, manifest["languages"], tables)
    return Image(dictionary, GraphSets(map(tuple, manifest["sets"])), **views)


def damaged(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and fault of the files in `folder` whose content is not what their names say; reads all of it."""
    for path in sorted(folder.iterdir()):
        try:
            if path.suffix == ".npy":
                content = np.ascontiguousarray(np.load(path, mmap_mode="r")).data
                sound = xxhash.xxh3_128_hexdigest(content) == path.name.split("-")[0]
            elif path.suffix == ".pack":
                sound = xxhash.xxh3_128_hexdigest(path.read_bytes()) == path.stem
            elif path.suffix == ".arrow":
                segment = _read_segment(folder, path.stem.removeprefix("terms-"))
                sound = segment.name == segment.rehashed().name
            else:
                continue
        except (OSError, ValueError, KeyError, pa.ArrowInvalid) as error:
            yield path.name, f"can't be read: {error}"
            continue
        if not sound:
            yield path.name, "fails its checksum"


def _layers(image: Image) -> Iterable[Layered]:
    for view in VIEWS:
        for relation in getattr(image, view).values():
            yield relation.rows
            yield relation.forms


def _listed(relations: Relations) -> str:
    """The members of the object that says where relations lie."""
    return ",".join(
        f'"{predicate}":{{"rows":{_described(one.rows)},"forms":{_described(one.forms)}}}'
        for predicate, one in relations.items()
    )


def _described(layered: Layered) -> str:
    text = _written(layered)
    if text is None:
        text, base, overlay = "{}", layered.base, layered.overlay
        if len(base) or len(overlay):
            found: dict[str, Any] = {"size": len(layered), **base.kept, "counts": base.counts}
            if base.bare:
                found["bare"] = True
            if len(overlay):
                found["overlay"] = overlay.kept
            text = _json(found)
        layered.written = Written(base.kept, overlay.kept, text)
    return text


def _written(layered: Layered) -> str | None:
    """What was written of it, if its arrays lie where they did then."""
    known = layered.written
    there = known is not None and known.base is layered.base.kept and known.overlay is layered.overlay.kept
    return known.text if known is not None and there else None


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _read_relation(reader: ArrayReader, found: dict[str, Any], known: Relation | None) -> Relation:
    """A relation, or `known` itself where that lies in the same files."""
    rows = _layered(reader, found["rows"], known.rows if known is not None else None)
    forms = _layered(reader, found["forms"], known.forms if known is not None else None)
    if known is not None and rows is known.rows and forms is known.forms:
        return known
    return Relation.of(rows, forms)


def _layered(reader: ArrayReader, found: dict[str, Any], known: Layered | None) -> Layered:
    over = found.get("overlay", {})
    if known is not None and _lies_in(known.base, found):
        if _lies_in(known.overlay, over):
            return known
        return Layered(known.base, _read_base(reader, over), size=found.get("size", 0))
    base = _read_base(reader, found, bare=found.get("bare", False))
    base.counts = {int(number): count for number, count in found.get("counts", {}).items()}
    return Layered(base, _read_base(reader, over), size=found.get("size", 0))


def _lies_in(base: Base, found: dict[str, Any]) -> bool:
    places = {name: tuple(found[name]) for name in ("pairs", "numbers") if name in found}
    return base.kept == places and (bool(places) or not len(base))


def _read_base(reader: ArrayReader, found: dict[str, Any], *, bare: bool = False) -> Base:
    places = {name: found[name] for name in ("pairs", "numbers") if name in found}
    arrays = {
        name: reader.read(place, np.uint64 if name == "pairs" else np.uint32)
        for name, place in places.items()
    }
    base = Base(**arrays, bare=bare)
    base.kept = {name: (file, offset, length) for name, (file, offset, length) in places.items()}
    return base


def _read_table(reader: ArrayReader, found: dict[str, Any]) -> HashTable:
    table = HashTable(reader.read(found["slots"], np.uint64), found["first"], found["size"])
    table.kept = {"slots": tuple(found["slots"])}
    return table


def _write_segment(segment: Segment, writer: ArrayWriter) -> None:
    name = f"terms-{segment.name}.arrow"
    if not writer.link(name):
        arrays = [segment.terms, *(pa.array(getattr(segment, column)) for column in COLUMNS)]
        batch = pa.RecordBatch.from_arrays(arrays, names=["terms", *COLUMNS])
        with (
            pa.OSFile(str(writer.create(name)), "wb") as sink,
            pa.ipc.new_file(sink, batch.schema) as file,
        ):
            file.write_batch(batch)


def _read_segment(folder: Path, name: str) -> Segment:
    batch = pa.ipc.open_file(pa.memory_map(str(folder / f"terms-{name}.arrow"))).get_batch(0)
    columns = [batch.column(column).to_numpy() for column in COLUMNS]
    return Segment(int(name.split("-")[0]), batch.column("terms"), *columns, name)  # type: ignore[call-arg]
