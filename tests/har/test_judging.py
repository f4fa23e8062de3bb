"""What a recording says by itself: who asked, what was offered, which notification belongs to which request."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from conformance.har import pages
from conformance.har.capture import Options, read_capture
from conformance.har.carried import CARRIED, HEARD, carriage, shares
from conformance.har.events import scenarios_of
from conformance.har.reading import HarError
from conformance.judge import CHECKS
from tests.har.har_support import (
    API,
    CALL,
    CONTRACT,
    DESKTOP,
    ESTABLISHED,
    HOST,
    act,
    bad,
    basic,
    call,
    cometd,
    entry,
    events,
    judged,
    of,
    save,
    session,
    unjudged,
    user,
)

KATE = {"Authorization": basic("kate")}
SESSION = {"Cookie": "JSESSIONID=kates-own-session-0001"}
SET = {"Set-Cookie": "JSESSIONID=kates-own-session-0001; Path=/; HttpOnly"}
DIALING = ["SendDtmf", "Hangup", "AttachUserData", "UpdateUserData", "DeleteUserData", "DeleteUserDataPair"]
HELD = [
    "Retrieve", "Hangup", "InitiateConference", "InitiateTransfer", "SingleStepConference", "SingleStepTransfer",
    "AttachUserData", "UpdateUserData", "DeleteUserData", "DeleteUserDataPair",
]  # fmt: skip


def me(at: float = 0.0, name: str = "kate", **how: Any) -> dict[str, Any]:
    """The first request of a session."""
    return entry(at, "GET", "/me", user(name), headers=KATE, told=SET, **how)


def about(entries: list[Any]) -> str:
    """The step of the last entry."""
    return f"entry {len(entries)}"


def talk(*told: tuple[float, list[Any]], until: float = 20.0) -> list[Any]:
    """Kate's session, in which a call is Established at 1 s and further events come."""
    first = (1.0, [call("Established", ESTABLISHED)])
    return [me(), *session("client-of-kate-01", 0.1, until=until, events=[first, *told], headers=SESSION)]


# -- the table --------------------------------------------------------------------------------------------------------


def test_every_check_is_declared_with_a_reason() -> None:
    """Whoever adds a check says in conformance/har/carried.py how much of it a recording can carry."""
    assert set(CARRIED) == set(CHECKS)
    assert [name for name, item in CARRIED.items() if (item.extent == "whole") == bool(item.reason)] == []
    assert set(HEARD) <= {name for name, item in CARRIED.items() if item.carried}
    assert not carriage("unheard.of").carried


def test_the_shares_add_up() -> None:
    told = shares()
    assert len(told["carried"]) + len(told["inPart"]) + len(told["notCarried"]) == len(CHECKS)
    assert len(told["carried"]) + len(told["inPart"]) >= 0.75 * len(CHECKS)


# -- notifications ----------------------------------------------------------------------------------------------------


def test_a_call_held_and_retrieved(tmp_path: Path) -> None:
    told = ((2.03, [call("Held", HELD)]), (3.03, [call("Established", ESTABLISHED)]))
    path = save(tmp_path, [*talk(*told), act(2.0, "Hold", headers=SESSION), act(3.0, "Retrieve", headers=SESSION)])
    heard = judged(path)
    assert bad(heard) == []
    assert set(of(heard, "notification.sent").values()) == {"passed"}
    assert set(of(heard, "capability.honoured").values()) == {"passed"}
    assert len(of(heard, "notification.sent")) == 2


def test_requests_in_between_do_not_take_a_notification(tmp_path: Path) -> None:
    """A browser does not wait: the notification of Hold comes after two further requests."""
    reads = [
        entry(at, "GET", "/me/calls?fields=*", {"statusCode": 0, "calls": []}, headers=SESSION) for at in (2.1, 2.2)
    ]
    path = save(tmp_path, [*reads, *talk((2.5, [call("Held", HELD)])), act(2.0, "Hold", headers=SESSION)])
    heard = judged(path)
    assert of(heard, "notification.sent")["entry 9"] == "passed"
    made = events(path)
    hold = next(item for item in made if item.kind == "http.request" and item.payload.get("body"))
    held = next(
        item for item in made if item.kind == "cometd.event" and item.payload["data"]["call"]["state"] == "Held"
    )
    assert (held.scenario, held.step) == (hold.scenario, hold.step)


def test_a_notification_that_does_not_come(tmp_path: Path) -> None:
    heard = judged(save(tmp_path, [*talk(), act(2.0, "Hold", headers=SESSION)]))
    assert bad(heard) == [("entry 6", "notification.sent", "failed")]


def test_what_the_documents_do_not_tell_is_not_missed(tmp_path: Path) -> None:
    """SingleStepConference promises an Established call; of a held one the documents do not say what becomes."""
    asked = act(4.0, "SingleStepConference", headers=SESSION)
    held = [*talk((2.03, [call("Held", HELD)])), act(2.0, "Hold", headers=SESSION)]
    heard = judged(save(tmp_path, [*held, asked]))
    assert bad(heard) == []
    assert len(of(heard, "capability.honoured")) == 2


def test_a_recording_that_ends_too_early_says_so(tmp_path: Path) -> None:
    heard = judged(save(tmp_path, [*talk(until=2.4), act(2.0, "Hold", headers=SESSION)]))
    assert bad(heard) == []
    assert of(heard, "notification.sent") == {}
    assert any("does not hold all that was told" in reason for reason in unjudged(heard))


def test_a_poll_without_its_body_is_no_silence(tmp_path: Path) -> None:
    lost = talk((2.5, []))
    assert "/meta/connect" in lost[4]["request"]["postData"]["text"]
    del lost[4]["response"]["content"]["text"]
    heard = judged(save(tmp_path, [*lost, act(2.0, "Hold", headers=SESSION)]))
    assert bad(heard) == []
    assert unjudged(heard)["the recording does not have the body of the reply"] == 1
    reasons = {item["check"]: item["reason"] for item in heard.recording["checks"]["notCarried"]}
    assert reasons["userData.merged"] == "the recording does not hold all that kate was told"


def test_the_capabilities_of_a_state(tmp_path: Path) -> None:
    entries = [*talk((2.03, [call("Held", [*HELD, "Answer"])])), act(2.0, "Hold", headers=SESSION)]
    assert bad(judged(save(tmp_path, entries))) == [(about(entries), "capabilities.after", "failed")]


@pytest.mark.parametrize(("state", "verdict"), [("Released", "passed"), ("Established", "failed")])
def test_the_state_that_the_charts_lead_to(tmp_path: Path, state: str, verdict: str) -> None:
    shown = call(state, [] if state == "Released" else ESTABLISHED)
    entries = [*talk((2.03, [shown])), act(2.0, "Hangup", headers=SESSION)]
    assert of(judged(save(tmp_path, entries)), "state.after") == {about(entries): verdict}


# -- what was offered -------------------------------------------------------------------------------------------------


def test_an_operation_that_is_not_offered_but_accepted(tmp_path: Path) -> None:
    heard = judged(save(tmp_path, [*talk(), act(2.0, "Answer", headers=SESSION)]))
    assert ("entry 6", "capability.withheld", "failed") in bad(heard)


def test_an_operation_that_is_not_offered_and_refused(tmp_path: Path) -> None:
    refused = act(2.0, "Answer", status=400, reply={"statusCode": 2, "statusMessage": "wrong state"}, headers=SESSION)
    heard = judged(save(tmp_path, [*talk(), refused]))
    assert bad(heard) == []
    assert of(heard, "capability.withheld") == {"entry 6": "passed"}


def test_an_operation_that_is_offered_but_refused(tmp_path: Path) -> None:
    refused = act(2.0, "Hold", status=400, reply={"statusCode": 2, "statusMessage": "wrong state"}, headers=SESSION)
    assert ("entry 6", "capability.honoured", "failed") in bad(judged(save(tmp_path, [*talk(), refused])))


@pytest.mark.parametrize(
    "reply",
    [
        {"statusCode": 3, "statusMessage": "Missing or invalid Csrf token"},
        {"statusCode": 20, "statusMessage": "Access denied"},
        {"statusCode": 5, "statusMessage": "no permission"},
    ],
)
def test_a_refusal_for_another_reason_is_no_deviation(tmp_path: Path, reply: dict[str, Any]) -> None:
    refused = act(2.0, "Hold", status=403, reply=reply, headers=SESSION)
    found = bad(judged(save(tmp_path, [*talk(), refused])))
    assert [item for item in found if item[0]] == []


def test_what_was_on_its_way_excuses(tmp_path: Path) -> None:
    """The capability was offered by a notification that came while the request was under way."""
    told = ((2.02, [call("Held", HELD)]), (2.08, [call("Established", ESTABLISHED)]))
    heard = judged(save(tmp_path, [*talk(*told), act(2.0, "Retrieve", headers=SESSION)]))
    assert [item for item in bad(heard) if item[1] == "capability.withheld"] == []


def test_an_error_over_cometd_takes_an_acceptance_back(tmp_path: Path) -> None:
    error = {
        "channel": "/v2/me/calls",
        "data": {"messageType": "ErrorMessage", "errorMessage": "no", "errorCode": "50"},
    }
    entries = [*talk((2.1, [error])), act(2.0, "Answer", headers=SESSION)]
    assert of(judged(save(tmp_path, entries)), "capability.withheld") == {about(entries): "passed"}


def test_a_get_is_compared_with_what_was_told(tmp_path: Path) -> None:
    shown = call("Held", HELD)["data"]["call"]
    read = entry(4.0, "GET", "/me/calls?fields=*", {"statusCode": 0, "calls": [shown]}, headers=SESSION)
    assert ("entry 6", "get.agrees", "failed") in bad(judged(save(tmp_path, [*talk(), read])))
    moving = talk((4.3, [call("Held", HELD)]))
    assert [item for item in bad(judged(save(tmp_path, [*moving, read]))) if item[1] == "get.agrees"] == []


# -- replies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "reply", "status", "check"),
    [
        ("/me", {"statusCode": 0, "user": {"id": 5}}, 200, "response.schema"),
        ("/me", {"statusCode": 0}, 200, "response.member"),
        (
            "/me",
            {"statusCode": 0, "statusMessage": "fine", "user": user("kate")["user"]},
            200,
            "response.statusMessage",
        ),
        ("/me", "<html>Welcome</html>", 200, "response.body"),
        ("/me", "Internal Server Error", 500, "http.status"),
        ("/me", {"statusCode": 6}, 404, "response.statusMessage"),
        ("/me", {"statusCode": 6, "statusMessage": "gone", "user": {}}, 404, "response.error-only"),
        ("/users?limit=1&offset=0&fields=*", {"statusCode": 0, "users": []}, 200, "paging.totalCount"),
    ],
)
def test_deviating_replies(tmp_path: Path, path: str, reply: Any, status: int, check: str) -> None:
    heard = judged(save(tmp_path, [me(), entry(1, "GET", path, reply, status=status, headers=SESSION)]))
    assert ("entry 2", check, "failed") in bad(heard)


# -- who it was -------------------------------------------------------------------------------------------------------


def test_users_by_cookie_by_credentials_and_by_client(tmp_path: Path) -> None:
    other = {"Authorization": basic("ben")}
    entries = [
        me(),
        entry(0.1, "GET", "/me", user("ben"), headers=other, told={"Set-Cookie": "JSESSIONID=bens-session-000001"}),
        entry(0.2, "GET", "/me/devices", {"statusCode": 0, "uris": []}, headers=SESSION),
        entry(
            0.3,
            "GET",
            "/me/devices",
            {"statusCode": 0, "uris": []},
            headers={"Cookie": "JSESSIONID=bens-session-000001"},
        ),
        *session("client-of-ben-0001", 0.4, headers={"Cookie": "JSESSIONID=bens-session-000001"}, until=3.0),
        entry(4.0, "GET", "/version", {"statusCode": 20, "statusMessage": "no"}, status=403),
        entry(
            5.0, "POST", "/chats", {"statusCode": 0, "id": "c1"}, sent={"operationName": "RequestChat", "nickname": "n"}
        ),
    ]
    made = events(save(tmp_path, entries))
    actors = [event.actor for event in made if event.kind == "http.request" and event.payload["purpose"] == "api"]
    assert actors == ["kate", "ben", "kate", "ben", "nobody", "customer"]
    assert {event.actor for event in made if event.kind.startswith("cometd.")} == {"ben"}
    assert {event.payload["session"] for event in made if event.kind == "cometd.send"} == {"ben/1"}


def test_two_sessions_of_a_user_at_once_are_told_apart(tmp_path: Path) -> None:
    both = [(1.0, [call("Established", ESTABLISHED)])]
    second = {"Cookie": "JSESSIONID=kates-other-session-2"}
    entries = [
        me(),
        entry(0.01, "GET", "/me", user("kate"), headers=KATE, told={"Set-Cookie": "JSESSIONID=kates-other-session-2"}),
        *session("client-of-kate-01", 0.1, headers=SESSION, events=both),
        *session("client-of-kate-02", 0.2, headers=second, events=both),
    ]
    heard = judged(save(tmp_path, entries))
    assert set(heard.recording["users"]) == {"kate", "kate+2"}
    assert bad(heard) == []


def test_without_cookies_the_last_me_counts(tmp_path: Path) -> None:
    entries = [
        entry(0, "GET", "/me", user("kate")),
        entry(1, "GET", "/me/devices", {"statusCode": 0, "uris": []}),
        entry(2, "GET", "/me", user("ben")),
        entry(3, "GET", "/me/devices", {"statusCode": 0, "uris": []}),
    ]
    made = events(save(tmp_path, entries))
    assert [event.actor for event in made if event.kind == "http.request"] == ["kate", "kate", "ben", "ben"]


# -- which host, which path -------------------------------------------------------------------------------------------


def test_another_api_path_and_another_api_of_the_same_name(tmp_path: Path) -> None:
    stranger = entry(1, "GET", "https://crm.example.net/api/v2/me", {"me": 1})
    ours = entry(2, "GET", f"{HOST}/gws/api/v2/me", user("kate"))
    elsewhere = entry(3, "GET", f"{HOST}/cloud/me", user("kate"))
    path = save(tmp_path, [stranger, ours, elsewhere])
    assert judged(path).recording["requests"] == 1
    assert judged(path, Options(api_path="/cloud")).recording["requests"] == 1
    assert judged(path, Options(hosts=("crm.example.net",))).recording["requests"] == 1
    assert judged(path, Options(hosts=("nowhere.example.net",))).recording["requests"] == 0


def test_two_deployments_do_not_mix(tmp_path: Path) -> None:
    """The same users on two servers, at the same time: the events of the one are not the other's."""
    other = "https://gws2.example.com"
    here = [*talk(), act(2.0, "Hold", headers=SESSION)]
    there = []
    for item in [*talk((2.03, [call("Held", HELD)])), act(2.0, "Hold", headers=SESSION)]:
        text = item["request"]["url"].replace(HOST, other)
        there.append({**item, "request": {**item["request"], "url": text}})
    for item in there:
        cookies = [*item["request"]["headers"], *item["response"]["headers"]]
        for pair in cookies:
            pair["value"] = pair["value"].replace("kates-own-session-0001", "another-session-00002")
        for place in (item["request"].get("postData", {}), item["response"]["content"]):
            if "text" in place:
                place["text"] = place["text"].replace("client-of-kate-01", "client-of-kate-99")
    heard = judged(save(tmp_path, [*here, *there]))
    names = {item.scenario for item in heard.judged.findings}
    assert names == {"capture gws.example.com", "capture gws2.example.com"}
    assert [item.scenario for item in heard.judged.findings if item.verdict == "failed"] == ["capture gws.example.com"]


def test_cometd_on_a_host_of_its_own_belongs_to_the_api(tmp_path: Path) -> None:
    entries = [*talk((2.03, [call("Held", HELD)])), act(2.0, "Hold", headers=SESSION)]
    for item in entries:
        item["request"]["url"] = item["request"]["url"].replace(f"{HOST}/genesys", "https://push.example.com")
    heard = judged(save(tmp_path, entries))
    assert of(heard, "notification.sent") == {about(entries): "passed"}


def test_a_named_path_of_cometd_whose_bodies_are_lost(tmp_path: Path) -> None:
    poll = cometd(0.5, None, None)
    poll["request"]["bodySize"] = 99
    path = save(tmp_path, [me(), poll])
    assert judged(path).recording["frames"] == 0
    found = judged(path, Options(notifications_path="/genesys/cometd"))
    assert found.recording["frames"] == 2
    assert unjudged(found)["the recording does not have what was sent"] == 2


def test_a_websocket_without_messages_is_told(tmp_path: Path) -> None:
    socket = entry(1, "GET", "wss://gws.example.com/genesys/cometd", None, status=101)
    other = entry(1, "GET", "wss://gws.example.com/api/v2/stream", None, status=101, _webSocketMessages=[])
    heard = judged(save(tmp_path, [me(), *session("client-of-kate-01", 0.1, headers=SESSION), socket, other]))
    assert unjudged(heard)["its messages are no Bayeux"] == 1
    assert any(item["what"] == "CometD frame" for item in heard.recording["unjudged"])


# -- what else there is -----------------------------------------------------------------------------------------------


def test_pages_are_scenarios_and_long_ones_come_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [
        {"id": "page_1", "title": "first", "startedDateTime": "2025-03-04T09:15:00Z", "pageTimings": {}},
        {"id": "page_2", "title": "second", "startedDateTime": "2025-03-04T09:15:10Z", "pageTimings": {}},
        {"id": "page_3", "title": "empty", "startedDateTime": "2025-03-04T09:15:20Z", "pageTimings": {}},
    ]
    entries = [me(pageref="page_1"), entry(11, "GET", "/me", user("kate"), headers=SESSION, pageref="page_2")]
    entries.append(entry(12, "GET", "/me", user("kate"), headers=SESSION))
    made = list(scenarios_of(events(save(tmp_path, entries, pages=listed))))
    assert [(item.id, item.info["title"]) for item in made] == [
        ("page_1", "first"),
        ("page_2", "second"),
        ("outside the pages", "what belongs to no page"),
    ]
    monkeypatch.setattr(pages, "LONG", 2)
    many = [me(), *(entry(at, "GET", "/me", user("kate"), headers=SESSION) for at in (0.5, 1, 5, 6, 7, 20))]
    cut = list(scenarios_of(events(save(tmp_path, many))))
    assert [(item.id, len(item.steps)) for item in cut] == [
        ("capture", 3),
        ("capture, part 2", 3),
        ("capture, part 3", 1),
    ]


def test_entries_out_of_order_and_without_times(tmp_path: Path) -> None:
    told = [*talk((2.03, [call("Held", HELD)])), act(2.0, "Hold", headers=SESSION)]
    shuffled = list(reversed(told))
    assert bad(judged(save(tmp_path, shuffled))) == []
    for item in told:
        item["startedDateTime"] = "unknown"
    assert judged(save(tmp_path, told)).recording["requests"] == 2


def test_lists_that_changed_in_between_are_not_compared(tmp_path: Path) -> None:
    plain = entry(1, "GET", "/me/calls", {"statusCode": 0, "uris": [f"{API}/me/calls/{CALL}"]}, headers=SESSION)
    full = entry(3, "GET", "/me/calls?fields=*", {"statusCode": 0, "calls": []}, headers=SESSION)
    still = [me(), plain, full]
    assert ("", "lists.same", "failed") in bad(judged(save(tmp_path, still)))
    moved = [*still, entry(2, "POST", f"/me/calls/{CALL}", {"statusCode": 0}, sent={"operationName": "Hangup"})]
    assert [item for item in bad(judged(save(tmp_path, moved))) if item[1] == "lists.same"] == []


def test_nothing_in_it(tmp_path: Path) -> None:
    heard = judged(save(tmp_path, []))
    assert (heard.judged.findings, heard.recording["entries"]) == ([], 0)
    strange = judged(save(tmp_path, ["text", {"request": {}}, entry(0, "GET", "https://a.example.com/", "<html>")]))
    assert (strange.recording["entries"], strange.recording["requests"]) == (3, 0)
    assert unjudged(strange)["it has no request"] == 1


def test_the_operations_are_the_contracts(tmp_path: Path) -> None:
    """Several pages describe GET /me/devices: the operation that the checks know by name is meant."""
    made = events(
        save(tmp_path, [me(), entry(1, "GET", "/me/devices", {"statusCode": 0, "uris": []}, headers=SESSION)])
    )
    named = [event.payload["info"]["operation"] for event in made if event.kind == "step.start"]
    assert named == ["basics.GetMe", "voice.ListDevices"]
    assert set(named) <= set(CONTRACT.operations)


def test_the_file_is_named_in_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.har"
    path.write_text('{"log": {"entries": [', "utf-8")
    with pytest.raises(HarError, match=r"cut\.har"):
        judged(path)


# -- hostile and large ------------------------------------------------------------------------------------------------

STRANGE: list[Any] = [None, True, -1, 0, 1e999, 10**30, "", "x" * 3000, "\u0000\u202e", [], [[]], {}, {"a": [None]}]


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values inside a document."""
    out = [here] if here else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        out += places(item, (*here, key))
    return out


@pytest.mark.parametrize("seed", range(8))
def test_whatever_stands_in_a_har_it_is_read_or_refused_with_a_sentence(tmp_path: Path, seed: int) -> None:
    """Values anywhere in the recording, and in the bodies in it, are replaced by strange ones."""
    generator = random.Random(seed)
    for _ in range(12):
        document = json.loads(DESKTOP.read_text("utf-8"))
        for _ in range(generator.choice([1, 3, 30])):
            place = generator.choice(places(document)[2:])
            target = document
            for key in place[:-1]:
                target = target[key]
            text = target[place[-1]]
            if isinstance(text, str) and text[:1] in ("{", "[") and generator.random() < 0.8:
                inner = json.loads(text)
                spot = generator.choice(places(inner) or [()])
                inside = inner
                for key in spot[:-1]:
                    inside = inside[key]
                if spot:
                    inside[spot[-1]] = copy.deepcopy(generator.choice(STRANGE[:4] + STRANGE[5:]))
                target[place[-1]] = json.dumps(inner)
            else:
                target[place[-1]] = copy.deepcopy(generator.choice(STRANGE))
        path = tmp_path / "made.har"
        path.write_text(json.dumps(document).replace("Infinity", "1e999"), "utf-8")
        with contextlib.suppress(HarError):
            judged(path)


def test_what_is_not_ours_is_not_kept(tmp_path: Path) -> None:
    """Of a recording that is mostly pictures and scripts, little is in memory at any time."""
    picture = base64.b64encode(bytes(range(256)) * 1000).decode()
    path = tmp_path / "large.har"
    with path.open("w", encoding="ascii") as file:
        file.write('{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": [')
        for number in range(100):
            made = entry(number / 10, "GET", f"https://cdn.example.com/{number}.png", picture)
            file.write(json.dumps(made) + ",\n")
        file.write(json.dumps(me()) + "]}}")
    tracemalloc.start()
    capture = read_capture(path, Options())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (capture.total, len(capture.entries)) == (101, 1)
    assert path.stat().st_size > 30_000_000
    assert peak < 12_000_000
