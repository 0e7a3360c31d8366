"""The files of one export: written into a draft beside the target, counted and summed, then put in its place."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from ..errors import UsageError
from ..graphs import BASE

MANIFEST = "manifest.json"


class Files:
    """A folder that is being written; `name` is what it will be called, `before` the export that stood there."""

    def __init__(self, folder: Path, name: str, before: Path | None) -> None:
        self.folder = folder
        self.name = name
        self.before = before
        self.rows: dict[str, int] = {}

    def parquet(self, name: str, table: pa.Table) -> None:
        """Write a table as Parquet with zstd."""
        pq.write_table(table, self._place(name), compression="zstd")
        self.rows[name] = len(table)

    def tsv(self, name: str, table: pa.Table, *, header: bool = True) -> None:
        """Write a table as tab-separated text without quotes; tabs and line breaks in texts become spaces."""
        columns = [_flat(one) if pa.types.is_string(one.type) else one for one in table.columns]
        plain = pa.table(columns, names=table.column_names)
        with self._place(name).open("wb") as file:
            if header:
                file.write(("\t".join(table.column_names) + "\n").encode())
            options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
            csv.write_csv(plain, file, options)
        self.rows[name] = len(table)

    def text(self, name: str, text: str, *, rows: int | None = None) -> None:
        """Write a text."""
        self._place(name).write_text(text, encoding="utf-8", newline="\n")
        if rows is not None:
            self.rows[name] = rows

    def finish(self, manifest: dict[str, object]) -> None:
        """Write the manifest, with the rows and the SHA-256 of every file."""
        listed = [
            {
                "path": name,
                "rows": self.rows.get(name),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for name, path in sorted((str(one.relative_to(self.folder)), one) for one in self._all())
        ]
        text = json.dumps({**manifest, "files": listed}, ensure_ascii=False, indent=1)
        (self.folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    def _all(self) -> Iterator[Path]:
        return (one for one in self.folder.rglob("*") if one.is_file())

    def _place(self, name: str) -> Path:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


@contextmanager
def written(target: Path) -> Iterator[Files]:
    """Files that stand at `target` when the block has ended well; before that what stood there stays.

    Raises UsageError where something stands there that is no export.
    """
    stands = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if stands and not (target / MANIFEST).is_file():
        raise UsageError(
            "Something stands there that no export has made", where=str(target), hint="name a new folder"
        )
    draft, old = (target.with_name(f".{target.name}.{suffix}") for suffix in ("draft", "old"))
    for left in (draft, old):
        shutil.rmtree(left, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield Files(draft, target.name, target if stands else None)
        if target.exists():
            target.rename(old)
        draft.rename(target)
    finally:
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)


def keys(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """IRIs as short keys without blanks.

    >>> keys(pa.array([BASE + "id/spu/P1", BASE + "vocab/tier/mega", "https://example.org/a b"])).to_pylist()
    ['spu/P1', 'vocab/tier/mega', 'https://example.org/a%20b']
    """
    short = pc.replace_substring_regex(column, f"^{BASE}(id/)?", "")
    return pc.replace_substring(short, " ", "%20")


def _flat(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(column, "[\\t\\r\\n]+", " ")
