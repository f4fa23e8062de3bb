"""The bundled server in a process of its own, its control calls, and agents that work over REST."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx

from conformance.bundled import BundledServer
from conformance.simulator.seed import password_of

DEADLINE = 10.0
NOTIFICATIONS = "/api/v2/notifications"
Json = dict[str, Any]


class Agent:
    """A user's browser, without its CometD part: Basic credentials, the session's cookie and the CSRF token."""

    def __init__(self, base_url: str, user_name: str) -> None:
        self.user_name = user_name
        self.base_url = base_url
        # Without `verify=False` each client would read the certificate store, which takes long.
        self._http = httpx.Client(
            auth=(user_name, password_of(user_name)), timeout=DEADLINE, verify=False, trust_env=False
        )
        me = self._http.get(f"{base_url}/api/v2/me")
        assert me.status_code == 200, me.text
        self.csrf = {me.headers["x-csrf-header"]: me.headers["x-csrf-token"]}
        self.credentials = {"Authorization": str(me.request.headers["authorization"])}
        self.cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())}
        self.device: Json = self.get("/me/devices?fields=*")["devices"][0]

    @property
    def headers(self) -> dict[str, str]:
        """What a browser would send with each of its requests."""
        return {**self.credentials, **self.csrf, **self.cookie}

    @property
    def number(self) -> str:
        """The agent's phone number."""
        return str(self.device["phoneNumber"])

    def get(self, path: str) -> Json:
        """GET below the API."""
        return self._answer(self._http.get(f"{self.base_url}/api/v2{path}"))

    def post(self, path: str, **body: Any) -> Json:
        """POST below the API."""
        return self._answer(self._http.post(f"{self.base_url}/api/v2{path}", json=body, headers=self.csrf))

    def dial(self, number: str) -> str:
        """Dial; gives the new call's id."""
        known = {call["id"] for call in self.calls()}
        path = f"/me/devices/{self.device['id']}/calls"
        self.post(path, operationName="Dial", destination={"phoneNumber": number})
        (call,) = [call["id"] for call in self.calls() if call["id"] not in known]
        return str(call)

    def do(self, operation: str, call: str) -> None:
        """An operation on a call."""
        self.post(f"/me/calls/{call}", operationName=operation)

    def calls(self) -> list[Json]:
        """The agent's calls, with all their members."""
        calls: list[Json] = self.get("/me/calls?fields=*")["calls"]
        return calls

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    @staticmethod
    def _answer(response: httpx.Response) -> Json:
        body: Json = response.json()
        assert body["statusCode"] == 0, body
        return body


class Deployment:
    """The bundled server and those who work on it."""

    def __init__(self, server: BundledServer) -> None:
        self.base_url = server.base_url
        self.notifications = server.base_url + NOTIFICATIONS
        self._control = httpx.Client(base_url=f"{server.base_url}/__simulator", timeout=DEADLINE, trust_env=False)
        self._agents: list[Agent] = []

    def agent(self, user_name: str) -> Agent:
        """A new browser of a seeded user."""
        self._agents.append(Agent(self.base_url, user_name))
        return self._agents[-1]

    def control(self, action: str, **parameters: Any) -> Json:
        """A control call."""
        response = self._control.post(f"/{action}", json=parameters)
        assert response.status_code == 200, response.text
        body: Json = response.json()
        return body

    def sessions(self) -> list[Json]:
        """The CometD sessions as the server sees them."""
        sessions: list[Json] = self._control.get("/state").json()["cometd"]
        return sessions

    def until(self, condition: Callable[[list[Json]], bool], what: str) -> None:
        """Wait until the CometD sessions are as described."""
        end = time.monotonic() + DEADLINE
        while not condition(sessions := self.sessions()):
            assert time.monotonic() < end, f"{what}: {sessions}"
            threading.Event().wait(0.003)

    def until_held(self, count: int = 1) -> None:
        """Wait until so many connects are held."""
        self.until(lambda sessions: sum(s["connectHeld"] for s in sessions) == count, f"{count} connects held")

    def expire_everybody(self) -> None:
        """Let so much time pass on the server's clock that every session ends whose client is silent."""
        self.control("clock", advance=31)
        self.until_held(0)
        self.control("clock", advance=15)
        self.until(lambda sessions: sessions == [], "all expired")

    def reset(self) -> None:
        """Everything as it was at the start, no faults, nobody connected."""
        self.control("faults", off=["*"])
        self.control("reset")
        for agent in self._agents:
            agent.close()
        self._agents.clear()

    def close(self) -> None:
        """Close the connections."""
        self.reset()
        self._control.close()
