"""A timeline as a HAR: valid, whole, without secrets, and with everything that was said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from conformance.har.writing import write_har
from conformance.wire.cometd import CometdSession
from conformance.wire.http import Credentials, HttpSession, TransportConfig
from conformance.wire.recorder import Recorder
from tests.har.har_support import FORMATS

PASSWORD = "kates-s3cret-password"
_VALIDATOR = jsonschema_rs.validator_for(json.loads((FORMATS / "har.json").read_text("utf-8")))


def load(path: Path) -> dict[str, Any]:
    """The log of a HAR, which fits its format."""
    document = json.loads(path.read_text("ascii"))
    assert [f"{error.instance_path}: {error.message[:200]}" for error in _VALIDATOR.iter_errors(document)] == []
    for entry in document["log"]["entries"]:
        timings = {name: value for name, value in entry["timings"].items() if name != "ssl" and value > 0}
        assert sum(timings.values()) == pytest.approx(entry["time"])
    starts = [entry["startedDateTime"] for entry in document["log"]["entries"]]
    assert starts == sorted(starts)
    log: dict[str, Any] = document["log"]
    return log


def written(folder: Path, recorder: Recorder) -> dict[str, Any]:
    """The log of the HAR that a recorder's timeline becomes."""
    write_har(recorder.path, folder / "made.har")
    assert [item.name for item in folder.iterdir() if item.name.startswith(".")] == []
    return load(folder / "made.har")


def messages(entry: Any) -> tuple[Any, Any]:
    """What a long-poll carried, there and back."""
    return json.loads(entry["request"]["postData"]["text"]), json.loads(entry["response"]["content"]["text"])


REQUEST = {"method": "POST", "url": "http://gws/cometd", "path": "/cometd", "text": None, "body": None}


def ask(recorder: Recorder, exchange: int, actor: str, size: int, **members: Any) -> None:
    """Records a request of CometD."""
    headers = {"content-length": [str(size)], "cookie": ["JSESSIONID=a; b=2"]}
    payload = {**REQUEST, "headers": headers, "exchange": exchange, "purpose": "cometd", **members}
    recorder.record("http.request", payload, actor=actor)


def reply(recorder: Recorder, exchange: int, actor: str, **members: Any) -> None:
    """Records the reply to it."""
    payload = {"exchange": exchange, "status": 200, "headers": {"content-type": ["application/json"]}, "body": None}
    more = {"text": None, "json": True, "bytes": 2, "truncated": False, "elapsed": 0.0}
    recorder.record("http.response", payload | more | members, actor=actor)


def frame(recorder: Recorder, kind: str, actor: str, listed: list[Any], **members: Any) -> None:
    """Records a frame."""
    payload = {"session": f"{actor}/1", "transport": "long-polling", "messages": listed}
    status = {"status": 200} if kind == "cometd.receive" else {}
    recorder.record(kind, payload | status | members, actor=actor)


def test_a_session_with_the_bundled_server(tmp_path: Path) -> None:
    import tomllib

    from conformance.simulator.seed import target_toml
    from conformance.simulator.server import running

    with running() as server, Recorder(tmp_path / "timeline.ndjson", info={"suite": "x"}) as recorder:
        agent = tomllib.loads(target_toml(server.base_url))["users"]["agent"]
        known = Credentials(agent["user_name"], agent["password"])
        with HttpSession(TransportConfig(server.base_url), known, recorder, actor="agent") as http:
            recorder.begin_scenario("first", {"title": "The first"})
            http.request("GET", "/me")
            http.request("GET", "/me/devices", params={"fields": "*", "a": "b c"})
            http.request("PUT", "/me", content=b"no json")
            with CometdSession(http) as session:
                session.open(["/v2/me/*"], 5)
            recorder.end_scenario()
            with CometdSession(http, transport="websocket") as session:
                session.open(["/v2/me/*"], 5)
            http.request("GET", "http://elsewhere.example.com/")
    log = written(tmp_path, recorder)
    assert log["creator"]["name"] == "gws-conformance"
    assert [(page["id"], page["title"]) for page in log["pages"]] == [("first", "The first")]
    assert log["pages"][0]["pageTimings"]["onLoad"] > 0
    entries = log["entries"]
    paged = [entry.get("pageref") for entry in entries]
    assert paged == sorted(paged, key=lambda name: name is None)
    assert json.loads(entries[0]["response"]["content"]["text"])["user"]["userName"] == agent["user_name"]
    assert entries[1]["request"]["queryString"] == [{"name": "fields", "value": "*"}, {"name": "a", "value": "b c"}]
    assert entries[2]["request"]["postData"] == {"mimeType": "application/json", "text": "no json"}
    polls = [
        messages(entry) for entry in entries if entry["request"].get("postData", {}).get("text", "").startswith("[{")
    ]
    assert [sent[0]["channel"] for sent, _ in polls][:3] == ["/meta/handshake", "/meta/subscribe", "/meta/connect"]
    assert all({one["id"] for one in sent} == {one["id"] for one in told if "id" in one} for sent, told in polls)
    socket = next(entry for entry in entries if "_webSocketMessages" in entry)
    said = [(item["type"], json.loads(item["data"])[0]["channel"]) for item in socket["_webSocketMessages"]]
    assert said[:2] == [("send", "/meta/handshake"), ("receive", "/meta/handshake")]
    assert (socket["request"]["url"][:5], socket["response"]["status"]) == ("ws://", 101)
    assert (entries[-1]["response"]["status"], "another origin" in entries[-1]["response"]["_error"]) == (0, True)
    text = (tmp_path / "made.har").read_text("ascii")
    assert agent["password"] not in text
    cookies = [
        pair["value"] for entry in entries for pair in entry["request"]["cookies"] + entry["response"]["cookies"]
    ]
    assert cookies
    assert all(value.startswith("<secret:cookie#") for value in cookies)


def test_frames_of_two_threads_find_their_requests(tmp_path: Path) -> None:
    """A held connect and a subscription leave at once, and come back the other way round."""
    connect = [{"id": "7", "channel": "/meta/connect", "clientId": "c"}]
    subscribe = [{"id": "8", "channel": "/meta/subscribe", "clientId": "c", "subscription": "/v2/me/calls"}]
    with Recorder(tmp_path / "timeline.ndjson") as recorder:
        frame(recorder, "cometd.send", "agent", connect)
        frame(recorder, "cometd.send", "agent", subscribe)
        ask(recorder, 1, "agent", len(json.dumps(subscribe, separators=(",", ":"))))
        ask(recorder, 2, "agent", len(json.dumps(connect, separators=(",", ":"))))
        reply(recorder, 1, "agent")
        reply(recorder, 2, "agent")
        frame(recorder, "cometd.receive", "agent", [{"id": "7", "channel": "/meta/connect", "successful": True}])
        frame(recorder, "cometd.receive", "agent", [{"id": "8", "channel": "/meta/subscribe", "successful": True}])
    polls = [messages(entry) for entry in written(tmp_path, recorder)["entries"]]
    assert [(sent[0]["id"], told[0]["id"]) for sent, told in polls] == [("8", "8"), ("7", "7")]


def test_frames_of_several_processes_find_their_requests(tmp_path: Path) -> None:
    """Two processes play: their actors have the same names, and number exchanges and sessions in turn."""
    shake = [{"id": "1", "channel": "/meta/handshake"}]
    size = len(json.dumps(shake, separators=(",", ":")))
    with Recorder(tmp_path / "timeline.ndjson", info={"players": 2}) as recorder:
        frame(recorder, "cometd.send", "agent", shake, session="agent/1")
        frame(recorder, "cometd.send", "agent", shake, session="agent/2")
        ask(recorder, 2, "agent", size, url="http://two/cometd")
        ask(recorder, 1, "agent", size, url="http://one/cometd")
        reply(recorder, 1, "agent")
        reply(recorder, 2, "agent")
        for number in (2, 1):
            told = [{"id": "1", "channel": "/meta/handshake", "successful": True, "clientId": f"of-{number}"}]
            frame(recorder, "cometd.receive", "agent", told, session=f"agent/{number}")
    found = {
        entry["request"]["url"]: messages(entry)[1][0]["clientId"] for entry in written(tmp_path, recorder)["entries"]
    }
    assert found == {"http://one/cometd": "of-1", "http://two/cometd": "of-2"}


@pytest.mark.parametrize("cut", [1, 0.35, 0.6, 0.999])
def test_a_timeline_that_is_cut_gives_what_is_there(tmp_path: Path, cut: float) -> None:
    with Recorder(tmp_path / "timeline.ndjson") as recorder:
        recorder.begin_scenario("only")
        for number in range(1, 6):
            ask(recorder, number, "agent", 0, purpose="api")
            reply(recorder, number, "agent", body={"statusCode": 0})
    whole = (tmp_path / "timeline.ndjson").read_bytes()
    (tmp_path / "timeline.ndjson").write_bytes(whole[: int(len(whole) * cut)])
    entries = written(tmp_path, recorder)["entries"]
    assert len(entries) == (5 if cut > 0.9 else len(entries))
    assert 0 < len(entries) <= 5
    for entry in entries[:-1]:
        assert json.loads(entry["response"]["content"]["text"]) == {"statusCode": 0}


def test_without_a_timeline_it_has_no_entries(tmp_path: Path) -> None:
    for timeline in (None, tmp_path / "gone.ndjson"):
        assert write_har(timeline, tmp_path / "made.har") == 0
        assert load(tmp_path / "made.har")["entries"] == []


def test_a_former_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "made.har"
    path.write_text("former", "utf-8")
    (tmp_path / "timeline.ndjson").write_text('{"seq":1,"t":0,"kind":"run.start","payload":{}}\n', "utf-8")
    with pytest.raises(KeyError):
        write_har(tmp_path / "timeline.ndjson", path)
    assert path.read_text("utf-8") == "former"
    assert [item.name for item in tmp_path.iterdir() if item.name.startswith(".")] == []


def test_bodies_of_every_kind(tmp_path: Path) -> None:
    bodies: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"body": {"a": "\ud800"}}, {"body": ["ü"]}),
        ({"text": "raw"}, {"json": False, "text": "<html>", "bytes": 9, "truncated": True}),
        ({}, {"json": False, "text": "", "bytes": 0}),
    ]
    with Recorder(tmp_path / "timeline.ndjson") as recorder:
        for number, (asked, told) in enumerate(bodies, start=1):
            ask(recorder, number, "agent", 0, purpose="api", **asked)
            reply(recorder, number, "agent", **told)
    first, second, third = written(tmp_path, recorder)["entries"]
    assert json.loads(first["request"]["postData"]["text"]) == {"a": "\ud800"}
    assert json.loads(first["response"]["content"]["text"]) == ["ü"]
    assert second["request"]["postData"]["text"] == "raw"
    assert second["response"]["content"]["comment"].startswith("cut")
    assert ("postData" in third["request"], third["response"]["content"]["text"]) == (False, "")
