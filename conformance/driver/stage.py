"""The stage of a run: the target, its actors, the ledger, and the patience that all scenarios share."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import httpx

from conformance.contract import Contract, Operation, Statechart
from conformance.driver.actor import Actor, features_of
from conformance.driver.devices import clear
from conformance.driver.intents import END_SESSION, noting, refused
from conformance.driver.ledger import Entry, Ledger
from conformance.driver.outcomes import NotApplicable, Unreachable, Untestable
from conformance.driver.stimuli import StimulusFailed, carry_out, secrets_of, unbound
from conformance.driver.target import Target
from conformance.wire.http import HttpReply
from conformance.wire.recorder import Event, Recorder

CHANNELS = (("voice", "api-voice"), ("chat", "api-multimedia-chat"))
PATIENT_MISSES = 2
KNOCK = 3.0
"""Seconds for which a deployment that let a request time out may take to say that it is still there."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
GONE = (0, 2, 6)
"""The statusCodes after which something is over: done, not possible any more in its state, not found."""


def over(reply: HttpReply) -> bool:
    """Whether the server says of something that was to be ended that it is over now, or that there is none."""
    code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
    return not reply.error and (code in GONE or reply.status == 404)


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
        ledger.deployment = ledger.deployment or target.transport.root
        self.patience = Patience(target.notification_deadline)
        self.tempo = Tempo(target.grace)
        self.features: tuple[str, ...] = ()
        self.version: str | None = None
        self.csrf = False
        self.stirred = False  # a session has begun or ended: notifications of that may still be on their way
        self.gone: str | None = None  # how the deployment was found to have gone away
        self._watching = False  # whether a request that times out is followed by a knock
        self.stuck: set[Entry] = set()  # what a scenario made and its clean-up could not undo
        self.past: set[str] = set()  # calls and chats of scenarios that are over: news of them may come late
        self._provoker: httpx.Client | None = None
        self._actors: dict[str, Actor] = {}
        self._customer: Actor | None = None
        self._taking: Actor | None = None
        for user in target.users.values():
            recorder.redactor.add(user.credentials.password, f"password of {user.name}")
        for stimulus in target.stimuli.values():
            for secret in secrets_of(stimulus):
                recorder.redactor.add(secret, f"stimulus {stimulus.name}")
        if target.client_key_password:
            recorder.redactor.add(target.client_key_password, "password of the client key")

    def probe(self) -> None:
        """Finds out whether there is a GWS that lets the first agent in.

        Raises:
            Unreachable: there is none; the text says why.
        """
        actor = self._make("agent")
        reply = actor.http.request("GET", "/diagnostics/version", auth="none", cookies=False, purpose="auth")
        actor.require_passage(reply, "GET /diagnostics/version")
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
            self._actors[name].http.on_failure = self._failed
        return self._actors[name]

    def watch(self) -> None:
        """From now on the next request that times out is followed by a knock (a scenario begins)."""
        self._watching = True

    def knock(self) -> str | None:
        """Asks once whether the deployment is still there; None where it is, else the error."""
        self._watching = False
        patience = min(KNOCK, self.target.transport.timeout)
        http = self._make("agent").http
        reply = http.request(
            "GET", "/diagnostics/version", auth="none", cookies=False, purpose="auth", timeout=patience
        )
        return reply.error

    def require_present(self) -> None:
        """Raises `Unreachable` once the deployment was found to have gone away."""
        if self.gone is not None:
            raise Unreachable(f"the deployment stopped answering: {self.gone}")

    def _failed(self, reply: HttpReply) -> None:
        """After the first request of a scenario that times out: a deployment that hangs would let all others time out
        as well, each after its whole deadline."""
        if self._watching and str(reply.error).partition(":")[0].endswith("Timeout") and self.knock() is not None:
            self.gone = reply.error
            self.require_present()

    def actor(self, name: str, *, session: bool | None = None) -> Actor:
        """The actor, listening. session: True: in a contact-centre session; None: in one where the target file allows
        to begin it (`state`); False: whether or not it is in one.

        Raises:
            NotApplicable: a session is needed and may not be begun.
            Untestable: the target has no such user, or it cannot be opened.
            Unreachable: the deployment refuses it.
        """
        if name == "customer":
            return self.customer()
        actor = self._make(name)
        if not actor.me:
            actor.identify()
        actor.listen(self.target.transport.timeout)
        wanted = self.may("state") if session is None else session
        if wanted and not actor.in_session and actor.role != "admin":
            self.begin_session(actor)
        return actor

    def begin_session(self, actor: Actor) -> None:
        """Starts a contact-centre session on the channels that the deployment has; nobody is given chats in it yet.

        Raises:
            NotApplicable: the target file does not allow to change the states of its users.
            Untestable: the server refuses.
        """
        self.require_hazard("state", "a contact-centre session")
        channels = [name for name, feature in CHANNELS if feature in self.features]
        if actor.device is None and "voice" in channels:
            channels.remove("voice")
        body: dict[str, Any] = {"operationName": "StartContactCenterSession", "channels": channels}
        user = actor.user
        for member, value in (("place", user and user.place), ("loginCode", user and user.login_code)):
            if value:
                body[member] = value
        entry = Entry("session", actor.name, actor.name, END_SESSION)
        new = self.ledger.add(entry)
        start = self.recorder.last_seq
        reply = actor.http.request("POST", "/me", json=body, purpose="auth")
        if new and refused(reply):
            self.ledger.done(entry.kind, entry.actor, entry.id)
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
            self._chat_channel(actor, "NotReady", start)
        actor.in_session = self.stirred = True
        clear(self, actor)

    def take_chats(self) -> None:
        """Before a customer asks for a chat: the first agent, and nobody else, is Ready for chats, so that this one
        finds its way. `leave_chats` takes that back."""
        actor = self.actor("agent", session=True)
        if "api-multimedia-chat" in self.features and self._taking is not actor:
            self._chat_channel(actor, "Ready", self.recorder.last_seq)
            self._taking, self.stirred = actor, True

    def leave_chats(self) -> None:
        """Before a scenario that needs no chats: nobody's are given to the agent any more."""
        if self._taking is not None and self._taking.in_session:
            self._chat_channel(self._taking, "NotReady", self.recorder.last_seq)
            self._taking, self.stirred = None, True

    def _chat_channel(self, actor: Actor, state: str, start: int) -> None:
        actor.http.request("POST", "/me/channels/chat", json={"operationName": state}, purpose="auth")
        if actor.cometd is not None:
            self._await_told(actor, start, "ChannelStateChangeMessage")

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
        reply = self.customer_reply(method, path, body)
        code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
        if reply.error or not isinstance(reply.json, Mapping) or code != 0:
            raise Untestable(
                f"customer's {method} {path}: {reply.error or f'HTTP {reply.status}, statusCode {code!r:.20}'}"
            )
        return dict(reply.json)

    def customer_reply(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> HttpReply:
        """What a request of the Customer Chat API is answered."""
        headers = {"ContactCenterId": self.target.contact_center_id} if self.target.contact_center_id else {}
        actor = self.customer()
        how: dict[str, Any] = {"headers": headers, "auth": "none", "csrf": False, "purpose": "auth"}
        if body is not None:
            how["json"] = dict(body)
        return noting(self, actor.name, method, path, body, lambda: actor.http.request(method, path, **how))

    def stimulate(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Provokes something outside the API, as the target file binds it; the timeline tells how it ended.

        Raises:
            Untestable: the target file binds nothing to it, or it fails.
        """
        stimulus = self.target.stimuli.get(name)
        if stimulus is None:
            raise Untestable(unbound(name))
        self.recorder.record("stimulus", {"name": name, "parameters": dict(parameters)})
        if self._provoker is None:
            self._provoker = httpx.Client(follow_redirects=False, trust_env=False)
        try:
            carry_out(stimulus, parameters, self._provoker, self.recorder.redactor.text)
        except StimulusFailed as failure:
            # The judge needs to know: nothing can be expected of a deployment that nothing was done to.
            self.recorder.record("stimulus.done", {"name": name, "ok": False, "reason": str(failure)})
            raise Untestable(f"stimulus {name!r} failed: {failure}") from None
        self.recorder.record("stimulus.done", {"name": name, "ok": True})

    def may(self, hazard: str) -> bool:
        """Whether the target file, and the profile, allow a hazard."""
        return hazard in self.target.hazards

    def require_hazard(self, hazard: str, what: str = "") -> None:
        """Raises `NotApplicable` for a hazard that the target file does not allow. what: for what it is needed."""
        if not self.may(hazard):
            remedy = "(add it to hazards.allow)"
            if what:
                raise NotApplicable(f"{what} needs the hazard {hazard!r}, which is not allowed {remedy}")
            raise NotApplicable(f"the target file does not allow the hazard {hazard!r} {remedy}")

    def require_safe(self, method: str, reads: bool) -> None:
        """Raises `NotApplicable` for a request that might change something where only reading is allowed.

        reads: it is that of an operation that only reads, whatever its method.
        """
        if method not in SAFE and not reads and self.target.hazards <= {"read"}:
            raise NotApplicable(f"a {method} might change something, and only the hazard 'read' is allowed")

    def require_features(self, features: tuple[str, ...]) -> None:
        """Raises `NotApplicable` when the contact centre lacks a feature."""
        missing = [name for name in features if name not in self.features]
        if missing:
            raise NotApplicable(f"the contact centre does not have the feature {', '.join(missing)}")

    def lacks(self, item: Operation | Statechart) -> list[str]:
        """The features that an operation or a chart needs, by its page or by an allowed reading, and that the contact
        centre does not have."""
        return [name for name in self.contract.features_of(item) if name not in self.features]

    def require_features_of(self, *items: Operation | Statechart) -> None:
        """Raises `NotApplicable` when the contact centre lacks a feature that one of them needs."""
        for item in items:
            asked = self.contract.features_of(item)
            missing = [f"{name} (by {asked[name]})" if asked[name] else name for name in self.lacks(item)]
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
        self.session_ended(actor, sure=not actor.in_session or self._end(actor))

    def _end(self, actor: Actor) -> bool:
        """Asks for the end of a contact-centre session; whether there is none now."""
        return over(
            actor.http.request("POST", "/me", json={"operationName": "EndContactCenterSession"}, purpose="auth")
        )

    def session_ended(self, actor: Actor, *, sure: bool = True) -> None:
        """Notes that a session is over: its HTTP session is invalid and its CometD session of no more use.

        sure: the server has said so. Otherwise the ledger keeps it, and it is ended with the run or by `cleanup`.
        """
        actor.in_session = actor.session_played = False
        if self._taking is actor:
            self._taking = None
        self.stirred = True
        if sure:
            self.ledger.done("session", actor.name, actor.name)
        if actor.cometd is not None:
            actor.cometd.abandon()
            actor.cometd = None
        actor.http.reset()
        actor.me = {}

    def close(self) -> None:
        """Ends every session and closes every connection."""
        for actor in self._actors.values():
            if self.gone is not None and actor.cometd is not None:
                actor.cometd.abandon()
                actor.cometd = None
            if actor.cometd is not None:
                actor.cometd.disconnect()  # while the HTTP session that it needs still is
            open_ = actor.in_session or self.ledger.holds("session", actor.name, actor.name)
            if open_ and self.gone is None and self._end(actor):
                self.ledger.done("session", actor.name, actor.name)
            actor.in_session = False
            actor.close()
        if self._customer is not None:
            self._customer.close()
        if self._provoker is not None:
            self._provoker.close()
