"""Columns on disk: what a commit writes, what it shares with earlier ones, and what others see of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from kb import graphs
from kb.columns import layers
from kb.columns.files import damaged, read_image, write_ahead, write_image
from kb.columns.image import Image
from kb.columns.kernels import NO_PAIRS
from kb.columns.rows import Rows
from kb.errors import StoreDamaged

GRAPH = f"<{graphs.of_source('shop')}>"
GUIDE = Path(__file__).parents[2] / "docs" / "columns.md"


def rows(image: Image, numbers: range, predicate: str = "<urn:price>") -> Rows:
    batch = pa.RecordBatch.from_pydict(
        {
            "s": [f"<urn:offer:{n}>" for n in numbers],
            "p": [predicate] * len(numbers),
            "o": [f'"{n}.50"^^<http://www.w3.org/2001/XMLSchema#decimal>' for n in numbers],
            "g": [GRAPH] * len(numbers),
        }
    )
    return Rows.encoded(image.dictionary, [batch])


def grown(image: Image, numbers: range, predicate: str = "<urn:price>") -> Image:
    return image.changed(added=rows(image, numbers, predicate), removed=Rows())


def prices(image: Image) -> np.ndarray:
    return image.asserted_public.get_relation(image.dictionary.id("<urn:price>")).pairs


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    """The columns of fifty thousand offers."""
    write_image(grown(Image(), range(50_000)), tmp_path / "0")
    yield tmp_path / "0"


def test_a_small_commit_writes_little_and_links_the_rest(large: Path) -> None:
    for number in range(1, 6):
        image = grown(read_image(large), range(60_000, 60_000 + number * 10))
        new = write_image(image, large.parent / f"{number}", earlier=large)
        assert len(new) <= 4
        assert sum(path.stat().st_size for path in new) < 40_000
        assert all(path.stat().st_nlink == 1 for path in new)
        others = {*(large.parent / f"{number}").iterdir()} - {*new}
        assert others
        assert all(path.stat().st_ino == (large / path.name).stat().st_ino for path in others)


def test_a_writer_that_goes_on_writes_as_little_as_one_that_reads_first(large: Path) -> None:
    image, earlier = grown(Image(), range(50_000)), None
    sizes = []
    for number in range(1, 30):
        folder = large.parent / f"{number}"
        new = write_image(image, folder, earlier=earlier)
        sizes.append(sum(path.stat().st_size for path in new))
        back = read_image(folder)
        assert prices(back).tolist() == prices(image).tolist()
        assert back.graph_sizes() == image.graph_sizes()
        image, earlier = grown(image, range(60_000 + number * 10, 60_010 + number * 10)), folder
    assert sizes[0] > 1_000_000
    assert max(sizes[1:]) < 80_000
    assert len([*earlier.iterdir()]) < 25


def test_arrays_of_small_relations_stay_in_few_packs(tmp_path: Path) -> None:
    image, earlier = Image(), None
    for number in range(40):
        image = grown(image, range(20), f"<urn:p{number}>")
        write_image(image, tmp_path / f"{number}", earlier=earlier)
        earlier = tmp_path / f"{number}"
    assert len([*earlier.glob("*.pack")]) < 8
    back = read_image(earlier)
    for number in range(40):
        key = image.dictionary.id(f"<urn:p{number}>")
        assert back.asserted_public[key].pairs.tolist() == image.asserted_public[key].pairs.tolist()
        assert back.asserted_public[key].received.tolist() == image.asserted_public[key].received.tolist()


def test_what_was_merged_and_written_ahead_is_linked(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = grown(read_image(large), range(60_000, 61_000))
    monkeypatch.setattr(layers, "_MOST", 100)
    assert image.merge_due()
    merged = image.merged()
    ahead = write_ahead(merged, large.parent / "ahead")
    image = grown(image, range(61_000, 61_010)).rebased(merged)
    assert not image.merge_due()
    new = write_image(image, large.parent / "1", earlier=large, ahead=large.parent / "ahead")
    assert sum(path.stat().st_size for path in new) < 300_000
    assert all((large.parent / "1" / path.name).stat().st_ino == path.stat().st_ino for path in ahead)
    assert len(prices(read_image(large.parent / "1"))) == 51_010


def test_consequences_that_change_little_are_written_as_what_changed(large: Path) -> None:
    image = read_image(large)
    key = int(image.dictionary.encode(["<urn:cost>"])[0])
    pairs = prices(image)
    image = image.with_inferred(public={key: pairs}, private={})
    write_image(image, large.parent / "1", earlier=large)
    image = image.with_inferred(public={key: pairs[5:]}, private={})
    new = write_image(image, large.parent / "2", earlier=large.parent / "1")
    assert sum(path.stat().st_size for path in new) < 40_000
    back = read_image(large.parent / "2")
    assert back.inferred_public[key].pairs.tolist() == pairs[5:].tolist()
    assert image.with_inferred(public={key: pairs[5:]}, private={}).inferred_public is image.inferred_public


def test_a_reader_in_another_process_sees_its_snapshot_whatever_the_writer_does(large: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom kb.columns.files import read_image\n"
        f"image = read_image(Path({str(large)!r}))\n"
        "view = image.asserted_public[image.dictionary.id('<urn:price>')]\n"
        "for line in sys.stdin: print(len(view), int(view.pairs.sum(dtype='u8')), len(image.dictionary), flush=True)\n"
    )
    reader = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    image, said = read_image(large), []
    for number in range(4):
        image = grown(image, range(70_000 + number * 500, 70_500 + number * 500))
        write_image(image, large.parent / f"{number + 1}", earlier=large)
        reader.stdin.write("\n")
        reader.stdin.flush()
        said.append(reader.stdout.readline())
        if number == 2:
            for path in large.iterdir():  # Pruned: what is open stays.
                path.unlink()
    reader.communicate(timeout=60)
    assert reader.returncode == 0
    assert said[0].startswith("50000 ")
    assert len({*said}) == 1


def test_arrays_are_read_without_copying(large: Path) -> None:
    pairs = prices(read_image(large))
    assert not pairs.flags.writeable
    assert not pairs.flags.owndata
    assert pa.py_buffer(pairs).address == pairs.ctypes.data


def test_damaged_files_are_named(large: Path) -> None:
    assert [*damaged(large)] == []
    for kind in ("npy", "arrow"):
        path = max(large.glob(f"*.{kind}"), key=lambda one: one.stat().st_size)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()
        path.write_bytes(content)
        assert path.name in {name for name, _ in damaged(large)}


def test_an_unknown_layout_is_refused(large: Path) -> None:
    manifest = large / "manifest.json"
    text = manifest.read_text()
    manifest.unlink()
    manifest.write_text(text.replace('"layout":2', '"layout":1'))
    with pytest.raises(StoreDamaged, match=r"layout 1.*kb rebuild"):
        read_image(large)


def test_the_guide_reads_columns_without_the_package(large: Path) -> None:
    """Runs the program in docs/columns.md on the columns of this test."""
    program = re.search(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert program is not None
    done = subprocess.run(
        [sys.executable, "-I", "-c", program[1], str(large)], capture_output=True, text=True, check=True
    )
    key = read_image(large).dictionary.id("<urn:price>")
    assert done.stdout.splitlines()[0] == f"{key} <urn:price> 50000"
    assert "<urn:offer:7>" in done.stdout


def test_nothing_is_read_of_the_arrays_when_columns_are_opened_and_written_again(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = read_image(large)
    for view in image.asserted_public.values():
        view.rows.base.pairs = np.broadcast_to(np.uint64(0), (50_000,))  # Not what the files hold.
    write_image(image, large.parent / "1", earlier=large)
    assert [*damaged(large.parent / "1")] == []
    assert len(prices(read_image(large.parent / "1"))) == 50_000
    assert prices(read_image(large.parent / "1"))[0] != 0
    assert len(NO_PAIRS) == 0
