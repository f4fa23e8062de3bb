"""What a request may leave behind, noted in the ledger before it is sent: a run that is killed in the middle of it, or
whose connection breaks, can still be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from conformance.driver.devices import before_setting
from conformance.driver.ledger import Entry
from conformance.wire.http import HttpReply

if TYPE_CHECKING:
    from conformance.driver.stage import Stage

UNIQUE = "gws-conformance-"
"""With this begins what stands for `${unique}`: who bears such a name was made by this suite."""
LASTING = frozenset({"Monitor", "Coach", "BargeIn"})
END_SESSION = "POST /me EndContactCenterSession"
CONTACTS, CHATS, CALLS = "/contacts", "/chats", "/me/calls"


def noting(stage: Stage, actor: str, method: str, path: str, body: Any, send: Callable[[], HttpReply]) -> HttpReply:
    """Sends a request between the notes that it needs.

    actor: a user of the target file, `customer`, or either with `+2` for a second session. body: JSON, as it is sent.
    """
    name = actor.partition("+")[0]
    entry = foresee(stage, name, method, path, body) if isinstance(body, Mapping) else None
    new = entry is not None and stage.ledger.add(entry)
    reply = send()
    if entry is not None and new and refused(reply):
        stage.ledger.done(entry.kind, entry.actor, entry.id)
    elif method == "POST":
        _learn(stage, name, path, entry, reply)
    return reply


def foresee(stage: Stage, actor: str, method: str, path: str, body: Mapping[str, Any]) -> Entry | None:
    """What would have to be undone once this has been accepted; None where nothing would, or nobody can say what."""
    name = body.get("operationName")
    if method != "POST":
        return None
    if path == "/me" and name == "StartContactCenterSession":
        return Entry("session", actor, actor, END_SESSION)
    if name == "Dial" and path.startswith(("/me/devices/", CALLS)):
        return Entry("calls", actor, actor, f"GET {CALLS}")
    if path.endswith("/channels/chat") and name in LASTING:
        return Entry("monitoring", actor, path, f"POST {path} CancelSupervisorMonitoring")
    if path == CONTACTS and isinstance(body.get("name"), str) and UNIQUE in body["name"]:
        return Entry("contact-name", actor, body["name"], f"GET {CONTACTS}")
    return before_setting(stage, actor, path, name) if isinstance(name, str) else None


def refused(reply: HttpReply) -> bool:
    """Whether the server has said that it did not do it. A broken connection and an HTTP 5xx leave that open."""
    code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
    return not reply.error and reply.status < 500 and (reply.status >= 400 or code not in (0, 7, None, "0", "7"))


def _learn(stage: Stage, actor: str, path: str, entry: Entry | None, reply: HttpReply) -> None:
    """What was created has an id, by which it is undone from now on."""
    body = reply.json if isinstance(reply.json, Mapping) and not refused(reply) else {}
    identifier = body.get("id")
    if not isinstance(identifier, str) or not identifier:
        return
    if path == CONTACTS:
        stage.ledger.add(Entry("contact", actor, identifier, f"DELETE {CONTACTS}/{identifier}"))
        if entry is not None:
            stage.ledger.done(entry.kind, entry.actor, entry.id)
    elif path == CHATS:
        stage.ledger.add(Entry("customer-chat", "customer", identifier, f"POST {CHATS}/{identifier} Complete"))
