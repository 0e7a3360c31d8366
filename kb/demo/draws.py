"""Randomness that can be asked for any index: a counter-based generator (splitmix64 over seed, stream, index).

Nothing is held and nothing depends on the order of asking, so a population of any size can be derived block by
block, and the same seed gives the same bytes on every machine and numpy release.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_BASE32 = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype="S1")


def _mix(state: np.ndarray) -> np.ndarray:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


@dataclass(frozen=True)
class Draws:
    """Independent streams of draws under one seed.

    >>> Draws(7).below("price", np.arange(4), 10).tolist()
    [6, 3, 4, 6]
    """

    seed: int

    def bits(self, stream: str, index: np.ndarray) -> np.ndarray:
        """64 random bits for each index, as uint64."""
        key = np.array([(self.seed << 32) ^ zlib.crc32(stream.encode())], dtype=np.uint64)
        return _mix(_mix(key) + (np.asarray(index).astype(np.uint64) + np.uint64(1)) * _GOLDEN)

    def below(self, stream: str, index: np.ndarray, bound: int | np.ndarray) -> np.ndarray:
        """An integer in [0, bound) for each index; ``bound`` at most 2**31, may be an array."""
        high = self.bits(stream, index) >> np.uint64(32)
        return ((high * np.asarray(bound).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)

    def chance(self, stream: str, index: np.ndarray, per_mille: int | np.ndarray) -> np.ndarray:
        """True with probability per_mille / 1000 for each index."""
        return self.below(stream, index, 1000) < per_mille

    def skewed(self, stream: str, index: np.ndarray, bound: int | np.ndarray) -> np.ndarray:
        """An integer in [0, bound) with small ones far more frequent (density of the cube of a uniform)."""
        fine = self.below(stream, index, 1 << 20)
        cube = ((fine * fine) >> 20) * fine >> 20
        return cube * np.asarray(bound, dtype=np.int64) >> 20

    def pseudonyms(self, stream: str, index: np.ndarray) -> list[str]:
        """26 characters of [a-z2-7] for each index."""
        index = np.asarray(index)
        words = [self.bits(f"{stream}/{part}", index) for part in range(3)]
        digits = [
            _BASE32[((words[place // 9] >> np.uint64(5 * (place % 9))) & np.uint64(31)).astype(np.int64)]
            for place in range(26)
        ]
        return np.ascontiguousarray(np.stack(digits, axis=1)).view("S26").ravel().astype("U26").tolist()
