"""The target file: which deployment is tested, as whom, how patiently, and what may be done to it."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance.contract.files import read_json
from conformance.contract.locate import data_root
from conformance.wire.config import ConfigError, Credentials, TransportConfig

DEFAULT_HAZARDS = frozenset({"read", "state"})
USER_ROLES = {
    "agent": "agent",
    "second_agent": "agent",
    "third_agent": "agent",
    "public_agent": "agent",
    "supervisor": "supervisor",
    "admin": "admin",
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
    """How something is provoked that no API can do: a command (JSON on standard input) or an HTTP call."""

    name: str
    command: tuple[str, ...] = ()
    url: str | None = None
    method: str = "POST"
    deadline: float = 10.0


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
    """Reads a target file; `base_url` replaces the one in the file.

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
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TargetError(f"{path}: not TOML: {error}") from None
    if base_url:
        raw["base_url"] = base_url
    _check(raw, text, path)
    try:
        return _build(raw, path)
    except ConfigError as error:
        raise TargetError(f"{path}: {error}") from None


def _check(raw: Mapping[str, Any], text: str, path: Path) -> None:
    schema = read_json(data_root("schemas") / "formats" / "target.json")
    problems = []
    for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(raw):
        keys = [str(key) for key in error.instance_path]
        problems.append(f"{path}:{_line(text, keys)}: {_explain(keys, error)}")
    if problems:
        raise TargetError("\n".join(problems))


def _explain(keys: list[str], error: Any) -> str:
    """Key and remedy of one finding; values are not repeated, they might be secrets."""
    name = ".".join(keys) or "(top level)"
    keyword = str(list(error.schema_path)[-1]) if list(error.schema_path) else ""
    message = str(error.message)
    if keys and keys[0] == "users" and keyword == "oneOf":
        return f"{name}: give exactly one of password, password_env, password_file"
    if keyword == "additionalProperties":
        unknown = re.findall(r"'([^']{1,60})'", message)
        return f"{name}: unknown key {', '.join(unknown)}; see 'gws-conformance init' for the known ones"
    if keyword == "required":
        missing = re.findall(r'"([^"]{1,60})"', message)
        return f"{name}: the key {', '.join(missing)} is missing; add it"
    if "password" in name:
        return f"{name}: must be a text"
    # A message begins with the value as compact JSON, its keys sorted.
    value = json.dumps(error.instance, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    rest = message.removeprefix(value) if message.startswith(value) else " is not as it must be"
    return f"{name}: the value{rest[:160]}; correct it"


def _line(text: str, keys: list[str]) -> int:
    """The line of the key that a finding is about (TOML readers do not keep positions)."""
    lines = text.splitlines()
    for depth in range(len(keys), 0, -1):
        table, key = ".".join(keys[: depth - 1]), keys[depth - 1]
        current = ""
        for number, line in enumerate(lines, start=1):
            header = re.match(r"\s*\[([^\]]+)\]", line)
            if header:
                current = header.group(1).strip()
                if current == ".".join(keys[:depth]):
                    return number
            elif current == table and re.match(rf'\s*"?{re.escape(key)}"?\s*=', line):
                return number
    return 1


def _secret(name: str, raw: Mapping[str, Any], path: Path) -> str:
    if "password" in raw:
        return str(raw["password"])
    if "password_env" in raw:
        variable = str(raw["password_env"])
        if variable not in os.environ:
            raise TargetError(f"{path}: users.{name}.password_env: the variable {variable} is not set; export it")
        return os.environ[variable]
    file = (path.parent / str(raw["password_file"])).resolve()
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise TargetError(f"{path}: users.{name}.password_file: {file} cannot be read; correct the path") from None


def _build(raw: Mapping[str, Any], path: Path) -> Target:
    tls, deadlines, cometd = raw.get("tls", {}), raw.get("deadlines", {}), raw.get("cometd", {})
    numbers, certificate = raw.get("numbers", {}), None
    if "client_certificate" in tls:
        certificate = (
            (tls["client_certificate"], tls["client_key"]) if "client_key" in tls else tls["client_certificate"]
        )
    transport = TransportConfig(
        base_url=raw["base_url"],
        api_path=raw.get("api_path", "/api/v2"),
        notifications_path=raw.get("notifications_path", "/api/v2/notifications"),
        verify=tls.get("ca_file", tls.get("verify", True)),
        cert=certificate,
        proxy=raw.get("proxy"),
        timeout=float(deadlines.get("request", 10)),
        rate=raw.get("rate"),
    )
    users = {
        name: TargetUser(
            name,
            USER_ROLES[name],
            Credentials(item["user_name"], _secret(name, item, path)),
            item.get("place"),
            item.get("login_code"),
            item.get("queue"),
        )
        for name, item in raw["users"].items()
    }
    stimuli = {
        name: Stimulus(
            name,
            tuple(item.get("command", ())),
            item.get("url"),
            item.get("method", "POST"),
            item.get("deadline", 10.0),
        )
        for name, item in raw.get("stimuli", {}).items()
    }
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
        stimuli=stimuli,
        file=path,
    )


EXAMPLE = """\
# The deployment under test. 'gws-conformance run --target target.toml' reads this file.
base_url = "https://gws.example.com"          # scheme, host, port; no credentials
# api_path = "/api/v2"
# notifications_path = "/api/v2/notifications"  # some deployments: "/genesys/cometd"
# contact_center_id = "cfe5ad67-..."            # customers name it when they ask for a chat
# document_id = "0000YaB6ARKB0019"             # a document of the contact server that agents may attach to chats
# edition = "8.5"                              # or "8.6": endpoints removed there must be gone
# proxy = "http://proxy.example.com:3128"
# rate = 20                                    # requests a second at most

# [tls]
# ca_file = "ca.pem"                           # or verify = false (never for a certificate)
# client_certificate = "client.pem"
# client_key = "client.key"

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
# read, state: looking, and changing agents' states and their own interactions (default).
# creates, deletes, configures: contacts, settings; name them only for a deployment made for tests.
allow = ["read", "state"]

# What no API can provoke. The command gets the parameters as JSON on standard input; the call gets them as body.
# [stimuli.inbound-call]
# command = ["./dial-in.sh"]
# [stimuli.customer-chat]
# url = "http://load-generator.example.com/chat"
# Only for a deployment made for tests: {"type": "Voice", "state": "Inactive"} stops a back end and "Active" starts it;
# {"off": ["api-voice"]} takes features from the contact center and {"on": [...]} gives them back.
# [stimuli.service-state]
# command = ["./service-state.sh"]
# [stimuli.features]
# command = ["./features.sh"]
"""
