"""The demo ends where it says: it serves, and Ctrl-C ends it without a word of trouble."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.server.processes import hear_ctrl_c


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_the_demo_serves_until_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "kb", "demo", "--scale", "0.05", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--store", str(tmp_path / "demo.kb")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "KB_STORE": ""},
        preexec_fn=hear_ctrl_c,
    )
    try:
        deadline = time.monotonic() + 120
        while not healthy(port) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        assert healthy(port), process.stdout.read() if process.poll() is not None else "no answer"
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, told
    assert "Ctrl-C ends it." in told.splitlines()[-1]
    assert "1. A faulty offer did not get in" in told
    assert "Now yours: kb load your.csv" in told
