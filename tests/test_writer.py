"""The journal is written while the snapshot is made, and nothing is to be seen that it does not hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.errors import WriteFailed
from kb.store.folder import Folder

SPOKEN_OF = "SELECT ?s { ?s <urn:p> ?o }"


@pytest.fixture
def knowledge(tmp_path: Path) -> Iterator[KnowledgeBase]:
    """A store without model, with one commit of Python."""
    (tmp_path / "shop.kb").mkdir()
    (tmp_path / "shop.kb" / "kb.toml").write_text('ontology = []\nshapes = []\nreasoning = "none"\n')
    with KnowledgeBase.open(tmp_path / "shop.kb") as opened:
        commit(opened, 0)
        yield opened


def commit(knowledge: KnowledgeBase, number: int) -> None:
    with knowledge.commit(source="feed", message=f"{number}") as change:
        change.add(f"urn:{number}", "urn:p", f"urn:o{number}")


def count(store: Path) -> int:
    with KnowledgeBase.open(store, read_only=True) as reader:
        return len(list(reader.query(SPOKEN_OF)))


def instead(knowledge: KnowledgeBase, work: Callable[[Callable, list], None]) -> Callable[[], None]:
    """Have the journal append by `work`; gives what puts it right again."""
    journal = knowledge.folder.journal
    append = journal.append
    journal.append = lambda records: work(append, list(records))  # type: ignore[method-assign, misc]

    def again() -> None:
        journal.append = append  # type: ignore[method-assign]

    return again


def test_a_commit_is_to_be_seen_when_the_journal_holds_it(knowledge: KnowledgeBase) -> None:
    reached, go = threading.Event(), threading.Event()

    def slowly(append: Callable, records: list) -> None:
        reached.set()
        go.wait(30)
        append(records)

    instead(knowledge, slowly)
    thread = threading.Thread(target=commit, args=(knowledge, 1))
    thread.start()
    reached.wait()
    thread.join(1)
    assert thread.is_alive()
    assert count(knowledge.folder.path) == 1
    go.set()
    thread.join()
    assert count(knowledge.folder.path) == 2


@pytest.mark.parametrize("written", [False, True])
def test_a_journal_that_fails_leaves_the_store_as_it_was(knowledge: KnowledgeBase, written: bool) -> None:
    def failing(append: Callable, records: list) -> None:
        if written:
            append(records)
        raise OSError(28, "No space left on device")

    again = instead(knowledge, failing)
    with pytest.raises(WriteFailed, match="No space left"):
        commit(knowledge, 1)
    again()
    store = knowledge.folder.path
    assert count(store) == 1
    assert len(knowledge.log()) == 2
    commit(knowledge, 2)
    assert count(store) == 2
    assert not knowledge.doctor().findings


def test_a_snapshot_that_fails_takes_the_commit_out_of_the_journal(
    knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()

    def noted(append: Callable, records: list) -> None:
        append(records)
        done.set()

    def failing(*_: object, **__: object) -> None:
        done.wait()
        raise OSError(28, "No space left on device")

    again = instead(knowledge, noted)
    with monkeypatch.context() as patched:
        patched.setattr("kb.store.staging.write_image", failing)
        with pytest.raises(WriteFailed):
            commit(knowledge, 1)
    again()
    assert len(knowledge.log()) == 2
    commit(knowledge, 2)
    assert [one.number for one in knowledge.log()] == [1, 2, 3]
    assert count(knowledge.folder.path) == 2
    assert not knowledge.doctor().findings


def test_an_interrupt_behind_the_commit_is_not_lost(
    knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "prune", interrupted)
        with pytest.raises(KeyboardInterrupt):
            commit(knowledge, 1)
    commit(knowledge, 2)
    assert [one.message for one in knowledge.log()][-2:] == ["1", "2"]
    assert knowledge.doctor()
