"""An actor: one user of the deployment with an HTTP session, a CometD session and what it was told of resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from conformance.contract import Contract
from conformance.contract.matching import resources_in
from conformance.driver.outcomes import Unreachable, Untestable
from conformance.driver.target import Target, TargetUser
from conformance.wire.cometd import CometdError, CometdSession
from conformance.wire.http import HttpReply, HttpSession
from conformance.wire.recorder import Event, Recorder

Transport = Literal["long-polling", "websocket"]
TRACKED = ("call", "chat", "device")
OVER: Mapping[str, frozenset[str]] = {"call": frozenset({"Released"}), "chat": frozenset({"Completed", "Revoked"})}
"""The states in which a call or a chat is over for its actor."""


class Actor:
    """One user at work. `resources` holds, per kind and id, the latest state that a notification showed."""

    def __init__(self, name: str, user: TargetUser | None, target: Target, recorder: Recorder) -> None:
        self.name = name
        self.user = user
        self.target = target
        self.recorder = recorder
        self.http = HttpSession(target.transport, user.credentials if user else None, recorder, actor=name)
        self.cometd: CometdSession | None = None
        self.me: dict[str, Any] = {}
        self.device: dict[str, Any] | None = None
        self.device_told = False  # whether a notification showed it so, and no GET
        self.resources: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in TRACKED}
        self.last_message: dict[str, Any] = {}
        self.in_session = False
        self.session_played = False  # begun by a scenario, perhaps on other channels than the run's own sessions

    @property
    def role(self) -> str:
        """`agent`, `supervisor`, `admin` or `customer`."""
        return self.user.role if self.user else "customer"

    @property
    def nickname(self) -> str:
        """The name under which the actor appears in chats."""
        return f"{self.name}-nick"

    def identify(self) -> None:
        """Reads who the actor is and which device it has.

        Raises:
            Unreachable: the deployment does not answer or refuses the credentials.
        """
        reply = self.http.request("GET", "/me", purpose="auth")
        self._require(reply, "GET /me")
        user = reply.json.get("user") if isinstance(reply.json, Mapping) else None
        if not isinstance(user, Mapping) or not user.get("id"):
            raise Unreachable(f"GET /me as {self.name} did not return a user")
        self.me = dict(user)
        reply = self.http.request("GET", "/me/devices", params={"fields": "*"}, purpose="auth")
        devices = reply.json.get("devices") if isinstance(reply.json, Mapping) else None
        if isinstance(devices, list) and devices and isinstance(devices[0], Mapping):
            self.note_device(devices[0])

    def require_passage(self, reply: HttpReply, what: str) -> None:
        """Raises `Unreachable` for a reply of the proxy, which says nothing of the deployment."""
        # A tunnel (https) that is refused has no reply of its own.
        if reply.status != 407 and not (reply.error or "").startswith("ProxyError: 407"):
            return
        proxy = urlsplit(self.target.transport.proxy).hostname if self.target.transport.proxy else "on the way"
        raise Unreachable(
            f"{what} as {self.name}: HTTP 407: the proxy {proxy} refuses to pass the request on; give it a user name "
            'and a password: proxy = "http://user:password@host:port"'
        )

    def _require(self, reply: HttpReply, what: str) -> None:
        self.require_passage(reply, what)
        if reply.error:
            raise Unreachable(f"{what} as {self.name}: {reply.error}")
        code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
        if reply.status != 200 or code != 0:
            text = f"{what} as {self.name}: {why_not_in(reply, self.name)}"
            raise Unreachable(self.recorder.redactor.text(text))

    def listen(self, deadline: float) -> None:
        """Opens the CometD session and subscribes.

        Raises:
            Untestable: it cannot be opened.
        """
        if self.cometd is not None and self.cometd.state == "connected":
            return
        if self.cometd is not None:
            self.cometd.close()
        transport: Transport = "websocket" if self.target.cometd_transport == "websocket" else "long-polling"
        session = CometdSession(self.http, transport=transport, ack=self.target.acknowledgement)
        try:
            session.open(list(self.target.subscribe), deadline)
        except CometdError as error:
            session.close()
            raise Untestable(f"no CometD session for {self.name}: {error}") from error
        self.cometd = session

    def note_device(self, device: Mapping[str, Any]) -> None:
        """Keeps what is known of the actor's device, as it was read."""
        self.device, self.device_told = {**(self.device or {}), **device}, False
        identifier = str(device.get("id", ""))
        if identifier:
            self.resources["device"][identifier] = dict(device)

    def absorb(self, event: Event) -> None:
        """Takes in what a notification shows of the actor's resources."""
        data = event.payload.get("data")
        messages = data.get("messages") if isinstance(data, Mapping) else None
        if isinstance(messages, list) and messages and isinstance(messages[-1], Mapping):
            self.last_message = dict(messages[-1])
        for kind in TRACKED:
            for resource in resources_in(data, kind):
                identifier = resource.get("id")
                if not isinstance(identifier, str):
                    continue
                if kind == "device" and self.device is not None and identifier == self.device.get("id"):
                    self.device, self.device_told = dict(resource), True
                known = self.resources[kind].pop(identifier, {}) if kind != "device" else {}
                self.resources[kind][identifier] = {**known, **resource} if kind == "chat" else dict(resource)

    def latest(self, kind: str, identifier: str | None) -> dict[str, Any] | None:
        """The newest state of a resource, None when nothing was told of it."""
        return self.resources.get(kind, {}).get(identifier or "")

    def forget(self) -> None:
        """Drops calls and chats of finished scenarios; devices stay."""
        for kind in ("call", "chat"):
            self.resources[kind].clear()

    def close(self) -> None:
        """Ends the CometD session and closes the connections."""
        if self.cometd is not None:
            self.cometd.disconnect()
            self.cometd.close()
            self.cometd = None
        self.http.close()


def features_of(actor: Actor, contract: Contract) -> tuple[str, ...]:
    """The features that the contact centre has, by `GET /features`; all known ones where it does not say."""
    reply = actor.http.request("GET", "/features", params={"fields": "*"}, purpose="auth")
    listed = reply.json.get("features") if isinstance(reply.json, Mapping) else None
    if not isinstance(listed, list):
        return tuple(sorted({name for item in contract.operations.values() for name in item.feature_names}))
    return tuple(sorted(str(item.get("id")) for item in listed if isinstance(item, Mapping)))


def why_not_in(reply: HttpReply, name: str) -> str:
    """What a deployment that answered, but did not let a user in, said: a sentence with what would help."""
    body = reply.json if isinstance(reply.json, Mapping) else {}
    code, said = body.get("statusCode"), one_line(body.get("statusMessage") or "", 160)
    seen = f"HTTP {reply.status}" + (f", statusCode {code!r:.20}" if code is not None else "")
    seen += f" ({said})" if said else ""
    if reply.status in {401, 403} or code == 20:
        return f"{seen}: the deployment answers, but refuses the credentials of users.{name}; check them"
    if 300 <= reply.status < 400:
        return (
            f"{seen}: the deployment answers, but sends users elsewhere{_host_of(reply.header('location'))}, as a "
            "single sign-on does; give a base_url and api_path where HTTP Basic lets users in"
        )
    if isinstance(code, int) and not isinstance(code, bool):
        return f"{seen}: the deployment answers as a GWS does, but with an error; its log may tell why"
    kind = "JSON" if reply.is_json else one_line(reply.header("content-type") or "no Content-Type", 60)
    return f"{seen}, {kind}: this does not look like a GWS; check base_url and api_path"


def _host_of(location: str | None) -> str:
    """` to <host>` for a redirect; of the rest of the address nothing is told, which may hold a secret."""
    try:
        host = urlsplit(location or "").hostname
    except ValueError:
        host = None
    return f" (to {one_line(host, 80)})" if host else ""


def one_line(value: object, limit: int) -> str:
    """What a server said, as one bounded line of printable characters."""
    text = " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."
