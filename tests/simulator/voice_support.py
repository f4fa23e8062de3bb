"""What the voice tests share: a server in this process, and actors who ask it and read what it publishes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.testclient import TestClient

from conformance.simulator.app import Application, create_app
from conformance.simulator.models import Device, User
from conformance.simulator.world import Options, Published

Json = dict[str, Any]

USER_DATA = {"AttachUserData", "UpdateUserData", "DeleteUserData", "DeleteUserDataPair"}
BRANCHING = {"InitiateConference", "InitiateTransfer", "SingleStepConference", "SingleStepTransfer"}
RINGING = {"Answer"} | USER_DATA
DIALING = {"SendDtmf", "Hangup"} | USER_DATA
ESTABLISHED = {"Hold", "Hangup", "SendDtmf"} | BRANCHING | USER_DATA
HELD = {"Retrieve", "Hangup"} | BRANCHING | USER_DATA
BESIDE_HELD = {"SwapCalls", "CompleteTransfer"}


class Bench:
    """One server, without recording unless `recording` is set (so that capabilities are the plain ones)."""

    def __init__(self, *faults: str, recording: bool = False, order: str = "reply-first") -> None:
        off = () if recording else ("api-voice-recording",)
        self.app: Application = create_app(Options(csrf=False, order=order, features_off=off, faults=faults))
        self.world = self.app.world
        self.client = TestClient(self.app)
        self.agents = [Actor(self, f"agent{n}", f"password{n}") for n in range(1, 5)]
        self.supervisor = Actor(self, "supervisor1", "password5")
        self.admin = Actor(self, "admin1", "password6")
        self.public = Actor(self, "publicagent", "password7")

    def stimulus(self, name: str, **params: Any) -> Json:
        """Let something happen outside the API."""
        reply: Json = self.client.post("/__simulator/stimulus", json={"name": name, **params}).json()
        return reply

    def advance(self, seconds: float) -> None:
        """Move the server's clock."""
        assert self.client.post("/__simulator/clock", json={"advance": seconds}).status_code == 200


@dataclass
class Reply:
    """An HTTP status and the JSON beside it."""

    http: int
    body: Json

    @property
    def code(self) -> int:
        """statusCode."""
        code: int = self.body["statusCode"]
        return code


@dataclass
class Actor:
    """A user of the bench; `events()` gives what was published for this user since the last look."""

    bench: Bench
    name: str
    password: str
    _seen: set[int] = field(default_factory=set)
    _kept: list[Published] = field(default_factory=list)

    @property
    def user(self) -> User:
        """The seeded user."""
        user = self.bench.world.user_by_name(self.name)
        assert user is not None
        return user

    @property
    def device(self) -> Device:
        """The user's device."""
        assert self.user.device is not None
        return self.user.device

    @property
    def number(self) -> str:
        """The user's phone number."""
        return self.device.phone_number

    def request(self, method: str, path: str, body: Json | None = None) -> Reply:
        """Any request as this user."""
        response = self.bench.client.request(method, "/api/v2" + path, json=body, auth=(self.name, self.password))
        return Reply(response.status_code, response.json())

    def post(self, path: str, operation: str, **params: Any) -> Reply:
        """An operation."""
        return self.request("POST", path, {"operationName": operation, **params})

    def do(self, operation: str, call: str, **params: Any) -> Reply:
        """An operation on a call."""
        return self.post(f"/me/calls/{call}", operation, **params)

    def on_device(self, operation: str, **params: Any) -> Reply:
        """An operation on the own device."""
        return self.post(f"/me/devices/{self.device.id}", operation, **params)

    def state(self, operation: str, **params: Any) -> Reply:
        """An agent state."""
        return self.post("/me/channels/voice", operation, **params)

    def start(self, *channels: str, **params: Any) -> Reply:
        """StartContactCenterSession, by default for voice."""
        return self.post("/me", "StartContactCenterSession", channels=list(channels or ("voice",)), **params)

    def dial(self, number: str, **params: Any) -> str:
        """Dial and give the new call's id ("" when no call came of it)."""
        before = {call["id"] for call in self.calls()}
        path = f"/me/devices/{self.device.id}/calls"
        reply = self.post(path, "Dial", destination={"phoneNumber": number}, **params)
        assert reply.body == {"statusCode": 0}
        return next((call["id"] for call in self.calls() if call["id"] not in before), "")

    def calls(self) -> list[Json]:
        """GET /me/calls?fields=*."""
        calls: list[Json] = self.request("GET", "/me/calls?fields=*").body["calls"]
        return calls

    def call(self, call: str) -> Json:
        """GET /me/calls/{id}: the call, which must be there."""
        reply = self.request("GET", f"/me/calls/{call}")
        assert reply.http == 200, reply
        resource: Json = reply.body["call"]
        return resource

    def capabilities(self, call: str) -> set[str]:
        """What the call offers now."""
        return set(self.call(call)["capabilities"])

    def seen_device(self) -> Json:
        """GET /me/devices?fields=*: the own device."""
        device: Json = self.request("GET", "/me/devices?fields=*").body["devices"][0]
        return device

    def events(self, channel: str | None = None) -> list[Json]:
        """The data of the notifications for this user that have not been looked at."""
        found: list[Json] = []
        for published in list(self.bench.world.published):
            if published.user_id != self.user.id or id(published) in self._seen:
                continue
            self._seen.add(id(published))
            self._kept.append(published)  # keeps the id from being used again
            if channel is None or published.channel == channel:
                found.append(published.data)
        return found

    def story(self) -> list[tuple[str, str]]:
        """The new call notifications in short: (notificationType, state), errors as ("ErrorMessage", text)."""
        told = []
        for data in self.events():
            if data["messageType"] == "CallStateChangeMessage":
                told.append((data["notificationType"], data["call"]["state"]))
            elif data["messageType"] == "ErrorMessage":
                told.append(("ErrorMessage", data["errorMessage"]))
        return told


def talk(one: Actor, other: Actor) -> str:
    """Two agents talk; gives the call's id and forgets what was published."""
    call = one.dial(other.number)
    assert other.do("Answer", call).code == 0
    assert one.call(call)["state"] == other.call(call)["state"] == "Established"
    one.events()
    other.events()
    return call


def talk_to_customer(agent: Actor, number: str = "6001") -> str:
    """A customer has called the agent, who answered."""
    call: str = agent.bench.stimulus("inbound-call", to=agent.number, **{"from": number})["callId"]
    assert agent.do("Answer", call).code == 0
    assert agent.call(call)["state"] == "Established"
    agent.events()
    return call


def consult(agent: Actor, call: str, number: str, operation: str = "InitiateTransfer", **params: Any) -> str:
    """Start a consult call and give its id."""
    assert agent.do(operation, call, destination={"phoneNumber": number}, **params).code == 0
    return next(str(c["id"]) for c in agent.calls() if c["callType"] == "Consult")


def numbers(call: Json) -> set[str]:
    """The participants' numbers."""
    return {participant["phoneNumber"] for participant in call["participants"]}


INCORRECT = ("ErrorMessage", "Incorrect object state")
INVALID = ("ErrorMessage", "Invalid Called Dn")
BUSY = ("ErrorMessage", "Destination is busy")
