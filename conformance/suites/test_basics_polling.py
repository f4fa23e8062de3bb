"""Basics: CometD for a client that holds no connect, with single requests that carry several messages."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.outcomes import Untestable
from conformance.driver.play import Play
from conformance.driver.probes import own_session, resource_with, wait_for
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "basics"
pytestmark = pytest.mark.gws_area(AREA)

VOICE, STATE = ("api-voice",), ("state",)
PATIENCE = 3.0
"""Seconds to wait for a reply: nothing here asks to be held."""
HANDSHAKE = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
CONNECT = {"channel": "/meta/connect", "connectionType": "long-polling", "advice": {"timeout": 0}}


class _Poller:
    """Posts arrays of messages and holds nothing."""

    def __init__(self, scene: Scene, http: Any) -> None:
        self._scene, self._http, self._number = scene, http, 0
        self.client = ""

    def post(self, label: str, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        """One request, recorded as a step; the messages of its reply."""
        recorder = self._scene.stage.recorder
        recorder.begin_step({"operation": "", "case": "probe", "performer": self._http.actor, "label": label})
        try:
            reply = self._http.request(
                "POST",
                self._http.config.notifications_url,
                json=[self._named(item) for item in messages],
                timeout=PATIENCE,
            )
        finally:
            recorder.end_step({})
        return [item for item in reply.json if isinstance(item, dict)] if isinstance(reply.json, list) else []

    def _named(self, message: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        return {"id": f"q{self._number}", **({"clientId": self.client} if self.client else {}), **message}

    def handshake(self) -> None:
        """Begins the session.

        Raises:
            Untestable: the server gives no client id.
        """
        answers = self.post("handshake", HANDSHAKE)
        self.client = next((str(item["clientId"]) for item in answers if item.get("clientId")), "")
        if not self.client:
            raise Untestable("the server gives no client id to a handshake in an array")


@story("basics.cometd[arrays]", polling=True)
def arrays(scene: Scene) -> None:
    """Messages come as a JSON array, alone and with others, and each is answered."""
    with own_session(scene) as http:
        http.request("GET", "/me", purpose="auth")
        poller = _Poller(scene, http)
        poller.handshake()
        subscriptions = [
            {"channel": "/meta/subscribe", "subscription": f"/v2/me/{name}"} for name in ("calls", "chats")
        ]
        poller.post("two subscriptions", *subscriptions)
        poller.post("connect", CONNECT)
        poller.post("disconnect", {"channel": "/meta/disconnect"})


@story("basics.cometd[queued]", features=VOICE, hazards=STATE, polling=True)
def queued(scene: Scene) -> None:
    """What happens between two connects is kept, and comes with the next one."""
    scene.actor("self")
    scene.settle()
    with own_session(scene) as http:
        http.request("GET", "/me", purpose="auth")
        poller = _Poller(scene, http)
        poller.handshake()
        poller.post("first connect", CONNECT)
        poller.post("subscribe", {"channel": "/meta/subscribe", "subscription": "/v2/me/devices"})
        start = scene.stage.recorder.last_seq
        scene.perform("voice.AuxWork", label="while no connect waits")
        wait_for(scene, "self", "device event", resource_with("device", {"userState.workMode": "AuxWork"}), start)
        scene.quiet()
        poller.post("next connect", CONNECT)
        scene.perform("voice.NotReady", label="as before")
        poller.post("disconnect", {"channel": "/meta/disconnect"})


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """CometD without a connect that is held."""
    told.play(play)
