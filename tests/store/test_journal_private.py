"""Private rows in the journal: never in clear, each buyer's under a key of their own, forgotten with it."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import struct
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kb import graphs
from kb.columns.image import Image
from kb.columns.rows import Rows
from kb.errors import NotFound, StoreDamaged
from kb.store.journal import Commit, Gap, Journal, Record
from kb.store.keys import Keys
from kb.store.private_owners import Owners
from tests.store.test_journal import Quad, batch, quads_of, read

SECRET = f"<{graphs.PRIVATE}orders>"
CKB = "https://w3id.org/commerce-kb/onto#"
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


def buyer(name: str) -> str:
    return f"<{graphs.DATA}buyer/{name}>"


def ckb(name: str) -> str:
    return f"<{CKB}{name}>"


def order_of(name: str, *, lines: int = 2) -> list[Quad]:
    """All that is said about one buyer: an order with lines, a view, a return of a line."""
    order = f"<urn:order:{name}>"
    quads = [
        (buyer(name), TYPE, ckb("Buyer")),
        (buyer(name), ckb("pseudonym"), f'"{name}"'),
        (order, ckb("placedBy"), buyer(name)),
        (order, ckb("orderedAt"), f'"secret of {name}"'),
        (f"<urn:view:{name}>", ckb("interactionBy"), buyer(name)),
        (f"<urn:view:{name}>", ckb("interactionTarget"), "<urn:sku>"),
        ("<urn:segment>", ckb("segmentMember"), buyer(name)),
        (f"<urn:return:{name}>", ckb("returnOf"), f"<urn:line:{name}-0>"),
        (f"<urn:return:{name}>", ckb("occurredAt"), f'"return of {name}"'),
    ]
    for number in range(lines):
        quads.append((order, ckb("hasLine"), f"<urn:line:{name}-{number}>"))
        quads.append((f"<urn:line:{name}-{number}>", ckb("lineSku"), f'"sku of {name}"'))
    return [(*quad, SECRET) for quad in quads]


def shared_rows() -> list[Quad]:
    """Rows that belong to nobody, or to two buyers."""
    return [
        ("<urn:segment>", ckb("memberCount"), '"2"', SECRET),
        ("<urn:gift>", ckb("placedBy"), buyer("ann"), SECRET),
        ("<urn:gift>", ckb("placedBy"), buyer("bob"), SECRET),
        ("<urn:gift>", ckb("orderedAt"), '"given together"', SECRET),
    ]


class Shop:
    """A journal with the image of what was written to it."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(folder)
        self.image = Image()

    def write(self, added: list[Quad], removed: list[Quad] | None = None) -> None:
        new, old = (Rows.encoded(self.image.dictionary, [batch(*some)]) for some in (added, removed or []))
        new, old = self.image.effective(added=new, removed=old)
        owner = Owners(self.image, new, old)
        batches = [some.batches(self.image.dictionary) for some in (new, old)]
        self.journal.append([Record(Commit(self.journal.last + 1), *batches, owner)])
        self.image = self.image.changed(added=new, removed=old)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop.kb" / "journal")


def test_private_rows_are_read_with_the_public_ones(shop: Shop) -> None:
    quads = [*quads_of(1), *order_of("ann"), *order_of("bob"), *shared_rows()]
    shop.write(quads)
    shop.write([("<urn:s>", "<urn:p>", '"1"', "<urn:g>")], order_of("ann"))
    again = Journal(shop.journal.folder)
    assert sorted(read(again, 1)) == sorted(quads)
    assert sorted(read(again, 2, adds=False)) == sorted(order_of("ann"))
    assert read(again, 2) == [("<urn:s>", "<urn:p>", '"1"', "<urn:g>")]
    assert (again.check(), again.gaps()) == ([], [])


def test_no_private_row_lies_in_clear_in_the_journal(shop: Shop) -> None:
    shop.write([*quads_of(1), *order_of("annabel"), *shared_rows()])
    shop.write([], order_of("annabel"))
    files = [path for path in shop.journal.folder.rglob("*") if path.is_file()]
    text = b"".join(path.read_bytes() for path in files)
    assert b"urn:s1-1" in text
    for word in (b"annabel", b"urn:order", b"urn:gift", b"secret of", b"given together", b"urn:segment"):
        assert word not in text
    places = {path.relative_to(shop.journal.folder).as_posix() for path in files}
    assert places == {"00000001.rdfp", "private/00000001.sealed", "index.jsonl"}
    for path in (shop.journal.keys.path, shop.journal.folder / "private/00000001.sealed"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_destroying_a_key_forgets_one_buyer_alone(shop: Shop) -> None:
    shop.write([*quads_of(1), *order_of("ann"), *order_of("bob"), *shared_rows()])
    # A line that comes later, to an order that is there.
    later = [
        ("<urn:order:ann>", ckb("hasLine"), "<urn:line:late>", SECRET),
        ("<urn:line:late>", ckb("lineSku"), '"late"', SECRET),
    ]
    shop.write([*later, (buyer("bob"), ckb("viewed"), "<urn:sku>", SECRET)])
    only = [("<urn:line:later>", ckb("quantity"), '"1"', SECRET)]
    shop.write([("<urn:line:later>", ckb("lineOf"), "<urn:order:ann>", SECRET), *only])
    shop.write([("<urn:line:later>", ckb("note"), '"of hers"', SECRET)])
    ann = buyer("ann")[1:-1]
    destroyed = shop.journal.keys.destroy(ann)
    again = Journal(shop.journal.folder)
    # Of what two buyers share only the row that names her goes.
    shared = [one for one in shared_rows() if buyer("ann") not in one]
    assert sorted(read(again, 1)) == sorted([*quads_of(1), *order_of("bob"), *shared])
    assert read(again, 2) == [(buyer("bob"), ckb("viewed"), "<urn:sku>", SECRET)]
    assert read(again, 3) == read(again, 4) == []
    assert again.gaps() == [Gap(1, len(order_of("ann")) + 1), Gap(2, 2), Gap(3, 2), Gap(4, 1)]
    assert again.check() == []
    assert again.keys.destroyed() == [destroyed]
    assert again.keys.is_destroyed(ann)
    assert not again.keys.is_destroyed(buyer("bob")[1:-1])
    assert b"buyer/ann" not in again.keys.path.read_bytes()


def test_a_forgotten_buyer_who_comes_back_gets_a_new_key(shop: Shop) -> None:
    shop.write(order_of("ann"))
    old = shop.journal.keys.key(buyer("ann")[1:-1])
    shop.journal.keys.destroy(buyer("ann")[1:-1])
    new = ("<urn:order:ann>", ckb("orderedAt"), '"again"', SECRET)
    shop.write([new])
    assert read(shop.journal, 1) == []
    assert read(shop.journal, 2) == [new]
    assert shop.journal.keys.key(buyer("ann")[1:-1]) != old
    assert old not in shop.journal.keys.path.read_bytes()


def test_a_buyer_is_known_by_type_as_by_name(shop: Shop) -> None:
    shop.write(
        [("<urn:someone>", TYPE, ckb("Buyer"), SECRET), ("<urn:x>", ckb("placedBy"), "<urn:someone>", SECRET)]
    )
    shop.journal.keys.destroy("urn:someone")
    assert read(shop.journal, 1) == []


def test_links_that_go_in_circles_end(shop: Shop) -> None:
    circle = [(f"<urn:{n}>", ckb("lineOf"), f"<urn:{(n + 1) % 3}>", SECRET) for n in range(3)]
    shop.write([*circle, ("<urn:2>", ckb("placedBy"), buyer("ann"), SECRET)])
    shop.journal.keys.destroy(buyer("ann")[1:-1])
    assert read(shop.journal, 1) == []


def test_only_buyers_with_a_key_can_be_forgotten(shop: Shop) -> None:
    shop.write(shared_rows())
    for nobody in ("", buyer("zoe")[1:-1]):
        with pytest.raises(NotFound, match="no key"):
            shop.journal.keys.destroy(nobody)


def test_a_commit_with_private_rows_costs_two_syncs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write([*quads_of(1), *order_of("ann")])
    synced, sync = [], os.fsync

    def spy(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").resolve().name)
        sync(handle)

    monkeypatch.setattr(os, "fsync", spy)
    shop.write([*quads_of(2), (buyer("ann"), ckb("viewed"), "<urn:sku>", SECRET)])
    assert synced == ["00000001.sealed", "00000001.rdfp"]


def test_a_record_whose_private_rows_are_not_there_was_never_acknowledged(shop: Shop) -> None:
    shop.write([*quads_of(1), *order_of("ann")])
    sealed = shop.journal.folder / "private" / "00000001.sealed"
    index = (shop.journal.folder / "index.jsonl").read_bytes()
    size = sealed.stat().st_size
    shop.write([*quads_of(2), *order_of("bob")])
    for known in (index, None):
        (shop.journal.folder / "index.jsonl").unlink(missing_ok=True)
        if known:
            (shop.journal.folder / "index.jsonl").write_bytes(known)
        os.truncate(sealed, size + 10)
        writer = Journal(shop.journal.folder)
        assert writer.last == 1
        assert len(writer.recover()) == 1
        writer.append([Record(Commit(2), [batch(*order_of("eve"))], [])])
        assert read(Journal(shop.journal.folder), 2) == order_of("eve")
        assert writer.check() == []


def test_an_append_that_fails_leaves_no_private_row(shop: Shop) -> None:
    shop.write(order_of("ann"))
    sealed = shop.journal.folder / "private" / "00000001.sealed"
    before = sealed.read_bytes()

    def broken() -> pa.RecordBatch:
        yield batch(*order_of("bob"))
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        shop.journal.append(
            [Record(Commit(2), [batch(*order_of("eve"))], []), Record(Commit(3), broken(), [])]
        )
    assert sealed.read_bytes() == before
    assert shop.journal.last == Journal(shop.journal.folder).last == 1
    shop.write(order_of("bob"))
    shop.journal.cut(after=1)
    shop.journal.append([Record(Commit(2), [batch(*order_of("eve"))], [])])
    assert read(Journal(shop.journal.folder), 2) == order_of("eve")
    assert shop.journal.check() == []


def test_flipped_bits_in_private_rows_are_found(shop: Shop) -> None:
    for name in ("ann", "bob", "eve"):
        shop.write(order_of(name))
    sealed = shop.journal.folder / "private" / "00000001.sealed"
    sound = sealed.read_bytes()
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(50):
        place = chance.randrange(len(sound))
        sealed.write_bytes(
            sound[:place] + bytes([sound[place] ^ 1 << chance.randrange(8)]) + sound[place + 1 :]
        )
        journal = Journal(shop.journal.folder)
        (found,) = journal.check()
        assert found.segment == "private/00000001.sealed"
        with pytest.raises(StoreDamaged, match="checksum"):
            read(journal, found.number)


def test_the_lost_file_of_keys_is_told_from_forgetting(shop: Shop) -> None:
    shop.write(order_of("ann"))
    shop.journal.keys.path.unlink()
    (found,) = shop.journal.check()
    assert "keys.db" in found.what
    with pytest.raises(StoreDamaged, match="missing"):
        read(shop.journal, 1)


def test_a_file_of_keys_that_is_none_is_told(shop: Shop) -> None:
    shop.write(order_of("ann"))
    shop.journal.keys.path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreDamaged, match="file of keys"):
        read(shop.journal, 1)
    with pytest.raises(StoreDamaged, match="file of keys"):
        shop.write(order_of("bob"))
    assert shop.journal.last == 1


def test_rows_sealed_for_one_commit_do_not_open_as_another_s(shop: Shop) -> None:
    from kb.store.journal_record import Extent
    from kb.store.private import parts, unsealed

    shop.write(order_of("ann"))
    sealed = shop.journal.folder / "private" / "00000001.sealed"
    text = bytearray(sealed.read_bytes())
    with sealed.open("rb") as source:
        (first, *_) = parts(source, Extent(0, len(text)))
    assert first.commit == 1
    text[4] = 2
    sealed.write_bytes(text)
    with sealed.open("rb") as source, pytest.raises(StoreDamaged, match="do not open"):
        list(unsealed(source, Extent(0, len(text)), shop.journal.keys, adds=True))


def test_parts_are_as_documented(shop: Shop) -> None:
    shop.write([*order_of("ann"), *shared_rows()])
    shop.write([], order_of("ann"))
    text, place, found = (shop.journal.folder / "private" / "00000001.sealed").read_bytes(), 0, []
    with sqlite3.connect(shop.journal.keys.path) as database:
        keys = {row[0]: (row[1], row[2]) for row in database.execute("SELECT id, buyer, secret FROM key")}
    while place < len(text):
        head = text[place : place + 53]
        magic, commit, part, rows, letter, key, nonce, length = struct.unpack("<4sQIIc16s12sI", head)
        sealed = text[place + 53 : place + 53 + length]
        lines = zstandard.decompress(AESGCM(keys[key][1]).decrypt(nonce, sealed, head[:37])).splitlines()
        assert (magic, len(lines), {line[:2] for line in lines}) == (b"CKB1", rows, {letter + b" "})
        found.append((commit, part, letter, keys[key][0][-3:]))
        place += 53 + length
    assert [one[:3] for one in found[:3]] == [(1, number, b"A") for number in range(3)]
    assert {one[3] for one in found[:3]} == {"", "ann", "bob"}
    assert found[3:] == [(2, 0, b"D", "ann")]


def test_keys_are_made_once_and_deleted_for_good(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "deep" / "keys.db")
    names = [f"https://example.org/{n}" for n in range(1_200)]
    made = keys.of(names)
    assert len({key.secret for key in made.values()}) == 1_200
    assert Keys(keys.path).of(reversed(names)) == made
    gone = made[names[7]]
    keys.destroy(names[7])
    assert keys.known([gone.id, made[names[8]].id]) == {made[names[8]].id: made[names[8]].secret}
    assert gone.secret not in keys.path.read_bytes()
    with sqlite3.connect(keys.path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
