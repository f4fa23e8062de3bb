"""`gws-conformance validate`: JSON or NDJSON of your own against the contract."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.text import Text

from conformance.cli.guard import UsageProblem, guarded
from conformance.cli.options import Json, the_contract
from conformance.cli.output import console, print_json

if TYPE_CHECKING:
    from conformance.contract import Contract
    from conformance.contract.payloads import Kind, Payload, Problem

EPILOG = """
Examples:

    gws-conformance validate event.json --as message:CallStateChangeMessage

    gws-conformance validate call.json --as resource:call

    curl ... | gws-conformance validate - --as response:voice.Dial

    gws-conformance validate timeline.ndjson --json

Exit codes: 0 as documented; 1 something is not; 2 the file or the name cannot be used.
"""


@dataclass(frozen=True)
class Document:
    """One JSON document of a file: the whole of it, or one line of NDJSON (line counts from 1; None: the whole)."""

    value: Any
    line: int | None = None


@guarded
def validate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON or NDJSON; - for standard input.")],
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="KIND:NAME",
            help="What it is: resource:call, message:CallStateChangeMessage, request:voice.Dial, response:voice.Dial. "
            "Without it, messages are recognised by their messageType.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check JSON against the documents: where it deviates, what is expected, and which page says so."""
    from conformance.contract.payloads import UnknownNameError, problems

    contract = the_contract()
    shown = "standard input" if file == "-" else file
    try:
        kind = _kind(name, contract)
    except UnknownNameError as error:
        raise UsageProblem(f"--as {name}: {error}") from None
    findings: list[tuple[Document, Problem]] = []
    checked = 0
    for document in documents(file):
        for payload in _payloads(document, kind, shown):
            checked += 1
            findings.extend((document, item) for item in problems(payload, contract))
    if not checked:
        raise UsageProblem(f"{shown}: nothing in it has a messageType; say what it is with --as KIND:NAME")
    _print(shown, checked, findings, as_json)
    if findings:
        raise typer.Exit(1)


def _kind(text: str | None, contract: Contract) -> tuple[Kind, str] | None:
    from conformance.contract.payloads import KINDS, require

    if text is None:
        return None
    kind, colon, name = text.partition(":")
    for known in KINDS:
        if kind == known and colon and name:
            require(contract, known, name)
            return known, name
    raise UsageProblem(f"--as {text}: give KIND:NAME with KIND one of {', '.join(KINDS)}")


def _payloads(document: Document, kind: tuple[Kind, str] | None, file: str) -> Iterator[Payload]:
    from conformance.contract.payloads import named, recognise

    if kind is not None:
        yield from named(*kind, document.value)
        return
    found = list(recognise(document.value))
    if not found and document.line is None:
        raise UsageProblem(f"{file}: has no messageType; say what it is with --as KIND:NAME")
    yield from found


def documents(file: str) -> list[Document]:
    """The documents of a file, `-` for standard input. Raises `UsageProblem` naming file, line and column."""
    text = _read(file)
    file = "standard input" if file == "-" else file
    try:
        return [Document(_parse(text))]
    except json.JSONDecodeError as error:
        lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if len(lines) < 2 or not _is_json(lines[0][1]):
            raise UsageProblem(f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    return [Document(_line(file, number, line), number) for number, line in lines]


def _line(file: str, number: int, line: str) -> Any:
    try:
        return _parse(line)
    except json.JSONDecodeError as error:
        raise UsageProblem(f"{file}:{number}:{error.colno}: not JSON: {error.msg}") from None


def _is_json(text: str) -> bool:
    try:
        _parse(text)
    except json.JSONDecodeError:
        return False
    return True


def _parse(text: str) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise json.JSONDecodeError(f"{constant} is no JSON number", text, text.find(constant))

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", text, 0) from None


def _read(file: str) -> str:
    name = "standard input" if file == "-" else file
    try:
        if file == "-":
            raw = sys.stdin.buffer.read()
        else:
            with open(file, "rb") as stream:  # noqa: PTH123 - the name is a text, as it was typed
                raw = stream.read()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise UsageProblem(f"{name}: cannot be read ({error.strerror}); correct the path") from None
    except UnicodeDecodeError:
        raise UsageProblem(f"{name}: is not UTF-8 text; save it as UTF-8") from None


def _print(file: str, checked: int, findings: list[tuple[Document, Problem]], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "file": file,
                "checked": checked,
                "valid": not findings,
                "findings": [{"line": document.line, **item.as_json()} for document, item in findings],
            }
        )
        return
    from conformance.report.text import one_line

    out = console()
    for document, item in findings:
        where = f"{file}:{document.line}" if document.line else file
        out.print(
            Text(f"{where} {item.pointer or '(root)'}", "bold").append(f"  {item.payload}", "dim"), soft_wrap=True
        )
        for label, text in (("", item.message), ("expected", item.expected), ("source", str(item.source or ""))):
            if text:
                out.print(Text(f"   {label:9}" if label else "   ", "dim").append(one_line(text), ""), soft_wrap=True)
    verdict = f"{len(findings)} finding{'s' * (len(findings) > 1)}" if findings else "as documented"
    out.print(f"{checked} checked: {verdict}")
