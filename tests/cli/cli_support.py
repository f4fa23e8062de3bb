"""Runs the command line as users do, and looks at what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema_rs
from typer.testing import CliRunner

from conformance.cli.app import app

ROOT = Path(__file__).parents[2]
FORMATS = ROOT / "schemas" / "formats"
DEADLINE = 60.0
# -P: as for the installed command, the current folder is no place to import from.
COMMAND = [sys.executable, "-P", "-c", "from conformance.cli import main; main()"]


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended. seconds: how long it took."""

    code: int
    out: str
    err: str
    seconds: float = 0.0

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def call(*arguments: str, stdin: str | bytes | None = None, columns: int | None = None) -> Said:
    """A command inside this process, as wide as where nothing says how wide; `columns` says it."""
    result = CliRunner().invoke(app, list(arguments), input=stdin, env={"COLUMNS": str(columns) if columns else None})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


def environment(**extra: str) -> dict[str, str]:
    """An environment in which output is the same everywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "COLUMNS"))}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **extra}


def start(*arguments: str, cwd: Path, **extra: str) -> subprocess.Popen[str]:
    """A command as a process and process group of its own."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(**extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], deadline: float = DEADLINE) -> Said:
    """Waits for a command; kills it, and fails, when it does not end."""
    began = time.monotonic()
    try:
        out, err = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Said(process.returncode, out, err, time.monotonic() - began)


def command(*arguments: str, cwd: Path, deadline: float = DEADLINE, **extra: str) -> Said:
    """A command as a process, to its end."""
    return finish(start(*arguments, cwd=cwd, **extra), deadline)


def read_results(folder: Path) -> dict[str, Any]:
    """`results.json` of a run, valid against its format."""
    document = json.loads((folder / "results.json").read_text("utf-8"))
    schema = json.loads((FORMATS / "results.json").read_text("utf-8"))
    problems = [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(document)]
    assert problems == []
    assert isinstance(document, dict)
    return document


def open_entries(folder: Path) -> list[tuple[str, str]]:
    """(kind, id) of what the ledgers of a run still hold: there is one for each of its processes."""
    made: dict[tuple[str, str, str, str], None] = {}
    ledgers = sorted(folder.glob("ledger*.ndjson"))
    assert ledgers, "a run keeps a ledger"
    for ledger in ledgers:
        for line in ledger.read_text("utf-8").splitlines():
            entry = json.loads(line)
            if entry["what"] == "deployment":
                continue
            key = (ledger.name, entry["kind"], entry["actor"], entry["id"])
            if entry["what"] == "made":
                made[key] = None
            else:
                made.pop(key, None)
    return [(kind, identifier) for _, kind, _, identifier in made]


def until(condition: Callable[[], bool], what: str, deadline: float = 30.0) -> None:
    """Waits for a condition."""
    end = time.monotonic() + deadline
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, f"{what} did not come about"
        pause.wait(0.02)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in found.stdout.split()]


def lives(pid: int) -> bool:
    """Whether a process runs (one that has ended and waits to be collected does not)."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(state.stdout.strip()) and not state.stdout.strip().startswith("Z")


@contextmanager
def html_server() -> Iterator[str]:
    """A web server that has never heard of GWS; its address."""

    class Page(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = b"<html><body>Welcome</body></html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the names that the standard library looks for

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


def write_files(folder: Path, files: Mapping[str, str | Sequence[str]]) -> None:
    """Writes small files; a sequence is lines."""
    for name, content in files.items():
        text = content if isinstance(content, str) else "\n".join(content) + "\n"
        (folder / name).write_text(text, "utf-8")
