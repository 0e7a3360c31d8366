"""Making a backup: copied beside its place, verified, and only then put there under its name."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

import zstandard

from ..columns.files import link
from ..doctor.diagnosis import Progress, unwatched
from ..errors import StoreDamaged, UsageError
from ..store import Folder
from ..store.durable import sync, sync_tree
from .content import CLOSED, Item, public, whole
from .manifest import MANIFEST, STORE, Checked, File, Manifest, Watch, checked, found_below
from .restoring import read_archive

ARCHIVES = (".tar", ".tar.zst")
# Keys and secrets are in it.
_FOLDER = 0o700


@dataclass(frozen=True)
class BackedUp:
    """What was backed up: the state after commit `number`; `bytes` of its files before any compression."""

    place: Path
    snapshot: str
    number: int
    files: int
    bytes: int
    private: bool

    def __str__(self) -> str:
        what = "" if self.private else ", without private graphs and keys"
        keys = "; it holds keys and secrets: keep it safe" if self.private else ""
        return (
            f"{self.place}: commit #{self.number} in {self.files:,} files, {self.bytes / 1e6:,.1f} MB{what}, "
            f"verified{keys}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "place": str(self.place)}


def backup(
    folder: Folder, destination: Path, *, private: bool = True, progress: Progress = unwatched
) -> BackedUp:
    """Copy the current snapshot, the journal up to it, settings, secrets and keys, while writers work.

    `destination` is a folder, or an archive if its name ends in ``.tar`` or ``.tar.zst``. Without `private` the
    copy has no private graphs, keys and secrets. Raises UsageError when the destination is there, StoreMissing,
    StoreDamaged.
    """
    if destination.exists():
        raise UsageError(f"{destination} is there already", hint="name a new folder or file")
    if not destination.parent.is_dir():
        raise UsageError(f"There is no folder {destination.parent}", hint="make it, or look at its name")
    snapshot = folder.current()  # Open, it is not pruned.
    with tempfile.TemporaryDirectory(prefix=f".{destination.name}-partial-", dir=destination.parent) as place:
        scratch, draft = Path(place), Path(place) / "draft"
        items = whole(folder, snapshot, scratch) if private else public(folder, snapshot, scratch, progress)
        name = next(one.path for one in items if one.name == "CURRENT").read_text(encoding="ascii")
        watch = Watch(sum(one.size for one in items), progress)
        if destination.name.endswith(ARCHIVES):
            files = _write_archive(draft, items, name, private, watch, zstd=destination.suffix == ".zst")
        else:
            files = _write_folder(draft, items, name, private, watch)
        draft.rename(destination)
        sync(destination.parent)
    size = sum(one.size for one in files.values())
    return BackedUp(destination, name, int(name.split("-")[0]), len(files), size, private)


def _write_folder(
    draft: Path, items: Sequence[Item], snapshot: str, private: bool, watch: Watch
) -> dict[str, File]:
    draft.mkdir(mode=_FOLDER)
    files: dict[str, File] = {}
    for item in items:
        place = draft / STORE / item.name
        place.parent.mkdir(parents=True, exist_ok=True)
        files[item.name] = _copy(item, place)
        watch.past(item.size, "copying")
    manifest = _manifest(snapshot, private, files)
    (draft / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    sync_tree(draft)
    watch.begin()
    _proved(manifest, found_below(draft / STORE, watch))
    return files


def _write_archive(
    draft: Path, items: Sequence[Item], snapshot: str, private: bool, watch: Watch, *, zstd: bool
) -> dict[str, File]:
    files: dict[str, File] = {}
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, CLOSED), "wb") as raw:
        with _compressed(raw, zstd=zstd) as sink, tarfile.open(fileobj=sink, mode="w|") as archive:
            for item in items:
                with item.path.open("rb") as source:
                    reader = Checked(source, item.size)
                    archive.addfile(_member(f"{STORE}/{item.name}", item.size), cast(IO[bytes], reader))
                files[item.name] = reader.file
                watch.past(item.size, "copying")
            manifest = _manifest(snapshot, private, files)
            text = manifest.to_json().encode()
            archive.addfile(_member(MANIFEST, len(text)), io.BytesIO(text))
        raw.flush()
        os.fsync(raw.fileno())
    watch.begin()
    found: dict[str, File] = {}

    def take(name: str, reader: Checked) -> None:
        for piece in reader.pieces():
            watch.past(len(piece), "verifying")
        if name != MANIFEST:
            found[name.removeprefix(f"{STORE}/")] = reader.file

    read_archive(draft, take)
    _proved(manifest, found)
    return files


def _copy(item: Item, place: Path) -> File:
    """Copy a file, or give one that never changes a second name; gives what it holds."""
    if item.shared:
        link(item.path, place)
        return checked(place)
    with item.path.open("rb") as source, place.open("xb") as sink:
        reader = Checked(source, item.size)
        for piece in reader.pieces():
            sink.write(piece)
    place.chmod(item.path.stat().st_mode & 0o777)
    return reader.file


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, CLOSED
    return member


def _manifest(snapshot: str, private: bool, files: dict[str, File]) -> Manifest:
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(snapshot, int(snapshot.split("-")[0]), made, private, files)


def _proved(manifest: Manifest, found: dict[str, File]) -> None:
    if wrong := manifest.wrong(found):
        raise StoreDamaged(f"The copy is not what was read: {wrong[0]}", hint="look after the disk")


@contextmanager
def _compressed(raw: IO[bytes], *, zstd: bool) -> Iterator[IO[bytes]]:
    if not zstd:
        yield raw
        return
    with zstandard.ZstdCompressor(level=3, threads=-1).stream_writer(raw, closefd=False) as sink:
        yield cast(IO[bytes], sink)
