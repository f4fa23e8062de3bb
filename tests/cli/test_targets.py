"""Mistakes in a target file end a command before it begins: exit code 2, with file, line, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.cli_support import command

SOUND = """\
base_url = "https://127.0.0.1:9"
[users.agent]
user_name = "agent1"
password = "hidden-word"
"""


@pytest.mark.parametrize(
    ("added", "line", "says"),
    [
        ('[tls]\nca_file = "nope.pem"', 6, "tls.ca_file: lab/nope.pem cannot be read (No such file or directory)"),
        ('[tls]\nclient_certificate = "c"\n', 6, "tls.client_certificate: lab/c cannot be read (No such file"),
        ("[deadlines]\nrequest = 2020-01-01", 6, "deadlines.request: is a date or a time, which no key takes"),
        ("[deadlines\nrequest = 1", 5, "not TOML: Expected ']' at the end of a table declaration"),
    ],
    ids=["ca", "certificate", "date", "syntax"],
)
def test_a_mistake_in_the_target_file(tmp_path: Path, added: str, line: int, says: str) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "target.toml").write_text(f"{SOUND}{added}\n", "utf-8")
    said = command("run", "--target", "lab/target.toml", "--output", "out", cwd=tmp_path)
    assert said.code == 2
    told = " ".join(said.err.split())
    assert f"lab/target.toml:{line}: {says}" in told
    assert "hidden-word" not in said.out + said.err
    assert not (tmp_path / "out").exists()
