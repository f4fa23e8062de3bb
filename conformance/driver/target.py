"""The target file: which deployment is tested, as whom, how patiently, and what may be done to it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.contract.files import read_json
from conformance.contract.locate import data_root
from conformance.driver.target_mistakes import Places, mistakes, syntax
from conformance.wire.config import Certificate, ConfigError, Credentials, TransportConfig

DEFAULT_HAZARDS = frozenset({"read", "state"})
USER_ROLES = {
    "agent": "agent",
    "second_agent": "agent",
    "third_agent": "agent",
    "public_agent": "agent",
    "supervisor": "supervisor",
    "admin": "admin",
}

BINDINGS: Mapping[str, str] = {
    "inbound-call": '{"to": "5001"} and calls this number from outside',
    "service-state": '{"type": "Voice", "state": "Inactive"}, later "Active"',
    "features": '{"off": ["api-multimedia-chat"]}, later {"on": [...]}',
}
"""What a run provokes, and the parameters that the command or url gets which the target file binds to it."""

_KEYS_OF_SETTINGS = {
    "timeout": "deadlines.request",
    "verify": "tls.ca_file",
    "cert": "tls.client_certificate",
    "cert.key": "tls.client_key",
    "cert.password": "tls.client_key",
}


class TargetError(Exception):
    """The target file cannot be used. The text names file, line, key and remedy, never a secret."""


@dataclass(frozen=True)
class TargetUser:
    """One user of the deployment: `name` is the key in `[users]`, `role` what the user may do."""

    name: str
    role: str
    credentials: Credentials
    place: str | None = None
    login_code: str | None = None
    queue: str | None = None


@dataclass(frozen=True)
class Stimulus:
    """How something is provoked that no API can do: a command (JSON on standard input) or an HTTP call.

    folder: that of the target file, where a command runs and from where its relative paths count.
    """

    name: str
    command: tuple[str, ...] = field(default=(), repr=False)
    url: str | None = field(default=None, repr=False)
    method: str = "POST"
    deadline: float = 10.0
    folder: Path = Path()


@dataclass(frozen=True)
class Target:
    """A deployment under test. Times are in seconds."""

    transport: TransportConfig
    users: Mapping[str, TargetUser]
    edition: str = "8.5"
    notification_deadline: float = 5.0
    grace: float = 0.25
    cometd_transport: str = "long-polling"
    acknowledgement: bool = False
    subscribe: tuple[str, ...] = ("/v2/me/*", "/notifications/services")
    external_number: str | None = None
    queue_number: str | None = None
    unassigned_number: str | None = None
    chat_queue: str | None = None
    contact_center_id: str | None = None
    document_id: str | None = None
    hazards: frozenset[str] = DEFAULT_HAZARDS
    stimuli: Mapping[str, Stimulus] = field(default_factory=dict)
    client_key_password: str | None = field(default=None, repr=False)
    file: Path | None = None

    def describe(self) -> dict[str, Any]:
        """What a report says of the target: no secrets."""
        return {
            "baseUrl": self.transport.base_url,
            "apiPath": self.transport.api_path,
            "notificationsPath": self.transport.notifications_path,
            "edition": self.edition,
            "cometdTransport": self.cometd_transport,
            "users": {name: user.credentials.user_name for name, user in self.users.items()},
            "hazards": sorted(self.hazards),
            "stimuli": sorted(self.stimuli),
            "deadlines": {
                "request": self.transport.timeout,
                "notification": self.notification_deadline,
                "grace": self.grace,
            },
        }


def load_target(path: Path, *, base_url: str | None = None) -> Target:
    """Reads a target file; `base_url` replaces the one in the file. Relative paths in it begin at its folder.

    Raises:
        TargetError: names file, line, key and remedy.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise TargetError(
            f"{path}: cannot be read ({error.strerror}); 'gws-conformance init' writes an example"
        ) from None
    except UnicodeDecodeError:
        raise TargetError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    return parse_target(text, path, base_url=base_url)


def parse_target(text: str, path: Path, *, base_url: str | None = None) -> Target:
    """The target that a file's text describes. Raises `TargetError` as `load_target` does."""
    text = text.removeprefix("\ufeff")  # some editors begin a file with a byte-order mark
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TargetError(syntax(text, path, error)) from None
    except RecursionError:
        raise TargetError(f"{path}: is nested too deeply; see 'gws-conformance init' for what it may hold") from None
    if base_url:
        raw["base_url"] = base_url
    places = Places(text, path, {"base_url": "--base-url"} if base_url else None)
    schema = read_json(data_root("schemas") / "formats" / "target.json")
    _raise(mistakes(raw, schema, places))
    _raise([places.say(keys, said) for keys, said in _contradictions(raw)])
    return _Reading(raw, places).target()


def _raise(problems: Sequence[str]) -> None:
    if problems:
        raise TargetError("\n".join(problems))


def _contradictions(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Keys that are right alone and wrong together."""
    tls = raw.get("tls", {})
    for name in ("client_key", "client_key_password_env", "client_key_password_file"):
        if name in tls and "client_certificate" not in tls:
            yield ("tls", name), "is of no use alone: add tls.client_certificate, or take it out"
    if "client_key_password_env" in tls and "client_key_password_file" in tls:
        yield (
            ("tls", "client_key_password_file"),
            "give exactly one of client_key_password_env, client_key_password_file",
        )
    if tls.get("verify") is False and "ca_file" in tls:
        yield (
            ("tls", "verify"),
            "false means that ca_file is not looked at: take out verify to check certificates, or ca_file not to",
        )
    known: dict[str, str] = {}
    for name, user in raw["users"].items():
        first = known.setdefault(user["user_name"], name)
        if first != name:
            wrong = f"is that of users.{first} already: name another user, or take users.{name} out"
            yield ("users", name, "user_name"), wrong


class _Reading:
    """Makes a target of what has been read, and gathers what is wrong with it."""

    def __init__(self, raw: Mapping[str, Any], places: Places) -> None:
        self._raw, self._places = raw, places
        self._folder = places.path.parent
        self._problems: list[str] = []

    def target(self) -> Target:
        """The target. Raises `TargetError`."""
        raw = self._raw
        deadlines, cometd, numbers = raw.get("deadlines", {}), raw.get("cometd", {}), raw.get("numbers", {})
        users = {name: user for name, item in raw["users"].items() if (user := self._user(name, item)) is not None}
        password = self._secret(("tls", "client_key_password"), raw.get("tls", {}))
        transport = self._transport(password) if not self._problems else None
        _raise(self._problems)
        assert transport is not None
        return Target(
            transport=transport,
            users=users,
            edition=raw.get("edition", "8.5"),
            notification_deadline=float(deadlines.get("notification", 5)),
            grace=float(deadlines.get("grace", 0.25)),
            cometd_transport=cometd.get("transport", "long-polling"),
            acknowledgement=cometd.get("acknowledgement", False),
            subscribe=tuple(cometd.get("subscribe", ("/v2/me/*", "/notifications/services"))),
            external_number=numbers.get("external"),
            queue_number=numbers.get("queue"),
            unassigned_number=numbers.get("unassigned"),
            chat_queue=raw.get("queues", {}).get("chat"),
            contact_center_id=raw.get("contact_center_id"),
            document_id=raw.get("document_id"),
            hazards=frozenset(raw.get("hazards", {}).get("allow", DEFAULT_HAZARDS)),
            stimuli={name: self._stimulus(name, item) for name, item in raw.get("stimuli", {}).items()},
            client_key_password=password,
            file=self._places.path,
        )

    def _wrong(self, keys: Sequence[str], text: str) -> None:
        self._problems.append(self._places.say(keys, text))

    def _refused(self, error: ConfigError, keys: Sequence[str]) -> None:
        """A setting that the wire does not take: its name gives way to the key."""
        text = re.sub(rf"\A(?:verify:|cert:|{re.escape(error.setting or 'cert')}) ", "", str(error))
        if error.setting == "cert.password":
            text += ", by tls.client_key_password_env or tls.client_key_password_file"
        self._wrong(keys, text)

    def _file(self, value: str) -> str:
        return str(self._folder / value)

    def _secret(self, keys: tuple[str, ...], table: Mapping[str, Any]) -> str | None:
        """A secret that stands in the file, in the environment or in a file of its own; None where none is named."""
        name = keys[-1]
        if name in table:
            return str(table[name])
        if f"{name}_env" in table:
            variable = str(table[f"{name}_env"])
            if variable not in os.environ:
                shown = variable if re.fullmatch(r"\w{1,80}", variable) else "that it names"
                self._wrong((*keys[:-1], f"{name}_env"), f"the variable {shown} is not set; export it")
            return os.environ.get(variable)
        if f"{name}_file" not in table:
            return None
        file = self._folder / str(table[f"{name}_file"])
        try:
            return file.resolve().read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError, ValueError):
            self._wrong((*keys[:-1], f"{name}_file"), f"{file} cannot be read; correct the path")
            return None

    def _user(self, name: str, item: Mapping[str, Any]) -> TargetUser | None:
        password = self._secret(("users", name, "password"), item)
        try:
            credentials = Credentials(item["user_name"], password or "")
        except ConfigError as error:
            self._refused(error, ("users", name, "user_name"))
            return None
        return TargetUser(
            name, USER_ROLES[name], credentials, item.get("place"), item.get("login_code"), item.get("queue")
        )

    def _stimulus(self, name: str, item: Mapping[str, Any]) -> Stimulus:
        command, url = tuple(item.get("command", ())), item.get("url")
        return Stimulus(name, command, url, item.get("method", "POST"), item.get("deadline", 10.0), self._folder)

    def _transport(self, password: str | None) -> TransportConfig | None:
        raw, tls = self._raw, self._raw.get("tls", {})
        try:
            transport = TransportConfig(
                base_url=raw["base_url"],
                api_path=raw.get("api_path", "/api/v2"),
                notifications_path=raw.get("notifications_path", "/api/v2/notifications"),
                verify=self._file(tls["ca_file"]) if "ca_file" in tls else tls.get("verify", True),
                cert=self._certificate(tls, password),
                proxy=raw.get("proxy"),
                timeout=float(raw.get("deadlines", {}).get("request", 10)),
                rate=raw.get("rate"),
            )
            if tls:
                transport.ssl_context()  # now, so that a wrong file is told before anything begins
        except ConfigError as error:
            self._refused(error, _KEYS_OF_SETTINGS.get(error.setting, error.setting).split("."))
            return None
        return transport

    def _certificate(self, tls: Mapping[str, Any], password: str | None) -> Certificate | None:
        if "client_certificate" not in tls:
            return None
        certificate = self._file(tls["client_certificate"])
        key = self._file(tls["client_key"]) if "client_key" in tls else certificate
        if password is not None:
            return certificate, key, password
        return (certificate, key) if key != certificate else certificate


EXAMPLE = """\
# The deployment under test. 'gws-conformance run --target target.toml' reads this file.
# Relative paths in it (TLS files, password files, commands) begin at the folder of this file.
base_url = "https://gws.example.com"          # scheme, host, port; no credentials
# api_path = "/api/v2"
# notifications_path = "/api/v2/notifications"  # some deployments: "/genesys/cometd"
# contact_center_id = "cfe5ad67-..."            # customers name it when they ask for a chat
# document_id = "0000YaB6ARKB0019"             # a document of the contact server that agents may attach to chats
# edition = "8.5"                              # or "8.6": what belongs to the other one is not sent
# proxy = "http://proxy.example.com:3128"
# rate = 20                                    # requests a second at most

# [tls]
# ca_file = "ca.pem"                           # or verify = false (never for a certificate)
# client_certificate = "client.pem"
# client_key = "client.key"
# client_key_password_env = "GWS_CLIENT_KEY_PASSWORD"   # of an encrypted key; or client_key_password_file

[deadlines]                                    # seconds
request = 10
notification = 5                               # from request to notification
grace = 0.25                                   # how long to listen for what must not come

# [cometd]
# transport = "long-polling"                   # or "websocket"
# acknowledgement = false
# subscribe = ["/v2/me/*", "/notifications/services"]

# Users that the suite may log in with and out. Exactly one of password_env, password_file, password each.
# Without a second and third agent the operations that need them are reported as untestable.
[users.agent]
user_name = "agent1"
password_env = "GWS_AGENT_PASSWORD"

[users.second_agent]
user_name = "agent2"
password_env = "GWS_SECOND_AGENT_PASSWORD"

[users.third_agent]
user_name = "agent3"
password_env = "GWS_THIRD_AGENT_PASSWORD"

# [users.public_agent]                           # an agent whose device is of the telephony network Public
# user_name = "agent4"
# password_env = "GWS_PUBLIC_AGENT_PASSWORD"

[users.supervisor]
user_name = "supervisor1"
password_env = "GWS_SUPERVISOR_PASSWORD"

[users.admin]
user_name = "admin1"
password_env = "GWS_ADMIN_PASSWORD"

[numbers]
# external = "6100"                            # a number outside that answers by itself
# queue = "9000"                               # a queue or routing point that delivers to the agents above
# unassigned = "5999"                          # a number that does not exist

[queues]
# chat = "chat-queue"                          # where a customer's chat is routed from

[hazards]
# read, state: looking, and changing agents' states and their own interactions, for which they are logged in (default).
# read alone: GET, HEAD and OPTIONS beside CometD's own messages; nobody is logged in.
# creates, deletes, configures: contacts, settings; name them only for a deployment made for tests.
allow = ["read", "state"]

# What no client of the API can bring about. A complete run needs all three; what needs one that is not bound is
# untestable, which makes a run incomplete (exit code 1):
#   inbound-call   voice     a call from outside to the number of an agent's device, which rings until answered
#   service-state  basics    a back end stops (Inactive), and runs again (Active)
#   features       basics    features are taken from the contact center, and given back
# The last two are for a deployment made for tests. Bind each to a command or to a url:
# - A command gets the parameters as JSON on standard input. It runs in the folder of this file, in a process group
#   of its own. Exit code 0 is success; what it prints on standard output is ignored; the end of standard error is
#   shown when it fails. After the deadline it is ended with all that it started; what a command that succeeded
#   left in the background lives on.
# - A url gets them as JSON body, with the name: {"name": "inbound-call", "to": "5001"}. Any 2xx is success.
# Both may have deadline = 10 (seconds); a url may have method = "POST", "PUT" or "GET".
"""

EXAMPLE += "\n".join(
    f'# [stimuli.{name}]\n# command = ["./{name}.sh"]  # gets {gets}' for name, gets in BINDINGS.items()
)
EXAMPLE += "\n"
