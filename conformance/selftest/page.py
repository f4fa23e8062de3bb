"""Writes the kill matrix: `kill-matrix.json` for programs, `kill-matrix.html` for people."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.contract.locate import data_root
from conformance.judge import CHECKS
from conformance.report.files import write_whole
from conformance.report.text import one_line, safe
from conformance.selftest.killmatrix import KillMatrix, Row

JSON_NAME, HTML_NAME = "kill-matrix.json", "kill-matrix.html"


def write(matrix: KillMatrix, folder: Path) -> list[Path]:
    """Both files, each as a whole or not at all; their paths.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(matrix.as_json(), indent=1, ensure_ascii=True) + "\n"
    return [
        write_whole(folder / JSON_NAME, text.encode("ascii")),
        write_whole(folder / HTML_NAME, page(matrix).encode("utf-8", errors="backslashreplace")),
    ]


def page(matrix: KillMatrix) -> str:
    """The page: one file, no script, nothing from a network; what a server said is escaped."""
    templates = data_root("templates")
    style = (templates / "report.css").read_text("utf-8") + (templates / "kill-matrix.css").read_text("utf-8")
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    columns = [name for name, faults in matrix.killers.items() if faults]
    return environment.get_template("kill-matrix.html.j2").render(
        style=Markup(style),  # noqa: S704 - our own file
        style_hash=f"sha256-{digest}",
        matrix=matrix,
        document=matrix.as_json(),
        rows=[_shown(row) for row in matrix.rows],
        columns=columns,
        checks={name: item.doc for name, item in CHECKS.items()},
    )


def _shown(row: Row) -> dict[str, Any]:
    """A row as the template wants it; every text is bounded and safe."""
    first = row.complaints[0] if row.complaints else None
    expected = row.charge.expectation
    return {
        "fault": one_line(row.charge.fault, 120),
        "area": row.charge.area,
        "sentence": safe(row.charge.sentence, 300),
        "status": row.status,
        "note": row.note,
        "operations": ", ".join(expected.operations) if expected else "",
        "names": ", ".join(expected.names) if expected else "",
        "right": {item.finding.check for item in row.complaints if item.right},
        "wrong": {item.finding.check for item in row.complaints if not item.right},
        "scenario": one_line(first.finding.scenario, 160) if first else "",
        "check": first.finding.check if first else "",
        "operation": one_line(first.finding.operation, 80) if first else "",
        "message": safe(first.finding.message, 300) if first else "",
        "expected": safe(first.finding.expected, 160) if first else "",
        "seen": safe(first.finding.seen, 160) if first else "",
        "seconds": f"{row.seconds:.1f}",
    }
