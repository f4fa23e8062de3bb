"""Reading a HAR piece by piece: the same whatever the size of the pieces, and a sentence for what is none."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import pytest

from conformance.har import reading
from conformance.har.reading import HarError, Log, is_har, read_har
from tests.har.har_support import DESKTOP, entry, har


def load(path: Path) -> tuple[Log, list[Any]]:
    """Everything of a file."""
    log = Log()
    entries = list(read_har(path, log))
    return log, entries


@pytest.mark.parametrize("chunk", [61, 100, 4096, 1 << 20])
def test_pieces_make_the_whole(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", chunk)
    whole = json.loads(DESKTOP.read_text("utf-8"))["log"]
    log, entries = load(DESKTOP)
    assert entries == whole["entries"]
    assert (log.version, log.creator, log.pages) == ("1.2", "WebInspector 537.36", whole["pages"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "made.har"
    text = json.dumps(har([entry(0, "GET", "/me", "äöü 北京")]), ensure_ascii=False, indent=2)
    path.write_bytes(text.encode(encoding))
    assert path.read_bytes().startswith(codecs.BOM_UTF8) is (encoding == "utf-8-sig")
    assert is_har(path)
    assert load(path)[1][0]["response"]["content"]["text"] == "äöü 北京"


def test_members_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "made.har"
    made = har([entry(0, "GET", "/me", {})])["log"]
    path.write_text(
        json.dumps({"log": {"entries": made["entries"], "_own": [1, {"a": None}], "version": 1.2}}), "utf-8"
    )
    log, entries = load(path)
    assert (len(entries), log.version, log.has_entries) == (1, "1.2", True)


def test_an_entry_larger_than_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 64)
    path = tmp_path / "made.har"
    path.write_text(json.dumps(har([entry(0, "GET", "/me", '\\"x' * 100_000), 12, 3.5, "end"])), "utf-8")
    entries = load(path)[1]
    assert entries[0]["response"]["content"]["text"] == '\\"x' * 100_000
    assert entries[1:] == [12, 3.5, "end"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty or cut off"),
        ("nonsense", "neither a timeline nor a HAR"),
        ("[]", "neither a timeline nor a HAR"),
        ('{"creator": {}}', "its first member is not 'log'"),
        ('{"log": {"version": "1.2"}}', "has no list 'entries'"),
        ('{"log": {"entries": {}}}', "has no list 'entries'"),
        ('{"log": {"entries": [{"request": NaN}]}}', "entry 1: is not JSON (NaN is not JSON)"),
        ('{"log": {"entries": [{"a": 1}, {"b" 2}, {"c": 3, "d": 4, "e": 5}]}}', "entry 2: is not JSON"),
        ('{"log": {"entries": [{"a": ' + "[" * 100_000 + "]" * 100_000 + "}]}}", "entry 1: is nested too deeply"),
        ('{"log": {"entries": [{"a": "b"}, {"c": "d', "entry 2: is cut off"),
        ('{"log": {"entries": [{"a": "b"},', "is cut off"),
        ('{"log": {"entries": [{"a": "b"}]', "is cut off"),
    ],
)
def test_what_is_no_har_gets_a_sentence(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "made.har"
    path.write_text(content, "utf-8")
    with pytest.raises(HarError) as caught:
        load(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_cut_is_told(tmp_path: Path) -> None:
    """Wherever a file is cut, it is a sentence and never an entry that is not whole."""
    text = json.dumps(har([entry(0, "GET", "/me", {"statusCode": 0}), entry(1, "GET", "/me", {"statusCode": 0})]))
    path = tmp_path / "made.har"
    whole = json.loads(text)["log"]["entries"]
    for length in range(0, len(text) - 2, 13):
        path.write_text(text[:length], "utf-8")
        seen: list[Any] = []
        with pytest.raises(HarError):
            take(path, seen)
        assert seen == whole[: len(seen)]


def take(path: Path, seen: list[Any]) -> None:
    """Reads as far as it goes."""
    for item in read_har(path, Log()):
        seen.append(item)


def test_a_missing_file(tmp_path: Path) -> None:
    assert not is_har(tmp_path / "gone.har")
    with pytest.raises(HarError, match="cannot be opened"):
        load(tmp_path / "gone.har")


@pytest.mark.parametrize("head", ['{"log":{', ' \n{ "log" :\n {', '\ufeff{"log": {'])
def test_recognised_by_content(tmp_path: Path, head: str) -> None:
    path = tmp_path / "recording"
    path.write_text(head, "utf-8")
    assert is_har(path)


@pytest.mark.parametrize("head", ['{"seq": 1}', "{}", "", '{"logs": {', '["log"]'])
def test_not_a_har(tmp_path: Path, head: str) -> None:
    path = tmp_path / "recording.har"
    path.write_text(head, "utf-8")
    assert not is_har(path)
