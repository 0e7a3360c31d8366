"""Who a caller is, what they may do, and for which hosts and pages the server answers."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from kb.errors import Forbidden, NotFound, StoreDamaged, UsageError
from kb.graphs import PRIVATE
from kb.tokens import FILE, Role, Tokens
from server.access import ANONYMOUS, Caller, Door, Guesses, check_host, check_origin, check_write
from server.faults import Misdirected, TooManyGuesses, Unauthorised

HERE = "127.0.0.1"


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path)


def admitted(tokens: Tokens, shown: str | None, **options) -> Caller:
    headers = {} if shown is None else {"Authorization": shown}
    return Door(tokens, bound=HERE, **options).admit(peer=HERE, headers=headers)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_on_this_machine_nobody_needs_a_token(tokens: Tokens, address: str) -> None:
    assert Door(tokens, bound=HERE).admit(peer=address, headers={"Accept": "*/*"}) == ANONYMOUS
    assert ANONYMOUS.private is False


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
def test_everybody_else_does(tokens: Tokens, bound: str, peer: str | None, headers: dict[str, str]) -> None:
    with pytest.raises(Unauthorised):
        Door(tokens, bound=bound).admit(peer=peer, headers=headers)


@pytest.mark.parametrize(
    ("role", "private", "writes"),
    [("reader", False, False), ("analyst", True, False), ("writer", True, True), ("admin", True, True)],
)
def test_roles_say_what_a_bearer_may_do(tokens: Tokens, role: str, private: bool, writes: bool) -> None:
    text, _ = tokens.add(Role[role.upper()], name="ann")
    caller = admitted(tokens, f"Bearer {text}")
    assert (caller.name, caller.private, caller.grant.loads) == ("ann", private, role == "admin")
    if writes:
        check_write(caller, host=HERE, origin=None)
    else:
        with pytest.raises(Forbidden):
            check_write(caller, host=HERE, origin=None)


def test_graphs_bound_what_is_seen_and_written(tokens: Tokens) -> None:
    orders, feed = f"{PRIVATE}orders", "urn:feed"
    text, _ = tokens.add(Role.WRITER, graphs=[orders, feed])
    caller = admitted(tokens, f"Bearer {text}")
    assert caller.private == (orders,)
    assert caller.grant.may_change(feed) and not caller.grant.may_change("urn:other")
    text, _ = tokens.add(Role.ANALYST, graphs=[feed])
    assert admitted(tokens, f"Bearer {text}").private is False


def test_the_file_holds_hashes_for_its_owner_alone(tokens: Tokens, tmp_path: Path) -> None:
    text, made = tokens.add(Role.ANALYST)
    place = tmp_path / FILE
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert text not in place.read_text() and text.rpartition("_")[2] not in place.read_text()
    assert made.hash in place.read_text()


def test_a_token_ends_when_it_is_removed_or_its_time_is_over(tokens: Tokens, tmp_path: Path) -> None:
    door = Door(tokens, bound=HERE)
    text, made = tokens.add(Role.ANALYST, name="ann", expires="1h")
    assert door.admit(peer=HERE, headers={"Authorization": f"Bearer {text}"}).known
    Tokens(tmp_path).remove("ann")  # Another process.
    with pytest.raises(Unauthorised):
        door.admit(peer=HERE, headers={"Authorization": f"Bearer {text}"})
    text, made = tokens.add(Role.ANALYST, name="ann", expires="1h")
    place = tmp_path / FILE
    place.write_text(place.read_text().replace(str(made.expires), "2020-01-01T00:00:00+00:00"))
    with pytest.raises(Unauthorised):
        admitted(tokens, f"Bearer {text}")
    with pytest.raises(NotFound):
        tokens.remove("bob")
    with pytest.raises(UsageError):
        tokens.add(Role.READER, expires="2020-01-01")
    place.write_text("{")
    with pytest.raises(StoreDamaged):
        Tokens(tmp_path).all()


def test_a_browser_shows_it_as_a_password_and_does_not_write(tokens: Tokens) -> None:
    text, _ = tokens.add(Role.WRITER)
    caller = admitted(tokens, "Basic " + base64.b64encode(f"any:{text}".encode()).decode())
    assert caller.private is True
    with pytest.raises(Forbidden, match="Bearer"):
        check_write(caller, host=HERE, origin=None)


@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer x", "Basic x", "Basic eDp5", "Digest a", "Bearer ckb_00000000_" + "A" * 43],
)
def test_what_is_no_token_opens_nothing(tokens: Tokens, shown: str) -> None:
    tokens.add(Role.ADMIN)
    with pytest.raises(Unauthorised):
        admitted(tokens, shown)


def test_an_id_without_its_secret_opens_nothing(tokens: Tokens) -> None:
    text, made = tokens.add(Role.ADMIN)
    for wrong in (
        text[:-1] + ("A" if text[-1] != "A" else "B"),
        text[:-1],
        f"ckb_{made.id}_{made.hash[:43]}",
    ):
        with pytest.raises(Unauthorised):
            admitted(tokens, f"Bearer {wrong}")


def test_guessing_is_bounded_by_address_and_shuts_out_no_neighbour(tokens: Tokens) -> None:
    now = [0.0]
    door = Door(tokens, bound=HERE, guesses=Guesses(clock=lambda: now[0]))
    right = {"Authorization": f"Bearer {tokens.add(Role.READER)[0]}"}
    fresh = {"Authorization": f"Bearer {tokens.add(Role.READER)[0]}"}
    assert door.admit(peer=HERE, headers=right).known
    for number in range(10):
        with pytest.raises(Unauthorised):
            door.admit(peer=HERE, headers={"Authorization": f"Bearer {number}"})
    for guess in ({"Authorization": "Bearer x"}, fresh):
        with pytest.raises(TooManyGuesses):
            door.admit(peer=HERE, headers=guess)
    assert door.admit(peer=HERE, headers=right).known
    assert door.admit(peer="192.0.2.1", headers=fresh).known
    now[0] = 61
    with pytest.raises(Unauthorised):
        door.admit(peer=HERE, headers={"Authorization": "Bearer x"})


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


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("https://evil.example.org", None),
        ("http://127.0.0.1:9999", "same-site"),
        ("null", None),
        ("", None),
        (None, "cross-site"),
    ],
)
def test_pages_of_other_sites_send_nothing(origin: str | None, site: str | None) -> None:
    with pytest.raises(Forbidden):
        check_origin("POST", host="127.0.0.1:7878", origin=origin, site=site)
    check_origin("GET", host="127.0.0.1:7878", origin=origin, site=site)


def test_an_allowed_site_asks_but_does_not_write() -> None:
    shop = "https://shop.example.org"
    check_origin("POST", host="kb.example.org", origin=shop, site="cross-site", allowed=[shop])
    with pytest.raises(Forbidden):
        check_write(Caller("w", Role.WRITER, True), host="kb.example.org", origin=shop)
