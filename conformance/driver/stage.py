"""The stage of a run: the target, its actors, the ledger, and the patience that all scenarios share."""

from __future__ import annotations

import json
import subprocess
from collections import deque
from collections.abc import Mapping
from typing import Any

import httpx

from conformance.contract import Contract
from conformance.driver.actor import Actor, features_of
from conformance.driver.ledger import Entry, Ledger
from conformance.driver.outcomes import NotApplicable, Unreachable, Untestable
from conformance.driver.target import Target
from conformance.wire.recorder import Event, Recorder

CHANNELS = (("voice", "api-voice"), ("chat", "api-multimedia-chat"))
PATIENT_MISSES = 2


class Patience:
    """How long to wait for a notification. After a few misses of one kind the wait for that kind becomes short, so
    that a server which never notifies is judged in bounded time; the deadline that is judged stays the same."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._misses: dict[str, int] = {}

    def for_kind(self, kind: str) -> float:
        """Seconds to wait for this kind."""
        misses = max(self._misses.get(kind, 0), self._misses.get("", 0) // 3)
        return self.deadline if misses < PATIENT_MISSES else self.deadline / 50

    def missed(self, kind: str) -> None:
        """One did not come."""
        for key in (kind, ""):
            self._misses[key] = self._misses.get(key, 0) + 1

    def came(self, kind: str) -> None:
        """One came."""
        for key in (kind, ""):
            self._misses[key] = 0


class Tempo:
    """How long notifications have taken lately. What must not come is waited for at least twice as long as what did
    come, so that a slow machine or network is not mistaken for a silent server; at most `LONGEST` seconds."""

    RECENT = 24
    LONGEST = 0.25

    def __init__(self, grace: float) -> None:
        self._least = grace
        self._recent: deque[float] = deque(maxlen=self.RECENT)

    def took(self, seconds: float) -> None:
        """A notification that was waited for has come."""
        self._recent.append(seconds)

    @property
    def grace(self) -> float:
        """Seconds to listen for what must not come; 0 when the target asks for none."""
        if self._least == 0:
            return 0.0
        return max(self._least, min(self.LONGEST, 2 * max(self._recent, default=0.0)))


class Stage:
    """Opens actors when a scenario first needs them and keeps them for the run."""

    def __init__(self, contract: Contract, target: Target, recorder: Recorder, ledger: Ledger) -> None:
        self.contract = contract
        self.target = target
        self.recorder = recorder
        self.ledger = ledger
        self.patience = Patience(target.notification_deadline)
        self.tempo = Tempo(target.grace)
        self.features: tuple[str, ...] = ()
        self.version: str | None = None
        self.csrf = False
        self.stirred = False  # a session has begun or ended: notifications of that may still be on their way
        self.stuck: set[Entry] = set()  # what a scenario made and its clean-up could not undo
        self.past: set[str] = set()  # calls and chats of scenarios that are over: news of them may come late
        self._provoker: httpx.Client | None = None
        self._actors: dict[str, Actor] = {}
        self._customer: Actor | None = None
        for user in target.users.values():
            recorder.redactor.add(user.credentials.password, f"password of {user.name}")

    def probe(self) -> None:
        """Finds out whether there is a GWS that lets the first agent in.

        Raises:
            Unreachable: there is none; the text says why.
        """
        actor = self._make("agent")
        reply = actor.http.request("GET", "/diagnostics/version", auth="none", cookies=False, purpose="auth")
        if reply.error:
            raise Unreachable(f"{self.target.transport.base_url} does not answer: {reply.error}")
        if isinstance(reply.json, Mapping) and isinstance(reply.json.get("version"), str):
            self.version = reply.json["version"][:60]
        actor.identify()
        self.csrf = actor.http.csrf is not None
        self.features = features_of(actor, self.contract)

    def _make(self, name: str) -> Actor:
        if name not in self._actors:
            user = self.target.users.get(name)
            if user is None:
                raise Untestable(f"the target file names no user {name!r} (add [users.{name}])")
            self._actors[name] = Actor(name, user, self.target, self.recorder)
        return self._actors[name]

    def actor(self, name: str, *, session: bool = True) -> Actor:
        """The actor, listening and in a contact-centre session unless `session` is False.

        Raises:
            Untestable: the target has no such user, or it cannot be opened.
            Unreachable: the deployment refuses it.
        """
        if name == "customer":
            return self.customer()
        actor = self._make(name)
        if not actor.me:
            actor.identify()
        actor.listen(self.target.transport.timeout)
        if session and not actor.in_session and actor.role != "admin":
            self.begin_session(actor)
        return actor

    def begin_session(self, actor: Actor) -> None:
        """Starts a contact-centre session on the channels that the deployment has.

        Raises:
            Untestable: the server refuses.
        """
        channels = [name for name, feature in CHANNELS if feature in self.features]
        if actor.device is None and "voice" in channels:
            channels.remove("voice")
        body: dict[str, Any] = {"operationName": "StartContactCenterSession", "channels": channels}
        user = actor.user
        for member, value in (("place", user and user.place), ("loginCode", user and user.login_code)):
            if value:
                body[member] = value
        start = self.recorder.last_seq
        reply = actor.http.request("POST", "/me", json=body, purpose="auth")
        code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
        if code not in (0, 7):
            detail = reply.json.get("statusMessage") if isinstance(reply.json, Mapping) else reply.error
            raise Untestable(
                f"no contact-centre session for {actor.name}: HTTP {reply.status}, statusCode {code!r:.20}: "
                f"{str(detail)[:200]}"
            )
        if "voice" in channels and actor.cometd is not None:
            self._await_told(actor, start, "DeviceStateChangeMessage")
        if "chat" in channels:
            start = self.recorder.last_seq
            # Only the first agent takes chats from the queue, so that a customer's chat finds its way to it.
            state = "Ready" if actor.name == "agent" else "NotReady"
            actor.http.request("POST", "/me/channels/chat", json={"operationName": state}, purpose="auth")
            if actor.cometd is not None:
                self._await_told(actor, start, "ChannelStateChangeMessage")
        actor.in_session = self.stirred = True
        self.ledger.add(Entry("session", actor.name, actor.name, "POST /me EndContactCenterSession"))

    def _await_told(self, actor: Actor, start: int, message: str) -> None:
        """Waits until an actor is told of its login or its channel: it must not come as news in a judged step.

        message: how the messageType begins (ChannelStateChangeMessage has a second version).
        """

        def told(event: Event) -> bool:
            data = event.payload.get("data") if event.kind == "cometd.event" and event.actor == actor.name else None
            return isinstance(data, Mapping) and str(data.get("messageType")).startswith(message)

        if self.recorder.wait(told, after=start, deadline=self.patience.for_kind(f"login {message}")) is None:
            self.patience.missed(f"login {message}")
        else:
            self.patience.came(f"login {message}")

    def customer(self) -> Actor:
        """A customer: no credentials, only the id of the contact centre (Customer Chat API, General)."""
        if self._customer is None:
            self._customer = Actor("customer", None, self.target, self.recorder)
        return self._customer

    def customer_request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """A request of the Customer Chat API.

        Raises:
            Untestable: the deployment refuses it.
        """
        headers = {"ContactCenterId": self.target.contact_center_id} if self.target.contact_center_id else {}
        actor = self.customer()
        extra: dict[str, Any] = {} if body is None else {"json": dict(body)}
        reply = actor.http.request(method, path, headers=headers, auth="none", csrf=False, purpose="auth", **extra)
        code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
        if reply.error or code != 0:
            raise Untestable(
                f"customer's {method} {path}: {reply.error or f'HTTP {reply.status}, statusCode {code!r:.20}'}"
            )
        return dict(reply.json)

    def stimulate(self, name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Provokes something outside the API, as the target file binds it; the JSON object that it answered.

        Raises:
            Untestable: the target file binds nothing to it, or it fails.
        """
        stimulus = self.target.stimuli.get(name)
        if stimulus is None:
            raise Untestable(f"the target file binds no stimulus {name!r} (add [stimuli.{name}])")
        self.recorder.record("stimulus", {"name": name, "parameters": dict(parameters)})
        try:
            if stimulus.command:
                done = subprocess.run(  # noqa: S603 - the command is the target file's own
                    list(stimulus.command),
                    input=json.dumps(parameters),
                    capture_output=True,
                    text=True,
                    timeout=stimulus.deadline,
                    check=True,
                )
                answer = json.loads(done.stdout) if done.stdout.strip() else {}
            else:
                if self._provoker is None:
                    self._provoker = httpx.Client(follow_redirects=False, trust_env=False)
                reply = self._provoker.request(
                    stimulus.method,
                    stimulus.url or "",
                    json={"name": name, **parameters},
                    timeout=stimulus.deadline,
                )
                reply.raise_for_status()
                answer = reply.json() if reply.content else {}
        except (OSError, subprocess.SubprocessError, httpx.HTTPError, ValueError) as error:
            raise Untestable(f"stimulus {name!r} failed: {type(error).__name__}: {str(error)[:200]}") from None
        return answer if isinstance(answer, dict) else {}

    def require_hazard(self, hazard: str) -> None:
        """Raises `NotApplicable` for a hazard that the target file does not allow."""
        if hazard not in self.target.hazards:
            raise NotApplicable(f"the target file does not allow the hazard {hazard!r} (add it to hazards.allow)")

    def require_features(self, features: tuple[str, ...]) -> None:
        """Raises `NotApplicable` when the contact centre lacks a feature."""
        missing = [name for name in features if name not in self.features]
        if missing:
            raise NotApplicable(f"the contact centre does not have the feature {', '.join(missing)}")

    def require_any_feature(self, features: tuple[str, ...]) -> None:
        """Raises `NotApplicable` when the contact centre has none of several features of which one is enough."""
        if features and not set(features) & set(self.features):
            raise NotApplicable(f"the contact centre has none of the features {', '.join(features)}")

    def opened(self) -> list[Actor]:
        """The actors that were opened."""
        return list(self._actors.values())

    def end_session(self, actor: Actor) -> None:
        """Ends the contact-centre session of an actor and forgets its HTTP session."""
        if actor.cometd is not None:
            actor.cometd.disconnect()
        if actor.in_session:
            actor.http.request("POST", "/me", json={"operationName": "EndContactCenterSession"}, purpose="auth")
        self.session_ended(actor)

    def session_ended(self, actor: Actor) -> None:
        """Notes that a session is over: its HTTP session is invalid and its CometD session of no more use."""
        actor.in_session = actor.session_played = False
        self.stirred = True
        self.ledger.done("session", actor.name, actor.name)
        if actor.cometd is not None:
            actor.cometd.abandon()
            actor.cometd = None
        actor.http.reset()
        actor.me = {}

    def close(self) -> None:
        """Ends every session and closes every connection."""
        for actor in self._actors.values():
            if actor.cometd is not None:
                actor.cometd.disconnect()  # while the HTTP session that it needs still is
            if actor.in_session:
                actor.http.request("POST", "/me", json={"operationName": "EndContactCenterSession"}, purpose="auth")
                actor.in_session = False
                self.ledger.done("session", actor.name, actor.name)
            actor.close()
        if self._customer is not None:
            self._customer.close()
        if self._provoker is not None:
            self._provoker.close()
