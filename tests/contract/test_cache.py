"""The remembered contract is the contract, and never stands in the way of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from conformance.contract import ContractError, cache, load_contract
from conformance.contract.locate import data_root


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("GWS_CONFORMANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A copy of a part of the contract, that may be changed."""
    copy = Path(shutil.copytree(data_root("schemas"), tmp_path / "schemas"))
    for folder in ("operations", "rules", "ambiguities"):
        for path in (copy / folder).glob("*.yaml"):
            if not path.name.startswith("contacts"):
                path.unlink()
    return copy


def again(schemas: Path, other: str) -> Path:
    """The same contract at another place, so that this process has not read it yet."""
    return Path(shutil.copytree(schemas, schemas.with_name(other)))


def test_a_remembered_contract_is_the_one_that_was_read(place: Path, schemas: Path) -> None:
    read = load_contract(schemas)
    (file,) = place.iterdir()
    assert file.name.endswith(f"{read.digest[:32]}.json")
    remembered = load_contract(again(schemas, "second"))
    for name in ("areas", "operations", "statecharts", "rules", "ambiguities", "negatives", "status_codes", "digest"):
        assert getattr(remembered, name) == getattr(read, name), name


def test_it_is_what_is_read_when_it_is_there(place: Path, schemas: Path) -> None:
    digest = load_contract(schemas).digest
    (file,) = place.iterdir()
    known = json.loads(file.read_text("utf-8"))
    known["documents"]["negatives.yaml"]["negatives"] = []
    file.write_text(json.dumps(known), "utf-8")
    remembered = load_contract(again(schemas, "second"))
    assert (remembered.digest, dict(remembered.negatives)) == (digest, {})


def test_an_edited_file_is_read_anew_and_checked(place: Path, schemas: Path) -> None:
    load_contract(schemas)
    edited = again(schemas, "edited")
    with (edited / "negatives.yaml").open("a", encoding="utf-8") as file:
        file.write("surplus: 1\n")
    with pytest.raises(ContractError, match="surplus"):
        load_contract(edited)
    assert len(list(place.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"digest": "other", "documents": {}}'])
def test_a_file_that_cannot_be_used_costs_nothing_but_time(place: Path, schemas: Path, content: bytes) -> None:
    read = load_contract(schemas)
    (file,) = place.iterdir()
    file.write_bytes(content)
    assert load_contract(again(schemas, "second")).operations == read.operations
    assert json.loads(file.read_bytes())["digest"] == read.digest


def test_it_can_be_turned_off(schemas: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GWS_CONFORMANCE_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert load_contract(schemas).operations
    assert cache.folder() is None
    assert not (tmp_path / "xdg").exists()


def test_a_folder_that_cannot_be_made_is_no_reason_to_fail(
    schemas: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GWS_CONFORMANCE_CACHE", str(tmp_path / "file" / "below"))
    assert load_contract(schemas).operations


def test_old_ones_are_deleted(place: Path) -> None:
    for number in range(cache.KEPT + 3):
        cache.remember(f"{number:x}" * 64, {"a": number})
    assert len(list(place.iterdir())) == cache.KEPT
    assert cache.recall(f"{cache.KEPT + 2:x}" * 64) == {"a": cache.KEPT + 2}


def test_what_json_cannot_say_is_not_remembered(place: Path) -> None:
    cache.remember("0" * 64, {"a": {1: "an integer as a key"}})
    assert cache.recall("0" * 64) is None
