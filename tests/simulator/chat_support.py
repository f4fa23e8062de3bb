"""A bench for the chat tests: the server's application in this process, its users, and what it publishes."""

from __future__ import annotations

from typing import Any

import httpx
from starlette.testclient import TestClient

from conformance.simulator.app import build_world, create_app
from conformance.simulator.chat.state import ChatState
from conformance.simulator.models import CONTACT_CENTER_ID
from conformance.simulator.seed import password_of
from conformance.simulator.world import Options, User

CHATS = "/v2/me/chats"
Json = dict[str, Any]

USER_DATA = {"AttachUserData", "UpdateUserData", "DeleteUserData"}
TO_AGENTS = {"SendToAgents", "SendStartTypingToAgentsNotification", "SendStopTypingToAgentsNotification"}
TO_ALL = {"SendMessage", "SendStartTypingNotification", "SendStopTypingNotification"}
INVITED = {"Accept", "Reject"}
CHATTING = {
    "Transfer",
    "Leave",
    "Invite",
    "Consult",
    "SetInFocus",
    "SetDisposition",
    "Complete",
    "SendUrl",
    "SendCustomNotice",
    *USER_DATA,
    *TO_ALL,
}
LEFT_CHAT = {"SetInFocus", "Complete", "SetDisposition", *USER_DATA}
CONSULTING = {"Leave", "SetInFocus", "SetDisposition", *USER_DATA, *TO_AGENTS}
MONITORING = {"Leave", "SwitchToCoach", "SwitchToBargeIn"}
_COACHING = CONSULTING | {"AddComment", "Transfer", "Invite", "Consult"}
COACHING = _COACHING | {"SwitchToMonitor", "SwitchToBargeIn"}
BARGING = _COACHING | TO_ALL | {"SwitchToMonitor", "SwitchToCoach"}


class Bench:
    """The server, driven over HTTP. Users are named by their userName."""

    def __init__(self, **options: Any) -> None:
        self.world = build_world(Options(csrf=False, **options))
        self.client = TestClient(create_app(world=self.world))
        self._mark = 0

    # --- people ---------------------------------------------------------------------------------------------

    @property
    def state(self) -> ChatState:
        """The chat area's state, for what no request shows."""
        state = self.world.chat
        assert isinstance(state, ChatState)
        return state

    def user(self, name: str) -> User:
        """A seeded user."""
        found = self.world.user_by_name(name)
        assert found is not None
        return found

    def uri_of(self, name: str) -> str:
        """The URI of a user."""
        return self.world.uri(self.user(name).path)

    def log_in(self, *names: str) -> None:
        """Open the chat channel of users, in this order: the first has been idle longest."""
        for name in names:
            self.world.session_start_hooks["chat"](self.user(name), None, {})
            self.world.clock.advance(1)

    def log_out(self, name: str) -> None:
        """End the contact centre session of a user."""
        for hook in self.world.session_end_hooks:
            hook(self.user(name))

    # --- requests -------------------------------------------------------------------------------------------

    def request(self, who: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        """One request below /api/v2, with the user's credentials."""
        self.client.cookies.clear()
        auth = (who, password_of(who)) if who is not None else None
        response: httpx.Response = self.client.request(method, f"/api/v2{path}", auth=auth, **more)
        return response

    def get(self, who: str, path: str) -> Json:
        """The reply to a GET that succeeds."""
        response = self.request(who, "GET", path)
        assert response.status_code == 200, response.text
        reply: Json = response.json()
        assert reply["statusCode"] == 0
        return reply

    def post(self, who: str, path: str, operation_name: str, **parameters: Any) -> httpx.Response:
        """The reply to an operation."""
        return self.request(who, "POST", path, json={"operationName": operation_name, **parameters})

    def op(self, who: str, chat_id: str, operation_name: str, **parameters: Any) -> Json:
        """An operation on a chat that is accepted; the reply."""
        response = self.post(who, f"/me/chats/{chat_id}", operation_name, **parameters)
        assert response.status_code == 200, response.text
        reply: Json = response.json()
        assert reply["statusCode"] == 0
        return reply

    def refusal(self, who: str, path: str, operation_name: str, **parameters: Any) -> tuple[int, int]:
        """(HTTP status, statusCode) of an operation that is refused with a message."""
        response = self.post(who, path, operation_name, **parameters)
        reply = response.json()
        assert reply["statusMessage"]
        return response.status_code, reply["statusCode"]

    def customer(self, method: str, path: str, center: str | None = CONTACT_CENTER_ID, **more: Any) -> httpx.Response:
        """One request of the Customer Chat API."""
        headers = {"ContactCenterId": center} if center is not None else {}
        return self.request(None, method, path, headers=headers, **more)

    def control(self, action: str, **parameters: Any) -> Json:
        """A successful request of the control API."""
        response = self.client.post(f"/__simulator/{action}", json=parameters)
        assert response.status_code == 200, response.text
        reply: Json = response.json()
        return reply

    def stimulus(self, name: str, **parameters: Any) -> Json:
        """A stimulus."""
        return self.control("stimulus", name=name, **parameters)

    # --- chats ----------------------------------------------------------------------------------------------

    def new_chat(self, **parameters: Any) -> str:
        """A customer asks for a chat; its interaction id."""
        chat_id: str = self.stimulus("customer-chat", **{"nickname": "Chris", **parameters})["chatId"]
        return chat_id

    def chatting(self, who: str = "agent1", nickname: str = "Ada") -> str:
        """A chat that an agent has accepted; what was published so far is forgotten."""
        self.log_in(who)
        chat_id = self.new_chat()
        self.op(who, chat_id, "Accept", nickname=nickname)
        self.mark()
        return chat_id

    def conference(self, kind: str = "Invite") -> str:
        """agent1 and agent2 in one chat, agent2 by Invite or Consult."""
        chat_id = self.chatting("agent1")
        self.log_in("agent2")
        self.op("agent1", chat_id, kind, targetUri=self.uri_of("agent2"))
        self.op("agent2", chat_id, "Accept", nickname="Ben")
        self.mark()
        return chat_id

    def supervised(self, mode: str = "Monitor", **parameters: Any) -> str:
        """agent1 in a chat that supervisor1 supervises."""
        self.log_in("agent1", "supervisor1")
        path = f"{self.user('agent1').path}/channels/chat"
        assert self.post("supervisor1", path, mode, **parameters).json() == {"statusCode": 0}
        chat_id = self.new_chat()
        self.op("agent1", chat_id, "Accept", nickname="Ada")
        return chat_id

    def chat(self, who: str, chat_id: str) -> Json:
        """The chat resource as the user reads it."""
        chat: Json = self.get(who, f"/me/chats/{chat_id}")["chat"]
        return chat

    def ids_of(self, who: str) -> list[str]:
        """The ids of the user's chats."""
        return [chat["id"] for chat in self.get(who, "/me/chats?fields=*")["chats"]]

    def transcript(self, who: str, chat_id: str, query: str = "") -> list[Json]:
        """The messages as the user reads them."""
        messages: list[Json] = self.get(who, f"/me/chats/{chat_id}/messages{query}")["messages"]
        return messages

    def customer_view(self, chat_id: str) -> Json:
        """The chat as its customer sees it."""
        view: Json = self.stimulus("customer-view", chat=chat_id)["chat"]
        return view

    def customer_messages(self, chat_id: str) -> list[Json]:
        """All that the customer can read."""
        customer_id = self.customer_view(chat_id)["id"]
        messages: list[Json] = self.customer("GET", f"/chats/{customer_id}/messages?index=0").json()["messages"]
        return messages

    # --- notifications --------------------------------------------------------------------------------------

    def mark(self) -> None:
        """Forget what was published so far."""
        self.world.published.clear()

    def events(self, who: str, channel: str = CHATS) -> list[Json]:
        """What was published to a user since the last mark, in order."""
        user_id = self.user(who).id
        return [p.data for p in self.world.published if p.user_id == user_id and p.channel == channel]

    def kinds(self, who: str) -> list[str]:
        """The notificationTypes that were published to a user since the last mark."""
        return [event["notificationType"] for event in self.events(who)]

    def said(self, who: str) -> list[Json]:
        """The messages that were delivered to a user since the last mark."""
        return [
            message
            for event in self.events(who)
            if event["messageType"] == "MessageLogUpdated"
            for message in event["messages"]
        ]

    def last(self, who: str, notification_type: str) -> Json:
        """The last notification of a type that was published to a user since the last mark."""
        found = [event for event in self.events(who) if event["notificationType"] == notification_type]
        assert found, f"no {notification_type} for {who}: {self.kinds(who)}"
        return found[-1]


def capabilities(chat: Json) -> set[str]:
    """The capabilities as a set; the order means nothing, a repetition would be wrong."""
    names: list[str] = chat["capabilities"]
    assert len(names) == len(set(names))
    return set(names)


def nicknames(chat: Json) -> list[str]:
    """Who is in the chat."""
    return [participant["nickname"] for participant in chat["participants"]]


def types(messages: list[Json]) -> list[str]:
    """The types of messages."""
    return [message["type"] for message in messages]
