"""A run that may only read changes nothing: what it sent is looked at."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.cli_support import command, open_entries, read_results

SAFE = {"GET", "HEAD", "OPTIONS"}
NOTIFICATIONS = "/api/v2/notifications"


def test_only_reading_is_only_reading(tmp_path: Path) -> None:
    """Beside GET, HEAD and OPTIONS there is CometD's own POST; nobody is logged in, and much passes all the same."""
    said = command("run", "--profile", "read-only", "--jobs", "1", "--output", "out", cwd=tmp_path, deadline=180)
    assert said.code == 0, said
    results = read_results(tmp_path / "out")
    assert results["verdict"] == "conformant"
    assert results["counts"]["passed"] > 1000
    assert open_entries(tmp_path / "out") == []
    assert (tmp_path / "out" / "ledger.ndjson").read_text("utf-8") == ""
    sent = []
    with (tmp_path / "out" / "timeline.ndjson").open(encoding="utf-8") as timeline:
        for line in timeline:
            event = json.loads(line)
            if event["kind"] == "http.request":
                sent.append((event["payload"]["method"], event["payload"]["url"]))
    assert len(sent) > 200
    assert [item for item in sent if item[0] not in SAFE and not item[1].endswith(NOTIFICATIONS)] == []
    skipped = {check["message"] for check in results["checks"] if check["verdict"] == "skipped"}
    assert any("hazard 'state'" in text for text in skipped)
