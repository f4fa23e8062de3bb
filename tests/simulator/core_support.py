"""What the tests of the core share: a server in this process and clients that log in to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from conformance.simulator.app import create_app
from conformance.simulator.models import User
from conformance.simulator.seed import password_of
from conformance.simulator.world import Options

Json = dict[str, Any]
API = "/api/v2"


@dataclass
class Reply:
    """A reply: HTTP status, headers, the JSON body (empty when it is none) and the text."""

    http: int
    headers: Mapping[str, str]
    body: Json
    text: str

    @property
    def code(self) -> Any:
        """statusCode, or None."""
        return self.body.get("statusCode")


class Client:
    """Somebody who asks. Keeps cookies; fetches and sends the Csrf token unless `csrf` is False."""

    def __init__(self, http: TestClient, user_name: str | None, *, csrf: bool = True) -> None:
        self.http = http
        self.auth = (user_name, password_of(user_name)) if user_name else None
        self.csrf = csrf
        self.token: str | None = None

    def ask(self, method: str, path: str, **keywords: Any) -> Reply:
        """One request below /api/v2 as it is, without a token."""
        if self.auth is not None:
            keywords.setdefault("auth", self.auth)
        answer = self.http.request(method, API + path, **keywords)
        try:
            body = answer.json()
        except ValueError:
            body = {}
        return Reply(answer.status_code, answer.headers, body if isinstance(body, dict) else {}, answer.text)

    def get(self, path: str, **query: str) -> Reply:
        """GET with query parameters."""
        return self.ask("GET", path, params=query or None)

    def send(self, method: str, path: str, body: Any = None) -> Reply:
        """POST, PUT or DELETE of a JSON body."""
        headers = {}
        if self.csrf:
            if self.token is None:
                self.token = self.get("/me").headers.get("X-CSRF-TOKEN", "none")
            headers["X-CSRF-TOKEN"] = self.token
        return self.ask(method, path, json=body, headers=headers)

    def post(self, path: str, body: Any = None) -> Reply:
        """POST of a JSON body."""
        return self.send("POST", path, body)

    def put(self, path: str, body: Any = None) -> Reply:
        """PUT of a JSON body."""
        return self.send("PUT", path, body)

    def delete(self, path: str, body: Any = None) -> Reply:
        """DELETE, perhaps with a JSON body."""
        return self.send("DELETE", path, body)


class Bench:
    """A server in this process. Every user name gives one client with a cookie jar of its own."""

    def __init__(self, *faults: str, **options: Any) -> None:
        options.setdefault("order", "reply-first")
        self.app = create_app(Options(faults=faults, **options))
        self.world = self.app.world
        self._clients: dict[str | None, Client] = {}

    def client(self, user_name: str | None = "agent1") -> Client:
        """The client of a user; of nobody for None."""
        if user_name not in self._clients:
            self._clients[user_name] = self.new_client(user_name)
        return self._clients[user_name]

    def new_client(self, user_name: str | None = "agent1") -> Client:
        """A client that shares nothing with the others."""
        return Client(TestClient(self.app), user_name, csrf=self.world.options.csrf)

    def user(self, user_name: str) -> User:
        """A seeded user."""
        user = self.world.user_by_name(user_name)
        assert user is not None
        return user

    def control(self, action: str, **params: Any) -> Json:
        """A request to the control API; fails the test when it is refused."""
        answer = self.client(None).http.post(f"/__simulator/{action}", json=params)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def switch(self, *faults: str) -> None:
        """Switch faults on."""
        self.world.faults.switch(on=faults)

    def skill(self, name: str) -> str:
        """The id of a seeded skill."""
        return next(skill.id for skill in self.world.skills.values() if skill.name == name)
