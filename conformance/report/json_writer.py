"""`results.json`: the whole of the results for machines, described by `schemas/formats/results.json`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from conformance.report.files import write_whole
from conformance.report.model import Results
from conformance.report.text import json_bytes

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
    if results.recording is not None:
        document["recording"] = dict(results.recording)
    return document


def write_json(results: Results, path: Path) -> Path:
    """Writes the document as JSON in UTF-8. Raises `OSError` where it cannot."""
    document = as_json(results)
    _check_numbers({name: value for name, value in document.items() if name != "checks"})  # those have whole numbers
    return write_whole(path, json_bytes(document))


def _check_numbers(value: Any) -> None:
    """Raises ValueError for NaN and infinity, of which JSON knows nothing: they would be written as null."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not JSON")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_numbers(item)
