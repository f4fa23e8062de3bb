"""What the console tells about a failure is pasted into a shell, and the server answers as the finding says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance.bundled import BundledServer
from conformance.simulator.seed import password_of, target_toml
from tests.cli.cli_support import call, environment

AGENT = 'user_name = "'


def preamble_of(out: str) -> list[str]:
    """The lines to paste first, as they are printed."""
    return [line.strip() for line in out.splitlines() if line.startswith("   export ")]


def repeats(out: str, check: str) -> list[str]:
    """The curl lines of the failures of one check."""
    blocks = [block for block in out.split("\n\n") if f"  {check}\n" in block]
    return [
        line.split("repeat", 1)[1].strip() for block in blocks for line in block.splitlines() if "   repeat" in line
    ]


@pytest.mark.parametrize(
    ("fault", "area", "keyword", "check", "seen"),
    [
        (
            "contacts.create-without-id",
            "contacts",
            "contacts.Create and not negative",
            "response.member",
            '"statusCode"',
        ),
        (
            "generic.drop-member:statusMessage",
            "voice",
            "voice.Dial and negative",
            "response.statusMessage",
            '"statusCode"',
        ),
    ],
)
def test_preamble_and_line_bring_the_findings_reply(
    tmp_path: Path, fault: str, area: str, keyword: str, check: str, seen: str
) -> None:
    """Nothing but the password is filled in."""
    with BundledServer(["--fault", fault]) as server:
        target = tmp_path / "t.toml"
        target.write_text(target_toml(server.base_url), "utf-8")
        said = call("run", "--target", str(target), "--area", area, "-k", keyword, "--output", str(tmp_path / "out"))
        assert said.code == 1, said.out + said.err
        user = target.read_text("utf-8").split("[users.agent]", 1)[1].split(AGENT, 1)[1].split('"', 1)[0]
        script = "\n".join([*preamble_of(said.out), repeats(said.out, check)[0]]).replace("'...'", password_of(user))
        notes = [line for line in said.out.splitlines() if line.startswith("   but ")]
        if notes and "export" in notes[0]:
            theirs = notes[0].split("export ", 1)[1].split(" as ", 1)[0]
            script = script.replace(user, theirs).replace(password_of(user), password_of(theirs))
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, env=environment(), check=True, timeout=30
        )
    head, _, body = done.stdout.replace("\r", "").partition("\n\n")
    assert head.startswith("HTTP/"), done.stdout + done.stderr
    assert seen in body
    missing = "id" if check == "response.member" else "statusMessage"
    assert f'"{missing}"' not in body, "the reply lacks what the finding says it lacks"
