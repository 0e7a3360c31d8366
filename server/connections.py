"""Connections whose clients can't hold the server up: threads are for requests that have come.

The event loop of an HTTP process gathers a request's head, and a short body with it; whoever takes too long for that
is shown out. A thread that waits for a client, to send a long body or to read an answer, waits by a
minimum pace, and only so many threads wait at once. Closing, too, is the event loop's work.
"""

from __future__ import annotations

import contextlib
import errno
import re
import resource
import select
import selectors
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from .remembered import LONGEST, Answers, Key, Pointer

# Seconds that a head, with a short body, may take; of those that a client may keep its end open behind an answer.
HEAD_SECONDS = 10.0
_LINGER_SECONDS = 2.0
_LONGEST_HEAD = 65_536
# A body up to here is gathered before a thread is asked; a longer one is read by a thread.
_SHORT_BODY = 65_536
# A client that keeps a thread waiting gets so many seconds, and more at so many bytes a second.
_PATIENCE = 20.0
_BYTES_PER_SECOND = 4_096
# A wait below this is nobody's fault.
_MOMENT = 1.0
_MOST_FILES = 65_536
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_LATER = re.compile(rb"\r\n(?:expect|transfer-encoding):", re.IGNORECASE)
_BODY = re.compile(rb"expect|transfer-encoding|content-length", re.IGNORECASE)
_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Client(socket.socket):
    """A client's socket: waiting for it takes no thread for longer than its pace allows."""

    waiting: threading.Semaphore
    """How many threads of this process may wait for clients at once."""
    over: Callable[[], bool]
    """Whether nobody is waited for any more, as the process ends."""
    lasting = False
    """Set by whoever answers, when the answer is right until the next commit for all who ask without a token."""
    again: Callable[[float], None]
    """Is to be told of each repetition."""
    asked: tuple[Key, Pointer] | None = None
    """The request, where its answer may be kept, and the state of the store when it came."""
    sent: list[bytes] | None = None
    """What was sent of the answer, as long as it may be worth keeping."""

    def begin(self) -> None:
        """A new request begins."""
        self._began, self._moved = time.monotonic(), 0
        self.lasting = False

    def recv(self, size: int, flags: int = 0) -> bytes:
        if flags or self.gettimeout() is not None:
            return super().recv(size, flags)
        found = self._patiently(select.POLLIN, lambda: super(Client, self).recv(size, socket.MSG_DONTWAIT))
        self._moved += len(found)
        return found

    def sendall(self, data: Any, flags: int = 0) -> None:
        if flags or self.gettimeout() is not None:
            return super().sendall(data, flags)
        if self.sent is not None:
            self.sent.append(bytes(data))
            if sum(map(len, self.sent)) > LONGEST:
                self.sent = None
        left = memoryview(data)
        while left:
            sent = self._patiently(
                select.POLLOUT, lambda piece: super(Client, self).send(piece, socket.MSG_DONTWAIT), left
            )
            self._moved += sent
            left = left[sent:]
        return None

    def _patiently(self, event: int, act: Callable[..., Any], *given: Any) -> Any:
        with contextlib.suppress(BlockingIOError):
            return act(*given)
        poll = select.poll()
        poll.register(self.fileno(), event)
        if not poll.poll(_MOMENT * 1000):
            if not self.waiting.acquire(blocking=False):
                raise ConnectionResetError(errno.ECONNRESET, "too many clients keep threads waiting")
            try:
                while not poll.poll(_MOMENT * 1000):
                    late = self._began + _PATIENCE + self._moved / _BYTES_PER_SECOND < time.monotonic()
                    if late or self.over():
                        raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")
            finally:
                self.waiting.release()
        try:
            return act(*given)
        except BlockingIOError:
            return self._patiently(event, act, *given)


class Worker(ThreadWorker):
    """An HTTP process."""

    answers: Answers | None = None
    _end: float | None = None

    def init_process(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        self._waiting = threading.Semaphore(max(1, self.cfg.threads // 2))
        # Those whose request is on its way, and those whose end is awaited; the first ones have least time left.
        self._coming: OrderedDict[TConn, _Head] = OrderedDict()
        self._going: OrderedDict[TConn, float] = OrderedDict()
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a connection; where there are too many, the one that has kept us waiting longest goes."""
        try:
            accepted, address = listener.accept()
        except OSError as fault:
            if fault.errno in (errno.EMFILE, errno.ENFILE):
                self._evict()
            elif fault.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        client = Client(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        client.waiting, client.over = self._waiting, self._is_over
        client.begin()
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections - 1:
            self._evict()
        self.enqueue_req(TConn(self.cfg, client, address, listener.getsockname()))

    def _is_over(self) -> bool:
        """Whether this process has been ending for as long as it may."""
        if not self.alive and self._end is None:
            self._end = time.monotonic() + self.cfg.graceful_timeout / 2
        return self._end is not None and time.monotonic() > self._end

    def enqueue_req(self, conn: TConn) -> None:
        """Gather the next request of a connection, then have a thread answer it."""
        sent = conn.parser.unreader.take_buffered() if conn.parser else b""
        conn.sock.setblocking(False)
        conn.sock.begin()
        head = _Head(sent, time.monotonic() + HEAD_SECONDS)
        if not head.complete:
            self._gather(conn, head)
        else:
            self._hand_over(conn, head)

    def on_client_socket_readable(self, conn: TConn, client: Client) -> None:
        """Answer the next request of a connection: at once where its answer is remembered, else by a thread."""
        asked = b""
        if self.answers is not None and self.alive:
            with contextlib.suppress(OSError):
                asked = client.recv(_LONGEST_HEAD)
        if asked:
            began = time.perf_counter()
            kept = self.answers.find((conn.client[0], asked)) if self.answers else None
            if kept is not None and self._send_at_once(conn, kept.now()):
                kept.again(time.perf_counter() - began)
                return
            conn.parser.unreader.unread(asked)
        super().on_client_socket_readable(conn, client)

    def _send_at_once(self, conn: TConn, answer: bytes) -> bool:
        """Send an answer from the event loop; what the client does not take, a thread sends. False for no byte."""
        try:
            sent = conn.sock.send(answer)
        except OSError:
            return False
        self.keepalived_conns.remove(conn)
        if sent == len(answer):
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            return True
        self.poller.unregister(conn.sock)
        rest = self.tpool.submit(self._send_rest, conn, answer[sent:])
        rest.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))
        return True

    def _send_rest(self, conn: TConn, rest: bytes) -> bool:
        conn.sock.setblocking(True)
        conn.sock.begin()
        conn.sock.sendall(rest)
        return True

    def handle(self, conn: TConn) -> Any:
        """Answer a request, on a thread, and remember the answer if it lasts."""
        client, asked = conn.sock, conn.sock.asked
        client.sent = [] if asked is not None else None
        going_on = super().handle(conn)
        if self.answers and going_on is True and asked and client.lasting and client.sent:
            key, pointer = asked
            self.answers.keep(key, pointer, client.sent, again=client.again)
        client.sent = None
        return going_on

    def _gather(self, conn: TConn, head: _Head) -> None:
        try:
            piece = conn.sock.recv(_LONGEST_HEAD)
        except BlockingIOError:
            self._coming[conn] = head
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._come, conn))
            return
        except OSError:
            piece = b""
        if not piece:
            self._drop(conn)
            return
        head.add(piece)
        if head.too_long:
            self._drop(conn, _LONG)
        elif head.complete:
            self._hand_over(conn, head)
        else:
            self._coming[conn] = head
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._come, conn))

    def _come(self, conn: TConn, _client: socket.socket) -> None:
        head = self._coming.pop(conn)
        self.poller.unregister(conn.sock)
        self._gather(conn, head)
        if conn in self._coming:
            self._coming.move_to_end(conn, last=False)

    def _hand_over(self, conn: TConn, head: _Head) -> None:
        conn.data_ready = True
        conn.sock.setblocking(True)
        conn.sock.begin()
        conn.init()
        sent = bytes(head.sent)
        conn.parser.unreader.unread(sent)
        conn.sock.asked = None
        if self.answers is not None and sent.startswith(b"GET ") and head.is_all:
            conn.sock.asked = (conn.client[0], sent), self.answers.pointer()
        super().enqueue_req(conn)

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """As the class above, but that nobody waits for a client to close its end."""
        if not fs.cancelled() and not fs.exception() and fs.result():
            super().finish_request(conn, fs)
            return
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._leave, conn))
        except (OSError, ValueError, KeyError):
            self._drop(conn)
            return
        self._going[conn] = time.monotonic() + _LINGER_SECONDS

    def _leave(self, conn: TConn, _client: socket.socket) -> None:
        """Read what a client still sends, so that the last of our answer is not lost by a reset."""
        with contextlib.suppress(OSError):
            if conn.sock.recv(_LONGEST_HEAD):
                return
        self._forget(conn)

    def murder_pending(self) -> None:
        """Close what is overdue; called every second."""
        now = time.monotonic()
        for conn in [one for one, head in self._coming.items() if head.until < now]:
            self._forget(conn, _LATE if self._coming[conn].sent else b"")
        for conn in [one for one, until in self._going.items() if until < now]:
            self._forget(conn)
        if not self.alive:
            for conn in [one for one, head in self._coming.items() if not head.sent]:
                self._forget(conn)

    def _evict(self) -> None:
        if waiting := next(iter(self._going), None) or next(iter(self._coming), None):
            self._forget(waiting)
        else:
            self.murder_keepalived(force=True)

    def _forget(self, conn: TConn, word: bytes = b"") -> None:
        self._coming.pop(conn, None)
        self._going.pop(conn, None)
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self._drop(conn, word)

    def _drop(self, conn: TConn, word: bytes = b"") -> None:
        self.nr_conns -= 1
        with contextlib.suppress(OSError):
            if word:
                conn.sock.send(word, socket.MSG_DONTWAIT)
        conn.close()


class _Head:
    """What has come of a request, and until when the rest of it must.

    >>> head = _Head(b"POST / HTTP/1.1\\r\\nContent-Length: 2\\r\\n\\r\\na", 0)
    >>> head.complete
    False
    >>> head.add(b"b")
    >>> head.complete
    True
    """

    def __init__(self, sent: bytes, until: float) -> None:
        self.sent = bytearray()
        self.until = until
        self._body: int | None = None
        """Where the part ends that is gathered here; None as long as the head is not whole."""
        self.add(sent)

    def add(self, piece: bytes) -> None:
        """Take what came."""
        since = max(0, len(self.sent) - len(_END_OF_HEAD))
        self.sent += piece
        if self._body is None and (end := self.sent.find(_END_OF_HEAD, since)) >= 0:
            head = bytes(self.sent[: end + 2])
            length = _LENGTH.search(head)
            announced = int(length[1]) if length and not _LATER.search(head) else 0
            self._body = end + len(_END_OF_HEAD) + (announced if announced <= _SHORT_BODY else 0)

    @property
    def complete(self) -> bool:
        """Whether a thread can go on with it."""
        return self._body is not None and len(self.sent) >= self._body

    @property
    def is_all(self) -> bool:
        """Whether this is one request without a body, and nothing more.

        >>> _Head(b"GET / HTTP/1.1\\r\\n\\r\\n", 0).is_all, _Head(b"GET / HTTP/1.1\\r\\n\\r\\nGET", 0).is_all
        (True, False)
        """
        sent = bytes(self.sent)
        return not _BODY.search(sent) and sent.find(_END_OF_HEAD) == len(sent) - len(_END_OF_HEAD)

    @property
    def too_long(self) -> bool:
        """Whether the head goes on for too long."""
        return self._body is None and len(self.sent) > _LONGEST_HEAD
