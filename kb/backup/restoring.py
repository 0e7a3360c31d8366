"""Putting a backup back: every checksum first, then the doctor, and only then the store's name."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, cast

import zstandard

from ..columns.files import link
from ..doctor import Progress, diagnose
from ..doctor.diagnosis import unwatched
from ..errors import SourceError, StoreDamaged, UsageError
from ..store import Folder
from ..store.durable import sync, sync_tree
from .content import CLOSED, IMMUTABLE
from .manifest import MANIFEST, STORE, Checked, Manifest, Watch, found_below

_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True)
class Restored:
    """What was put back: the state after commit `number`, of a backup made at `made`."""

    store: Path
    snapshot: str
    number: int
    made: str
    private: bool
    quads: int

    def __str__(self) -> str:
        what = "" if self.private else ", without private graphs and keys"
        return (
            f"{self.store}: commit #{self.number} as backed up at {self.made}{what}; "
            f"{self.quads:,} quads, all of it proved"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "store": str(self.store)}


def restore(source: Path, store: Path, *, progress: Progress = unwatched) -> Restored:
    """Make the store `store` of a backup, once its checksums and the doctor have proved it.

    Raises UsageError when something is at `store` already, SourceError for what is no backup, StoreDamaged for a
    backup that is not as it was made.
    """
    if store.exists():
        raise UsageError(
            f"{store} is there already", hint="name a new folder with --store, or move that one away"
        )
    if not source.exists():
        raise SourceError(f"There is no backup at {source}", hint="look at its name")
    store.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{store.name}-restoring-", dir=store.parent) as place:
        draft = Path(place)
        manifest = _brought(source, draft, progress)
        watch = Watch(sum(one.size for one in manifest.files.values()), progress)
        if wrong := manifest.wrong(found_below(draft / STORE, watch)):
            raise StoreDamaged(
                f"The backup is damaged: {wrong[0]}" + f", and {len(wrong) - 1} more" * (len(wrong) > 1),
                where=str(source),
                hint="restore an older one",
            )
        diagnosis = diagnose(Folder(draft / STORE), progress=progress)
        if not diagnosis:
            raise StoreDamaged(
                f"The doctor finds the backup unsound: {diagnosis.faults[0].what}",
                where=str(source),
                hint="restore an older one",
            )
        sync_tree(draft / STORE)
        (draft / STORE).rename(store)
        sync(store.parent)
    quads = sum(one.quads for one in diagnosis.graphs)
    return Restored(store, manifest.snapshot, manifest.number, manifest.made, manifest.private, quads)


def read_archive(archive: Path, take: Callable[[str, Checked], None]) -> None:
    """Give each file in an archive to `take`, by its name.

    Raises StoreDamaged for what is no archive, breaks off, or holds what no backup does.
    """
    try:
        with _opened(archive) as source, tarfile.open(fileobj=source, mode="r|") as found:
            for member in found:
                content = found.extractfile(member) if member.isreg() else None
                first, *rest = Path(member.name).parts
                if content is None or ".." in rest or (first != STORE and member.name != MANIFEST):
                    raise StoreDamaged(f"{member.name} does not belong into a backup", where=str(archive))
                take(member.name, Checked(cast(IO[bytes], content), member.size))
    except (tarfile.TarError, zstandard.ZstdError, EOFError) as error:
        raise StoreDamaged(
            f"The archive can't be read: {error}", where=str(archive), hint="restore an older one"
        ) from None


def _brought(source: Path, draft: Path, progress: Progress) -> Manifest:
    """Bring a backup's files below `draft`; gives its manifest."""
    if source.is_dir():
        if not (source / MANIFEST).is_file():
            raise SourceError(f"{source} is no backup: it has no {MANIFEST}", hint="give what kb backup made")
        manifest = Manifest.of((source / MANIFEST).read_bytes())
        for name in manifest.files:
            place = draft / STORE / name
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                _put(source / STORE / name, place)
            except FileNotFoundError:
                continue  # The checksums tell.
        return manifest
    text = b""
    done, total = 0, source.stat().st_size

    def take(name: str, reader: Checked) -> None:
        nonlocal text, done
        if name == MANIFEST:
            text = reader.read()
            return
        place = draft / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, CLOSED), "wb") as sink:
            for piece in reader.pieces():
                sink.write(piece)
                done += len(piece)
                progress("unpacking", done, max(done, total))

    read_archive(source, take)
    if not text:
        raise StoreDamaged(
            f"The archive breaks off before its {MANIFEST}", where=str(source), hint="restore an older one"
        )
    return Manifest.of(text)


def _put(file: Path, place: Path) -> None:
    if place.suffix in IMMUTABLE:
        link(file, place)
    else:
        shutil.copy2(file, place)


@contextmanager
def _opened(archive: Path) -> Iterator[IO[bytes]]:
    with archive.open("rb") as raw:
        compressed = raw.read(len(_ZSTD)) == _ZSTD
        raw.seek(0)
        if not compressed:
            yield raw
            return
        with zstandard.ZstdDecompressor().stream_reader(raw) as source:
            yield cast(IO[bytes], source)
