"""What a reader pastes to repeat a finding's request: the preamble, the line, and what is said beside it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance.report.console import make_console, print_summary
from conformance.report.curl import curl_lines, curl_note, curl_notes, ended_server, homed, preamble
from conformance.report.html import render
from tests.report.report_support import Page, Tape, finding, hold, results_of, small_contract

TARGET = {
    "baseUrl": "https://gws.example.com",
    "apiPath": "/api/v2",
    "users": {"agent": "o'neill $(id)", "supervisor": "boss"},
}
SHELLS = [name for name in ("bash", "zsh") if shutil.which(name)]


def pasted(script: str, shell: str = "bash", **environment: str) -> str:
    """What a shell makes of a paste; curl is replaced by something that shows how it is called."""
    fake = 'curl() { printf "X-CSRF-HEADER: X-CSRF-TOKEN\\r\\nX-CSRF-Token: tok-1\\r\\n"; printf "%s|" "$@" >&2; }\n'
    done = subprocess.run(
        [shell, "-c", fake + script],
        capture_output=True,
        env={"PATH": os.environ["PATH"], **environment},
        check=True,
        timeout=20,
    )
    return done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_preamble_sets_every_variable(shell: str) -> None:
    """Each variable that a line may use is exported, whatever the user is called."""
    text = preamble(TARGET, ['curl -u "$GWS_OTHER_USER:$GWS_OTHER_PASSWORD" x'])
    show = '\nprintf "%s\\n" "[$GWS_USER][$GWS_PASSWORD][$GWS_CSRF_TOKEN][$GWS_OTHER_USER]"; test -f "$GWS_COOKIES"'
    said = pasted(text + show, shell)
    assert "[o'neill $(id)][...][tok-1][gws-conformance-nobody]" in said
    assert "-u|o'neill $(id):...|-c|" in said
    assert "|https://gws.example.com/api/v2/me|" in said
    assert "#" not in text, "an interactive zsh takes comments for words"
    assert "GWS_OTHER_USER" not in preamble(TARGET, ['curl -u "$GWS_USER:$GWS_PASSWORD" x'])


def test_characters_beyond_latin_reach_the_server_in_any_locale() -> None:
    """The C locale of a CI machine does not spoil a name."""
    tape = Tape()
    tape.begin("voice.Hold[odd]", area="voice")
    tape.step()
    text = '{"a": "\'$HOME `id` \\n \u20ac \U0001f600 \u00fc"}\n!'
    seq = tape.request(text=text)
    tape.reply({"statusCode": 0})
    bad = finding("failed", scenario="voice.Hold[odd]", evidence=(seq,))
    (line,) = curl_lines([bad], [tape.end()]).values()
    script = 'curl() { for word; do last="$word"; if [ "$before" = --data-raw ]; then printf "%s" "$word"; fi; '
    script += 'before="$word"; done; }\n' + line
    for locale in ("C", "C.UTF-8"):
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, env={"LC_ALL": locale}, check=True, timeout=20
        )
        assert done.stdout.decode() == text, locale


def noted() -> tuple[Any, Any]:
    """A finding about a call that somebody else than the agent was told of."""
    tape = Tape()
    tape.begin("voice.Hold[gone]", area="voice")
    tape.step(case="setup")
    tape.told({"messageType": "CallStateChangeMessage", "call": {"id": "CALL-0007", "state": "Ringing"}})
    tape.step()
    seq = tape.request(path="/me/calls/CALL-0007")
    tape.reply({"statusCode": 0})
    return finding("failed", scenario="voice.Hold[gone]", evidence=(seq,)), tape.end()


def test_what_is_gone_is_told() -> None:
    """An id that came into being in the scenario ended with it; one that the target has is not named."""
    bad, item = noted()
    assert curl_notes([bad], [item], TARGET) == {
        bad.id: "CALL-0007 was of that run and is gone: put in what is there now"
    }
    plain, seq = hold(Tape())
    fine = finding("failed", evidence=(seq,))
    assert curl_notes([fine], [plain], TARGET) == {} or "call" not in str(plain.events[0].payload)
    passed = finding("passed", scenario="voice.Hold[gone]", evidence=bad.evidence)
    assert curl_notes([passed], [item], TARGET) == {}


def test_whose_line_it_is_is_told() -> None:
    """The preamble logs the agent in; a line of the supervisor says so."""
    _, item = noted()
    exchange = item.steps[1].exchanges[0]
    theirs = {**TARGET, "users": {"someone": "x", "agent": "a7"}}
    assert curl_note(exchange, item, theirs).startswith("sent by agent: export a7 as GWS_USER")
    assert "sent by" not in curl_note(exchange, item, TARGET)


@pytest.mark.parametrize(
    ("url", "arguments", "command"),
    [
        ("http://127.0.0.1:8123", ("run", "--fault", "a.b"), "gws-conformance simulator --port 8123 --fault a.b"),
        ("http://127.0.0.1:8123", ("run", "--fault=a:b c"), "gws-conformance simulator --port 8123 --fault 'a:b c'"),
        ("http://127.0.0.1:8123", ("run", "--target", "t.toml"), ""),
        ("https://gws.example.com", ("run",), ""),
        ("http://127.0.0.1.evil.example:80", (), ""),
    ],
)
def test_the_server_that_has_ended(url: str, arguments: tuple[str, ...], command: str) -> None:
    """A bundled server is started again where the lines look for it; a deployment is not."""
    assert ended_server({"baseUrl": url}, arguments) == command


def test_lines_of_several_bundled_servers_have_one_address() -> None:
    """Each process of a run has a server of its own; whoever repeats a line has one."""
    line = 'curl --data-raw \'{"uri": "http://127.0.0.1:9/api"}\' http://127.0.0.1:9/api/v2/me'
    assert homed(line, {"baseUrl": "http://127.0.0.1:8123"}) == line.replace(":9/", ":8123/")
    assert homed(line, TARGET) == line


def test_the_console_and_the_page_tell_it_once() -> None:
    """Under the failures, with the line's note beneath the line; nothing where there is no line."""
    bad, item = noted()
    results = results_of([bad], [item], target=TARGET)
    file = io.StringIO()
    notes = curl_notes([bad], [item], TARGET)
    print_summary(results, curl_lines([bad], [item]), make_console(file), [Path("x")], notes=notes)
    text = file.getvalue()
    assert text.count("export GWS_CSRF_TOKEN=") == 1
    assert "   but       CALL-0007 was of that run" in text
    page = Page(render(results, [item], small_contract()))
    assert page.problems == []
    assert page.text.count("export GWS_CSRF_TOKEN=") == 1
    assert "CALL-0007 was of that run" in page.text
    file = io.StringIO()
    print_summary(results_of([finding()], target=TARGET), {}, make_console(file))
    assert "GWS_" not in file.getvalue()
