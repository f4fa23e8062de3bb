"""generate: the descriptions are written, and a check says whether what lies there is what the contract gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.cli_support import ROOT, call

FILES = ("asyncapi.json", "openapi.json")


def test_both_are_written_and_then_fresh(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    said = call("generate", "--output", str(folder))
    assert said.code == 0
    assert sorted(item.name for item in folder.iterdir()) == list(FILES)
    assert [line.split()[0] for line in said.out.splitlines()] == ["written", "written"]
    for name in FILES:
        assert (folder / name).read_bytes() == (ROOT / "schemas" / name).read_bytes()
    checked = call("generate", "--check", "--output", str(folder))
    assert checked.code == 0
    assert [line.split()[0] for line in checked.out.splitlines()] == ["fresh", "fresh"]
    again = call("generate", "--output", str(folder), "--json")
    assert again.json["written"] is True
    assert {item["verdict"] for item in again.json["files"]} == {"fresh"}


def test_a_check_writes_nothing_and_names_what_differs(tmp_path: Path) -> None:
    document = json.loads((ROOT / "schemas" / "asyncapi.json").read_text("utf-8"))
    document["channels"]["me.calls"]["address"] = "/v3/me/calls"
    edited = tmp_path / "asyncapi.json"
    edited.write_text(json.dumps(document), "utf-8")
    before = edited.read_bytes()
    said = call("generate", "--check", "--output", str(tmp_path))
    assert said.code == 1
    assert "stale" in said.out
    assert "/channels/me.calls/address: differs" in said.out
    assert "missing" in said.out
    assert f"gws-conformance generate --output {tmp_path}" in said.out
    assert edited.read_bytes() == before
    assert not (tmp_path / "openapi.json").exists()
    found = call("generate", "--check", "--output", str(tmp_path), "--json")
    assert found.code == 1
    assert found.json["written"] is False
    assert [item["verdict"] for item in found.json["files"]] == ["stale", "missing"]
    assert found.json["files"][0]["differences"] == ["/channels/me.calls/address: differs"]


@pytest.mark.parametrize("check", [(), ("--check",)])
def test_a_folder_that_is_none_is_told(tmp_path: Path, check: tuple[str, ...]) -> None:
    file = tmp_path / "file"
    file.write_text("no folder", "utf-8")
    said = call("generate", *check, "--output", str(file))
    assert said.code == 2
    assert str(file) in said.err
    assert "--output" in said.err
    assert "Traceback" not in said.err


def test_help_shows_examples_and_exit_codes() -> None:
    said = call("generate", "--help")
    assert said.code == 0
    assert "gws-conformance generate --check" in said.out
    assert "Exit codes" in said.out
