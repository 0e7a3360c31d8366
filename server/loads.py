"""Bulk uploads: a body of any length goes to a file piece by piece, then in as one commit while its sender watches."""

from __future__ import annotations

import fcntl
import json
import logging
import secrets
import shutil
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal

import pyoxigraph as ox
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request

from kb import KnowledgeBase, LoadOptions
from kb.conditions import Conditions
from kb.errors import DataError, KbError, NotFound, SourceError, UsageError, WriteFailed
from kb.rdf_guard import Watch
from kb.tokens import Role

from . import writing
from .access import Caller
from .bodies import pieces_of
from .faults import UnsupportedMediaType
from .problems import described

routes = Blueprint("loads", __name__)

_MOST_BYTES = 64_000_000_000
_LEAST_FREE = 1 << 30
_KEPT_SECONDS = 86_400
_STEP_SECONDS = 0.5
_READS = (
    "text/turtle, application/n-triples, application/n-quads, application/trig, application/ld+json, "
    "application/rdf+xml"
)


@dataclass(frozen=True)
class State:
    """How far an upload is: ``receiving``, ``loading``, ``done``, ``refused``, ``failed`` or ``lost``.

    `bytes` are what came (inflated), `read` how many of them were read again to be loaded; `report` is that of the
    load, `problem` what stands in its way.
    """

    id: str
    by: str
    source: str
    status: str = "receiving"
    bytes: int = 0
    read: int = 0
    report: dict[str, Any] | None = None
    problem: dict[str, Any] | None = None


class _Place:
    """The folder of one upload. Whoever works on it holds a lock, so that a work whose process died is known."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def new(cls, store: Path) -> _Place:
        """A fresh one; those that ended long ago go."""
        loads = store / "loads"
        loads.mkdir(mode=0o700, exist_ok=True)
        for old in loads.iterdir():
            if time.time() - old.stat().st_mtime > _KEPT_SECONDS and not cls(old).worked_on:
                shutil.rmtree(old, ignore_errors=True)
        place = cls(loads / secrets.token_hex(8))
        place.folder.mkdir(mode=0o700)
        return place

    def work(self) -> IO[str]:
        """Say that somebody works here, until what is returned is closed."""
        handle = (self.folder / "working").open("w")
        fcntl.flock(handle, fcntl.LOCK_EX)
        return handle

    @property
    def worked_on(self) -> bool:
        """Whether somebody works here now."""
        try:
            with (self.folder / "working").open() as handle:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def put(self, state: State) -> None:
        """Write how far it is."""
        draft = self.folder / "state.draft"
        draft.write_text(json.dumps(asdict(state)), encoding="utf-8")
        draft.rename(self.folder / "state.json")

    def get(self) -> State:
        """How far it is."""
        busy = self.worked_on
        state = State(**json.loads((self.folder / "state.json").read_text(encoding="utf-8")))
        if busy or state.status not in ("receiving", "loading"):
            return state
        problem = {"detail": "The server ended meanwhile", "hint": "see in /commits whether it went in"}
        return replace(state, status="lost", problem=problem)


@routes.post("/loads")
def begin() -> tuple[Response, int, dict[str, str]]:
    """Take an upload and load it in the background; the answer comes when all of it is here."""
    writing.admit()
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    form = ox.RdfFormat.from_media_type(kind) if kind else None
    if form is None or form == ox.RdfFormat.N3:
        raise UnsupportedMediaType(f"'{kind}' can't be loaded", hint=f"send one of {_READS}")
    mode = request.args.get("mode", "add")
    if mode not in ("add", "replace"):
        raise UsageError(f"There is no mode '{mode}'", hint="choose mode=add or mode=replace")
    place = _Place.new(current_app.extensions["store"])
    upload = _Upload(
        current_app._get_current_object(),  # type: ignore[attr-defined]
        place,
        State(place.folder.name, g.caller.name, writing.source("upload")),
        g.caller,
        form,
        mode,  # type: ignore[arg-type]
        request.args.get("private") == "true",
        writing.message(),
        replace(writing.conditions(), strict=request.args.get("quarantine") != "true"),
    )
    working = place.work()
    try:
        upload.receive()
    except BaseException:
        working.close()
        shutil.rmtree(place.folder, ignore_errors=True)
        raise
    uploads: set[threading.Thread] = current_app.extensions["uploads"]
    uploads.difference_update([one for one in uploads if not one.is_alive()])
    loading = threading.Thread(target=upload.load, args=(working,), daemon=True)
    loading.start()
    uploads.add(loading)
    where = f"/loads/{place.folder.name}"
    return jsonify(asdict(replace(upload.state, status="loading"))), 202, {"Location": where}


@routes.get("/loads/<id>")
def progress(id: str) -> Response:
    """How far an upload is, told to who sent it and to administrators."""
    g.caller.require(Role.WRITER)
    place = _Place(current_app.extensions["store"] / "loads" / id)
    try:
        state = place.get() if id.isalnum() else None
    except (OSError, ValueError):
        state = None
    if state is None or (state.by != g.caller.name and g.caller.role < Role.ADMIN):
        raise NotFound(f"There is no upload {id}", hint="uploads are known for a day")
    response = jsonify(asdict(state))
    response.headers["Cache-Control"] = "no-store"
    return response


@dataclass
class _Upload:
    """One upload on its way."""

    app: Flask
    place: _Place
    state: State
    caller: Caller
    form: ox.RdfFormat
    mode: Literal["add", "replace"]
    private: bool
    message: str | None
    conditions: Conditions

    @property
    def file(self) -> Path:
        """Where the body lies."""
        return self.place.folder / f"upload.{self.form.file_extension}"

    def receive(self) -> None:
        """Write the body to its file, looking at it as it passes."""
        with self.file.open("wb") as sink:
            self.place.put(self.state)
            watch = Watch(self.form, "body")
            for piece in pieces_of(request, most=_MOST_BYTES):
                watch.take(piece)
                self._room(sink)
                sink.write(piece)
                self.state = replace(self.state, bytes=self.state.bytes + len(piece))
        if not self.state.bytes:
            raise SourceError("The body is empty", hint="send RDF")

    def load(self, working: IO[str]) -> None:
        """Load the file as one commit, and keep what came of it; `working` says so from the body's first byte on."""
        with working:
            self.state = replace(self.state, status="loading")
            self.place.put(self.state)
            try:
                found = self._loaded()
                self.state = replace(self.state, status="done", report=found)
            except KbError as fault:
                status = "refused" if isinstance(fault, DataError) else "failed"
                self.state = replace(self.state, status=status, problem=self._told(fault))
            except Exception as fault:
                logging.getLogger(__name__).error("The upload %s failed", self.state.id, exc_info=fault)
                problem = {"detail": "Something went wrong in the server", "status": 500}
                self.state = replace(self.state, status="failed", problem=problem)
            self.file.unlink(missing_ok=True)
            self.place.put(self.state)

    def _loaded(self) -> dict[str, Any]:
        told = time.monotonic()

        def count(read: int) -> None:
            nonlocal told
            self.state = replace(self.state, read=self.state.read + read)
            if time.monotonic() - told > _STEP_SECONDS:
                told = time.monotonic()
                self.place.put(self.state)

        with self.app.app_context(), KnowledgeBase.open(self.place.folder.parent.parent) as knowledge:
            g.caller = self.caller
            knowledge.author = self.caller.name
            options = LoadOptions(mode=self.mode, private=self.private, format=self.form)
            report = knowledge.load(
                self.file,
                source=self.state.source,
                message=self.message or f"upload {self.state.id}",
                options=options,
                conditions=self.conditions,
                progress=count,
            )
            return writing.shown(report)

    def _told(self, fault: KbError) -> dict[str, Any]:
        with self.app.app_context():
            g.caller = self.caller
            text = (
                json.dumps(described(fault))
                .replace(str(self.file), "body")
                .replace(str(self.file.resolve()), "body")
            )
            return json.loads(text)

    def _room(self, sink: IO[bytes]) -> None:
        if shutil.disk_usage(self.place.folder).free < _LEAST_FREE:
            raise WriteFailed("The server's disk is nearly full", hint="make room, or send less")
