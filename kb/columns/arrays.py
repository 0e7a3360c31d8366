"""Arrays in immutable files, which folders share by hard links: large ones in ``.npy`` files, small ones in packs.

An array in a file is known by (file, offset in bytes, length in elements). Names of files come from their content;
what lies in a file already is linked and neither read nor hashed again.
"""

from __future__ import annotations

import mmap
import os
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np
import xxhash
from numpy.typing import DTypeLike, NDArray

Place = tuple[str, int, int]
_ALIGNED = 64
# Larger arrays have files of their own.
_SMALL_BYTES = 64 << 10


class Kept(Protocol):
    """Something that remembers in which files its arrays lie, by the names of its attributes.

    What it remembers is exchanged, never changed: whoever finds the same `kept` again knows that nothing moved.
    """

    kept: Mapping[str, Place]


class ArrayWriter:
    """Writes arrays into a folder; `earlier` folders are where files may lie already."""

    def __init__(self, folder: Path, earlier: Sequence[Path] = ()) -> None:
        self.folder = folder
        self.new: list[Path] = []
        places = [place for place in (*reversed(earlier), folder) if place.exists()]
        # Names of files -> the folders where they lie; text, for there are many at every commit.
        self._there = {entry.name: str(place) for place in places for entry in os.scandir(place)}
        self._small: dict[str, list[tuple[Kept, str]]] = defaultdict(list)
        self._live: dict[str, int] = defaultdict(int)

    def add_again(self, owner: Kept) -> None:
        """Keep the arrays of `owner` that lie in files, as they do."""
        for name, (file, *_) in owner.kept.items():
            if file.endswith(".pack") and file in self._there:
                self._small[file].append((owner, name))
                self._live[file] += getattr(owner, name).nbytes
            else:
                self.add(owner, name)

    def add(self, owner: Kept, name: str, *, small: bool = False) -> None:
        """Keep an array of `owner`; with `small` in a pack, whatever its size."""
        array: NDArray = getattr(owner, name)
        file = owner.kept.get(name, ("",))[0]
        if not len(array) or (file.endswith(".npy") and self.link(file)):
            return
        if small or array.nbytes <= _SMALL_BYTES or file.endswith(".pack"):
            place = file if file in self._there else ""
            self._small[place].append((owner, name))
            self._live[place] += array.nbytes
            return
        file = f"{xxhash.xxh3_128_hexdigest(np.ascontiguousarray(array).data)}-{array.dtype}.npy"
        if not self.link(file):
            np.save(self.create(file), array)
        offset = (self.folder / file).stat().st_size - array.nbytes
        owner.kept = {**owner.kept, name: (file, offset, len(array))}

    def finish(self) -> None:
        """Write what is new and small into a pack, with what old packs hold that are small beside it or mostly idle."""
        fresh = self._small.pop("", [])
        size = self._live[""]
        for file, arrays in sorted(self._small.items(), key=lambda item: self._live[item[0]]):
            live = self._live[file]
            if live < 2 * size or 2 * live < self._size(file):
                fresh, size = fresh + arrays, size + live
            else:
                self.link(file)
        if not fresh:
            return
        sink, offsets = BytesIO(), []
        for owner, name in fresh:
            sink.write(bytes(-sink.tell() % _ALIGNED))
            offsets.append(sink.tell())
            sink.write(np.ascontiguousarray(getattr(owner, name)).data)
        content = sink.getbuffer()
        file = f"{xxhash.xxh3_128_hexdigest(content)}.pack"
        if not self.link(file):
            self.create(file).write_bytes(content)
        for (owner, name), offset in zip(fresh, offsets, strict=True):
            owner.kept = {**owner.kept, name: (file, offset, len(getattr(owner, name)))}

    def link(self, file: str) -> bool:
        """Give the folder a file that is there already; False when it is not."""
        place, here = self._there.get(file), str(self.folder)
        if place is not None and place != here:
            link(f"{place}/{file}", f"{here}/{file}")
            self._there[file] = here
        return place is not None

    def create(self, file: str) -> Path:
        """The place for a new file."""
        self.new.append(self.folder / file)
        self._there[file] = str(self.folder)
        return self.new[-1]

    def _size(self, file: str) -> int:
        return Path(self._there[file], file).stat().st_size if file in self._there else 0


class ArrayReader:
    """Arrays of a folder's files, memory-mapped and read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._maps: dict[str, mmap.mmap] = {}

    def read(self, place: Sequence, dtype: DTypeLike) -> NDArray:
        """The array at (file, offset, length).

        Raises OSError when the file is missing, ValueError when it is too short.
        """
        file, offset, length = place
        if file not in self._maps:
            with (self.folder / file).open("rb") as source:
                self._maps[file] = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(self._maps[file], dtype, length, offset)


def link(file: Path | str, place: Path | str) -> None:
    """A second name for an immutable file; a copy where the file system has no hard links."""
    try:
        os.link(file, place)
    except OSError:
        shutil.copy2(file, place)
