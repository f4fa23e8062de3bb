"""`results.json`: the whole of the results for machines, described by `schemas/formats/results.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conformance.report.files import write_whole
from conformance.report.model import Results
from conformance.report.text import whole_values

FORMAT = "gws-conformance-results"
VERSION = 1


def as_json(results: Results) -> dict[str, Any]:
    """The document, its members in a fixed order; scenarios and checks in the order of the run."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "verdict": results.verdict,
        "exitCode": results.exit_code,
        "reasons": list(results.reasons),
        "run": results.run.as_json(),
        "counts": dict(results.counts),
        "areas": {area: dict(counts) for area, counts in results.areas.items()},
        "coverage": {area: shares.as_json() for area, shares in results.coverage.items()},
        "readings": {name: dict(followed) for name, followed in results.readings.items()},
        "latency": {kind: item.as_json() for kind, item in results.latency.items()},
        "scenarios": [item.as_json() for item in results.scenarios],
        "checks": [item.as_json() for item in results.findings],
    }
    whole: dict[str, Any] = whole_values(document)
    return whole


def write_json(results: Results, path: Path) -> Path:
    """Writes the document as ASCII JSON. Raises `OSError` where it cannot."""
    text = json.dumps(as_json(results), ensure_ascii=True, allow_nan=False, indent=1)
    return write_whole(path, text.encode("ascii") + b"\n")
