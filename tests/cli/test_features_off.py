"""A deployment without a feature that the documents do not assign by default (Features, lines 3580-3621) is skipped,
not blamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.simulator.server import running
from conformance.simulator.world import Options
from tests.cli.cli_support import command, read_results

RECORDING = "recording:Stopped or voice.StartCallRecording and positive or voice.Answer and positive"
CHATS = "chat.Monitor and positive or chat:Invited or chat-monitoring:Monitor"


@pytest.mark.parametrize(
    ("feature", "expression", "reason", "played"),
    [
        ("api-voice-recording", RECORDING, "api-voice-recording", {"voice.Answer[positive]"}),
        ("api-multimedia-chat", CHATS, "api-multimedia-chat (by chat.feature-name/chat)", set()),
        ("api-multimedia", CHATS, "api-multimedia", set()),
        (
            "api-supervisor-monitoring",
            "monitoring:ListenIn or voice.Coach and positive",
            "api-supervisor-monitoring",
            set(),
        ),
    ],
)
def test_what_belongs_to_a_feature_that_is_off_is_skipped(
    tmp_path: Path, feature: str, expression: str, reason: str, played: set[str]
) -> None:
    """Nothing fails, nothing is untestable, and what is skipped names the feature and the reading that asks for it."""
    with running(Options(features_off=(feature,))) as server:
        command("run", "--base-url", server.base_url, "-k", expression, "--output", "out", cwd=tmp_path)
    results = read_results(tmp_path / "out")
    ends = {item["id"]: (item["verdict"], item["reason"]) for item in results["scenarios"]}
    assert {name for name, (verdict, _) in ends.items() if verdict == "passed"} == played
    rest = {name: end for name, end in ends.items() if name not in played}
    assert len(rest) >= 2
    assert {verdict for verdict, _ in rest.values()} == {"skipped"}
    assert f"the contact centre does not have the feature {reason}" in {text for _, text in rest.values()}
