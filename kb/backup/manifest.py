"""A backup's manifest: what it holds, and a checksum of every file and of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import xxhash

from ..doctor import Progress
from ..errors import StoreDamaged

MANIFEST = "manifest.json"
STORE = "store"
FORMAT = 1
_BLOCK = 1 << 20


@dataclass(frozen=True)
class File:
    """Size in bytes, and checksum (XXH3, 128 bits, hexadecimal)."""

    size: int
    checksum: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: the state after commit `number`; `files` by name below ``store/``.

    `private` is false where private graphs and keys were left out.
    """

    snapshot: str
    number: int
    made: str
    private: bool
    files: dict[str, File]

    def to_json(self) -> str:
        """The manifest's text, its own checksum in it."""
        values = {"format": FORMAT, **asdict(self)}
        return json.dumps({**values, "checksum": _checksum(values)}, indent=1)

    @classmethod
    def of(cls, text: bytes) -> Manifest:
        """The manifest of a text.

        Raises StoreDamaged.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            checksum = values.pop("checksum")
            if checksum != _checksum(values) or values.pop("format") != FORMAT:
                raise ValueError("it is of another format, or fails its checksum")
            files = {name: File(**about) for name, about in values.pop("files").items()}
            return cls(files=files, **values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreDamaged(
                f"The backup's manifest can't be read: {error}", where=MANIFEST, hint="take another backup"
            ) from None

    def wrong(self, found: dict[str, File]) -> list[str]:
        """What is not as the manifest says, a line each."""
        lines = [f"{name} is missing" for name in sorted(self.files.keys() - found.keys())]
        lines += [f"{name} is not of this backup" for name in sorted(found.keys() - self.files.keys())]
        both = sorted(self.files.keys() & found.keys())
        return lines + [f"{name} fails its checksum" for name in both if self.files[name] != found[name]]


class Checked:
    """A source of bytes that knows the checksum of what was read from it; reads `size` bytes at most."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self._source = source
        self._left = size
        self._state = xxhash.xxh3_128()
        self._size = 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        size = self._left if size < 0 else min(size, self._left)
        piece = self._source.read(size)
        self._left -= len(piece)
        self._size += len(piece)
        self._state.update(piece)
        return piece

    def pieces(self) -> Iterator[bytes]:
        """All bytes that are left."""
        while piece := self.read(_BLOCK):
            yield piece

    @property
    def file(self) -> File:
        """What was read."""
        return File(self._size, self._state.hexdigest())


def checked(path: Path) -> File:
    """Size and checksum of a file."""
    with path.open("rb") as source:
        reader = Checked(source, path.stat().st_size)
        for _ in reader.pieces():
            pass
        return reader.file


class Watch:
    """Tells how many of `total` bytes are behind."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def begin(self) -> None:
        """The same bytes once more."""
        self._done = 0

    def past(self, size: int, what: str) -> None:
        """So many more."""
        self._done += size
        self._progress(what, self._done, self._total)


def found_below(store: Path, watch: Watch) -> dict[str, File]:
    """All files below a store's folder, by name."""
    found = {}
    for path in sorted(store.rglob("*")):
        if path.is_file():
            found[path.relative_to(store).as_posix()] = file = checked(path)
            watch.past(file.size, "verifying")
    return found


def _checksum(values: dict[str, Any]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(values, sort_keys=True).encode())
