"""Who sees private graphs, and for which hosts the server answers."""

from __future__ import annotations

import pytest

from server.access import check_host, identify
from server.faults import Misdirected


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_private_graphs_are_seen_from_this_machine(address: str) -> None:
    assert identify(bound="127.0.0.1", peer=address, headers={"Accept": "*/*"}).private


@pytest.mark.parametrize(
    ("bound", "peer", "headers"),
    [
        ("0.0.0.0", "127.0.0.1", {}),
        ("127.0.0.1", "192.0.2.7", {}),
        ("127.0.0.1", None, {}),
        ("127.0.0.1", "localhost.example.org", {}),
        ("127.0.0.1", "127.0.0.1", {"Forwarded": "for=192.0.2.7"}),
        ("127.0.0.1", "127.0.0.1", {"via": "1.1 proxy"}),
    ],
)
def test_private_graphs_are_hidden_from_everybody_else(
    bound: str, peer: str | None, headers: dict[str, str]
) -> None:
    assert not identify(bound=bound, peer=peer, headers=headers).private


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:7878", "LOCALHOST:80", "[::1]:7878", "shop.example.org"]
)
def test_known_hosts_are_answered(host: str) -> None:
    check_host(host, names=["shop.example.org"])


@pytest.mark.parametrize(
    "host", [None, "", "evil.example.org", "127.0.0.1.evil.example.org", "x@evil.org", "[::1", "::1"]
)
def test_other_hosts_are_refused(host: str | None) -> None:
    with pytest.raises(Misdirected):
        check_host(host)
