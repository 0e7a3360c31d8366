"""What goes wrong around a core: it is killed, its clients are, servers meet, sockets are left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from kb import KnowledgeBase
from tests.core.conftest import Feed, begin, run, socket_of, until, writer_of
from tests.core.test_beside_a_server import count
from tests.server.live import Server

INSERT = 'INSERT DATA { <urn:x> <urn:example:p> "b" }'


def messages(store: Path) -> list[str]:
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        return [one.message for one in knowledge.log()]


def test_a_killed_core_is_told_and_started_anew_while_readers_read(server: Server, feed: Feed) -> None:
    before = socket_of(server.store)
    client = begin(server.store, "load", str(feed.path))
    with feed:
        feed.write(10)
        core = writer_of(server.store)
        assert core != client.pid
        os.kill(core, signal.SIGKILL)
        assert server.get("/health").status == 200
        _, told = client.communicate(timeout=60)
    assert client.returncode == 3
    assert f"Process {core}, which writes to this store, ended before it answered" in told
    assert "kb log" in told
    until(lambda: socket_of(server.store) not in (Path(), before))
    code, told = run(server.store, "update", INSERT)
    assert code == 0, told
    assert count(server) == 1
    assert messages(server.store)[1:] == ["an update"]


def test_ctrl_c_in_a_client_gives_the_load_up(server: Server, feed: Feed) -> None:
    client = begin(server.store, "load", str(feed.path))
    with feed:
        feed.write(10)
        writer_of(server.store)
        client.send_signal(signal.SIGINT)
        feed.write_until_nobody_reads()
        _, told = client.communicate(timeout=60)
    assert client.returncode == 130
    assert "interrupted; the store is as it was" in told
    assert run(server.store, "update", INSERT)[0] == 0
    assert messages(server.store)[1:] == ["an update"]


def test_a_client_that_dies_takes_its_load_with_it(server: Server, feed: Feed) -> None:
    client = begin(server.store, "load", str(feed.path))
    with feed:
        feed.write(10)
        writer_of(server.store)
        client.kill()
        client.wait()
        feed.write_until_nobody_reads()
    assert run(server.store, "update", INSERT)[0] == 0
    assert messages(server.store)[1:] == ["an update"]


def test_ctrl_c_after_the_journal_has_it_says_that_it_went_in(server: Server) -> None:
    client = begin(server.store, "update", INSERT)
    until(lambda: len(messages(server.store)) > 1)
    client.send_signal(signal.SIGINT)
    out, told = client.communicate(timeout=60)
    assert client.returncode in (0, 130)
    assert "commit #2" in out + told
    assert "as it was" not in told
    assert count(server) == 1


def test_a_server_that_is_ended_finishes_the_load_first(server: Server, feed: Feed) -> None:
    client = begin(server.store, "load", str(feed.path))
    with feed:
        feed.write(10)
        writer_of(server.store)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: not socket_of(server.store).exists() or socket_of(server.store) == Path())
        feed.write(10)
    out, told = client.communicate(timeout=60)
    assert (client.returncode, "20 quads added" in out) == (0, True), told
    assert server.process.wait(timeout=90) == 0


def test_a_socket_that_a_dead_core_has_left_confuses_nobody(
    launch: Callable[..., Server], store: Path
) -> None:
    server = launch(store)
    until(lambda: socket_of(store).is_socket())
    supervisor, core = processes_of(store)
    # A core that sees its supervisor die ends in order; stopped, it does not see it.
    os.kill(core, signal.SIGSTOP)
    until(lambda: state_of(core) == "T")
    left = socket_of(store)
    for process in (supervisor, core):
        os.kill(process, signal.SIGKILL)
    code, told = run(store, "update", INSERT)
    assert code == 0, told
    assert count(server) == 1
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=90) == 0
    again = launch(store)
    assert not left.exists()
    assert run(store, "update", INSERT.replace("b", "c"))[0] == 0
    assert count(again) == 2


def test_a_second_server_stands_by_and_takes_over(launch: Callable[..., Server], store: Path) -> None:
    first, second = launch(store), launch(store)
    place = socket_of(store)
    assert run(store, "update", INSERT)[0] == 0
    assert count(first) == count(second) == 1
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(timeout=90) == 0
    until(lambda: socket_of(store) not in (Path(), place))
    assert run(store, "update", INSERT.replace("b", "c"))[0] == 0
    assert count(second) == 2


def test_a_store_that_no_core_can_be_kept_for_is_served(launch: Callable[..., Server], store: Path) -> None:
    (store / "core").mkdir()
    server = launch(store)
    assert run(store, "update", INSERT)[0] == 0
    assert count(server) == 1


def test_nothing_is_left_when_the_server_is_killed(server: Server) -> None:
    place = socket_of(server.store)
    supervisor, core = processes_of(server.store)
    server.process.kill()
    server.process.wait()
    until(lambda: not place.parent.exists())
    until(lambda: not Path(f"/proc/{core}").exists() and not Path(f"/proc/{supervisor}").exists())


def processes_of(store: Path) -> tuple[int, int]:
    """The supervisor and the core of a store."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if str(store) in words and words[1] == "-m":
            found[words[2]] = int(process.name)
    return found["kb.core"], found["kb"]


def state_of(process: int) -> str:
    """A process's state in one letter: T is stopped."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
