"""One export from a snapshot to a folder, with its manifest."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..columns.image import Image
from ..errors import NotFound, UsageError
from ..star import Star, star_of
from ..store import Snapshot
from ..terms import PREFIXES
from . import star_schema
from .files import written
from .formats import FORMATS
from .material import Material
from .pseudonyms import export_key

_PRIVACY = (
    "Buyers, orders and events are under pseudonyms that hold for exports of this name alone, so that two exports "
    "can't be joined by them. Times and purchases are as they were: treat the files as personal data."
)


@dataclass(frozen=True)
class ExportOptions:
    """How an export is made: `name` makes its pseudonyms (by default the format's name), `core` is the least number
    of interactions of each buyer and product."""

    name: str | None = None
    core: int = 5

    def __post_init__(self) -> None:
        if self.core < 1:
            raise UsageError(f"A core of {self.core} keeps nothing apart", hint="1 keeps all interactions")


@dataclass(frozen=True)
class Delivered:
    """What was written: `rows` by file."""

    format: str
    folder: Path
    snapshot: str
    rows: dict[str, int]

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return {**asdict(self), "folder": str(self.folder)}

    def __str__(self) -> str:
        counts: Counter[str] = Counter()
        for name, count in self.rows.items():
            counts[name.partition("/month=")[0]] += count
        width = max(map(len, counts), default=0)
        lines = [f"  {name:<{width}}  {count:>10,}" for name, count in counts.items()]
        return "\n".join([f"{self.format} of {self.snapshot} in {self.folder}", *lines])


def deliver(
    snapshot: Snapshot,
    target: Path,
    *,
    format: str,
    secret: bytes,
    options: ExportOptions | None = None,
    since: Snapshot | None = None,
) -> Delivered:
    """Write an export to `target`, in the place of an earlier one; with `since` only what changed after it.

    The same snapshot, options and earlier export give the same bytes.
    Raises NotFound for the format, UsageError, SourceError where there is nothing to export.
    """
    if format not in FORMATS:
        raise NotFound(f"There is no format '{format}'", hint=", ".join(FORMATS))
    if since is not None and format != "star-schema":
        raise UsageError(
            "Only star-schema can be written as changes", hint="leave --since out, or export star-schema"
        )
    options = options or ExportOptions()
    key = export_key(secret, options.name or format)
    with star_of(snapshot.image) as star, written(target) as files:
        material = Material(star, key=key, core=options.core)
        if since is None:
            said = FORMATS[format].write(material, files)
        else:
            with star_of(since.image) as old:
                said = star_schema.write_changes(material, Material(old, key=key), files)
        files.finish(_manifest(snapshot, star, format, options, {**said, **_since(since)}))
        rows = files.rows
    return Delivered(format, target, snapshot.name, rows)


def _manifest(
    snapshot: Snapshot, star: Star, format: str, options: ExportOptions, said: dict[str, object]
) -> dict[str, object]:
    definitions = star.definitions.values()
    return {
        "format": format,
        "name": options.name or format,
        "version": importlib.metadata.version("commerce-kb"),
        "ontology": _ontology(snapshot.image),
        "snapshot": snapshot.name,
        "graphs": snapshot.image.graph_sizes(),
        "core": options.core,
        **said,
        "tables": {one.name: one.description for one in definitions},
        "queries": {one.name: hashlib.sha256(one.sql.encode()).hexdigest() for one in definitions},
        "licence": "that of the sources: see dcterms:license of each graph",
        "privacy": _PRIVACY,
    }


def _since(since: Snapshot | None) -> dict[str, object]:
    return {} if since is None else {"since": since.name}


def _ontology(image: Image) -> Sequence[str]:
    """The version IRIs of the ontology's modules."""
    relation = image.ontology.get_relation(image.dictionary.id(f"<{PREFIXES['owl']}versionIRI>"))
    return sorted(image.dictionary.text(int(one))[1:-1] for one in relation.objects)
