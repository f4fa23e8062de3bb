"""Stimuli: what no client of the API can bring about, provoked by a command or an HTTP call of the target file."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from conformance.driver.target import BINDINGS, Stimulus

SAID = 200
"""Characters of standard error that a reason repeats, its end."""

_READ = 65_536
_GENTLE = 1.0
_SECRET_NAME = re.compile(r"pass|secret|token|key|auth|credential|signature", re.IGNORECASE)
_NAMED = re.compile(r"-{0,2}([\w.\-]+)\s*[:=]\s*(.+)", re.DOTALL)
_SECRET_FROM = 6  # told to the redactor; a shorter one may be a word of the protocol, and is only hidden here
_HIDDEN_FROM = 4


class StimulusFailed(Exception):  # noqa: N818 - a condition of the exchange
    """A stimulus did not succeed. The text says why in a bounded line, without the secrets of its binding."""


def unbound(name: str) -> str:
    """Why nothing can be provoked where the target file binds nothing: with the lines to add."""
    gets = f", which gets {BINDINGS[name]}" if name in BINDINGS else ""
    lines = f"'[stimuli.{name}]' and 'command = [\"./{name}.sh\"]'"
    return f"the target file binds no stimulus {name!r}: add the lines {lines}{gets}"


def secrets_of(stimulus: Stimulus) -> Iterator[str]:
    """The secrets that a binding shows: credentials in URLs, values whose names say that they are secret."""
    for value, named in _values(stimulus):
        if named is None or (_SECRET_NAME.search(named) and len(value) >= _SECRET_FROM):
            yield value


def carry_out(
    stimulus: Stimulus, parameters: Mapping[str, Any], client: httpx.Client, redact: Callable[[str], str]
) -> None:
    """Runs the command or sends the call, and waits for its end.

    A command gets the parameters as JSON on standard input, in the folder of the target file and a process group of
    its own. Exit code 0 is success, whatever it prints; what it leaves in the background lives on. A call gets them,
    with its name, as JSON body; any 2xx is success. redact: hides the secrets that the run knows.

    Raises:
        StimulusFailed: with exit code or HTTP status, and the end of standard error.
    """
    if stimulus.command:
        _run(stimulus, json.dumps(dict(parameters)), redact)
        return
    try:
        reply = client.request(
            stimulus.method,
            stimulus.url or "",
            json={"name": stimulus.name, **parameters},
            timeout=stimulus.deadline,
        )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise StimulusFailed(_told(stimulus, f"{type(error).__name__}: {error}", redact)) from None
    if not reply.is_success:
        raise StimulusFailed(f"HTTP {reply.status_code}")


def _run(stimulus: Stimulus, parameters: str, redact: Callable[[str], str]) -> None:
    # Files, no pipes: a pipe that a child in the background inherits would be waited for after the command's end.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as said:
        given.write(parameters.encode())
        given.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is the target file's own
                list(stimulus.command),
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=said,
                cwd=stimulus.folder,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a command"
            raise StimulusFailed(f"the command cannot be started ({reason}); correct its path or rights") from None
        try:
            code = process.wait(stimulus.deadline)
        except subprocess.TimeoutExpired:
            _end(process)
            told = f"no end within {stimulus.deadline:g} s (deadline)"
            raise StimulusFailed(told + _errors(stimulus, said, redact)) from None
        except BaseException:
            _end(process)  # an interrupted run leaves nothing behind: Ctrl-C does not reach another process group
            raise
        if code != 0:
            _end(process)
            told = f"exit code {code}" if code > 0 else f"ended by signal {-code}"
            raise StimulusFailed(told + _errors(stimulus, said, redact))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a command and all that it started: first asked to, then by force."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GENTLE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _errors(stimulus: Stimulus, said: IO[bytes], redact: Callable[[str], str]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - _READ))
    text = _told(stimulus, said.read(_READ).decode("utf-8", "replace"), redact)
    return f"; standard error: {text}" if text else "; it wrote nothing to standard error"


def _told(stimulus: Stimulus, text: str, redact: Callable[[str], str]) -> str:
    """The end of a text in one line, without secrets: hidden first, cut afterwards."""
    text = redact(text)
    for value in sorted({value for value, _ in _values(stimulus)}, key=len, reverse=True):
        if len(value) >= _HIDDEN_FROM:
            text = text.replace(value, "<hidden>")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= SAID else f"...{line[-SAID:]}"


def _values(stimulus: Stimulus) -> Iterator[tuple[str, str | None]]:
    """The values that a binding gives, each with its name; None for credentials, which are secret by their place."""
    if stimulus.url:
        yield from _in_url(stimulus.url)
    before = ""
    for word in stimulus.command[1:]:
        if "://" in word:
            yield from _in_url(word)
        elif before in {"-u", "--user"}:
            yield word.partition(":")[2] or word, None
        elif before.startswith("-") and "=" not in before and not word.startswith("-"):
            yield word, before
        if (named := _NAMED.fullmatch(word)) is not None:
            yield named[2], named[1]
            if " " in named[2]:
                yield named[2].rpartition(" ")[2], named[1]  # Authorization: Bearer x
        before = word


def _in_url(url: str) -> Iterator[tuple[str, str | None]]:
    try:
        parts = urlsplit(url[url.index("http") :] if "http" in url else url)
        credentials, query = parts.netloc.rpartition("@")[0], parts.query
    except ValueError:
        return
    if credentials:
        yield credentials.partition(":")[2] or credentials, None
    for name, value in parse_qsl(query):
        yield value, name
