"""Random queries, updates and requests: each gets a well-formed answer, and the server stays what it is.

``make attack MINUTES=60`` goes on for an hour; the seed that a run prints makes the same run again.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.attacks.conftest import Target
from tests.attacks.grammar import QUERIES, UPDATES, requests
from tests.seeded_draws import judge_draws

MINUTES = float(os.environ.get("KB_ATTACK_MINUTES", "0"))
SEED = int(os.environ.get("KB_ATTACK_SEED", "1"))
EXAMPLES = int(os.environ.get("KB_ATTACK_EXAMPLES", "150"))
EXPECTED = {200, 204, 304, *range(400, 432), 501, 503, 507}


def fuzz(strategy: st.SearchStrategy[Any], judge: Callable[[Any], None]) -> None:
    """Judge so many draws; with minutes, seed after seed until they are over."""
    until = time.monotonic() + MINUTES * 60 / 3
    number = SEED
    while True:
        print(f"KB_ATTACK_SEED={number}")
        judge_draws(judge, strategy, number=number, examples=EXAMPLES)
        number += 1
        if time.monotonic() > until:
            return


def test_random_queries_are_answered_or_refused(target: Target) -> None:
    def judge(text: str) -> None:
        try:
            answer = target.query(text.encode("utf-8", "replace").decode(), timeout="0.5")
        except http.client.IncompleteRead:
            return  # It broke off, as it must.
        assert answer.status in EXPECTED, (text, answer.text)
        if answer.status >= 400:
            assert answer.json["status"] == answer.status and answer.json["title"]

    fuzz(QUERIES, judge)


def test_random_updates_are_committed_or_refused(target: Target) -> None:
    def judge(text: str) -> None:
        answer = target.update(text.encode("utf-8", "replace").decode())
        assert answer.status in EXPECTED, (text, answer.text)

    try:
        fuzz(UPDATES, judge)
    finally:
        body = "".join(f'<urn:s{n}> <urn:p> "item {n}" .\n' for n in range(10)).encode()
        target.writer.ask("POST", "/graph/items", body=body, Content_Type="text/turtle")


def test_random_requests_are_answered_or_refused(target: Target) -> None:
    def judge(sent: bytes) -> None:
        with socket.create_connection(("127.0.0.1", target.port), timeout=5) as client:
            with contextlib.suppress(OSError):
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
            said = b""
            with contextlib.suppress(OSError):
                while piece := client.recv(65_536):
                    said += piece
        if not said:
            return  # A request that is none is not answered.
        answer = http.client.HTTPResponse(Said(said), method=sent.split(b" ")[0].decode("latin-1"))  # type: ignore[arg-type]
        answer.begin()
        assert answer.status in EXPECTED | {201, 202, 301, 302, 303, 308, 417, 505}, (sent, said[:500])
        with contextlib.suppress(http.client.IncompleteRead):
            answer.read()

    fuzz(requests(), judge)


class Said:
    """Bytes in the place of a socket."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._text)


def test_the_grammar_draws_much_that_is_right(target: Target) -> None:
    """Texts that never parse would try the parser alone."""
    statuses: list[int] = []

    def judge(text: str) -> None:
        with contextlib.suppress(http.client.IncompleteRead):
            statuses.append(target.query(text.encode("utf-8", "replace").decode(), timeout="0.5").status)

    few = settings(max_examples=60, deadline=None, database=None, phases=[Phase.generate], derandomize=True)
    few(given(QUERIES)(judge))()
    assert statuses.count(200) > len(statuses) / 8
