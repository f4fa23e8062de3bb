"""A folder that takes no more in mid-run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.cli_support import COMMAND, Said, environment, finish

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a limit for the size of files")
KILOBYTES = 400


def limited(*arguments: str, cwd: Path) -> Said:
    """A command whose files may be of this size; whatever is written beyond it fails, as on a full disk."""
    process = subprocess.Popen(
        ["bash", "-c", f'ulimit -f {KILOBYTES}; exec "$@"', "bash", *COMMAND, *arguments],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return finish(process)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_cannot_be_recorded_ends_the_run_with_a_sentence(tmp_path: Path, jobs: str) -> None:
    """No defect of the suite, no verdict about the server: the sentence names the file and what helps."""
    said = limited("run", "--area", "contacts", "--jobs", jobs, "--output", "out", cwd=tmp_path)
    assert said.code == 2, said
    assert "the timeline cannot be written (File too large): out/timeline.ndjson; free space there" in said.err
    assert "Verdict: UNWRITABLE" in said.out
    assert "broke" not in said.out + said.err
    assert "Traceback" not in said.out + said.err
    assert not (tmp_path / "out" / "crash.txt").exists()
    last = (tmp_path / "out" / "timeline.ndjson").read_bytes()
    assert last.endswith(b"}\n")
