"""Without Node, or without the pinned packages, the tests that need them are skipped with the reason; not in CI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import node

PINNED = {"packages": {"": {"name": "x"}, "node_modules/faye": {"version": "1.4.3"}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "package-lock.json").write_text(json.dumps(PINNED), "utf-8")
    return tmp_path


def install(folder: Path, version: str) -> None:
    (folder / "node_modules").mkdir()
    found = {"packages": {"node_modules/faye": {"version": version}}}
    (folder / "node_modules" / ".package-lock.json").write_text(json.dumps(found), "utf-8")


@pytest.mark.parametrize("required", ["", "1"])
def test_missing_packages_skip_or_fail_with_the_remedy(
    folder: Path, monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    monkeypatch.setenv(node.REQUIRED, required)
    monkeypatch.setattr("shutil.which", lambda _: "/bin/node")
    outcome = pytest.fail.Exception if required else pytest.skip.Exception
    with pytest.raises(outcome, match=f"npm ci in tests/{folder.name}"):
        node.node_or_skip(folder)


@pytest.mark.parametrize("required", ["", "1"])
def test_missing_node_skips_or_fails(folder: Path, monkeypatch: pytest.MonkeyPatch, required: str) -> None:
    install(folder, "1.4.3")
    monkeypatch.setenv(node.REQUIRED, required)
    monkeypatch.setattr("shutil.which", lambda _: None)
    outcome = pytest.fail.Exception if required else pytest.skip.Exception
    with pytest.raises(outcome, match="node is not installed"):
        node.node_or_skip(folder)


def test_other_versions_than_the_pinned_ones_are_named(folder: Path) -> None:
    install(folder, "1.4.2")
    assert "1 Node packages" in str(node.missing_packages(folder))
    assert "(faye)" in str(node.missing_packages(folder))


def test_what_is_installed_as_pinned_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, "1.4.3")
    monkeypatch.setattr("shutil.which", lambda _: "/bin/node")
    assert node.node_or_skip(folder) == "/bin/node"


def test_the_packages_are_pinned_to_one_version_each_and_name_no_registry() -> None:
    here = Path(__file__).parent
    wanted = json.loads((here / "package.json").read_text("utf-8"))["dependencies"]
    assert all(version.rpartition("@")[2].replace(".", "").isdigit() for version in wanted.values())
    lock = json.loads((here / "package-lock.json").read_text("utf-8"))["packages"]
    assert lock[""]["dependencies"] == wanted
    for place, entry in lock.items():
        assert "resolved" not in entry, place
        assert not place or entry["integrity"].startswith("sha512-"), place
