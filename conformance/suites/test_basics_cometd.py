"""Basics: topics and wildcards, several sessions of one user, unsubscribing, what a Bayeux server has to refuse."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.play import Play
from conformance.driver.probes import drop, own_cometd, resource_with, wait_for
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "basics"
pytestmark = pytest.mark.gws_area(AREA)

VOICE = ("api-voice",)
STATE = ("state",)
STRANGER = "0123456789abcdef0123456789abcdef"


def _device_and_call(scene: Scene, *, calls: bool, devices: bool) -> None:
    """Causes an event about the agent's device and events about a call, and waits until the other session has them."""
    other = f"{scene.cast['self']}+2"
    start = scene.stage.recorder.last_seq
    scene.perform("voice.AuxWork", label="a device event")
    if devices:
        wait_for(scene, other, "device event", resource_with("device", {"userState.workMode": "AuxWork"}), start)
    scene.perform("voice.Dial", parameters={"destination": {"phoneNumber": "${second.phoneNumber}"}}, label="calls")
    if calls:
        wait_for(scene, other, "call event", resource_with("call", {"state": "Dialing"}), start)
    call = scene.bound("call")
    scene.perform("voice.Hangup", on="call", label="released")
    if calls:
        wait_for(scene, other, "call event", resource_with("call", {"id": call, "state": "Released"}), start)
    scene.quiet()
    start = scene.stage.recorder.last_seq
    scene.perform("voice.NotReady", label="another device event")
    if devices:
        plain = resource_with("device", {"userState.state": "NotReady", "userState.workMode": None})
        wait_for(scene, other, "device event", plain, start)
    scene.quiet()


def _opened(scene: Scene) -> None:
    for role in ("self", "second"):
        scene.actor(role)
    scene.settle()


def _confirm(scene: Scene, label: str) -> None:
    """Marks in the timeline that what was asked of the session has been answered."""
    scene.stage.recorder.begin_step({"operation": "", "case": "stimulus", "performer": "", "label": label})
    scene.stage.recorder.end_step({})


@story("basics.cometd[calls-topic]", features=VOICE, hazards=STATE, bayeux=True)
def calls_topic(scene: Scene) -> None:
    """A session that subscribes to the topic of calls is told of calls and of nothing else."""
    _opened(scene)
    with own_cometd(scene, ["/v2/me/calls"]):
        _device_and_call(scene, calls=True, devices=False)


@story("basics.cometd[two-topics]", features=VOICE, hazards=STATE, bayeux=True)
def two_topics(scene: Scene) -> None:
    """A session that subscribes to two topics at once is told of both."""
    _opened(scene)
    with own_cometd(scene, ["/v2/me/calls", "/v2/me/devices"]):
        _device_and_call(scene, calls=True, devices=True)


@story("basics.cometd[wildcard]", features=VOICE, hazards=STATE, bayeux=True)
def wildcard(scene: Scene) -> None:
    """A subscription to /v2/me/* covers every topic of the user: a second session is told the same as the first."""
    _opened(scene)
    with own_cometd(scene, ["/v2/me/*"]):
        _device_and_call(scene, calls=True, devices=True)


@story("basics.cometd[deep-wildcard]", features=VOICE, hazards=STATE, bayeux=True)
def deep_wildcard(scene: Scene) -> None:
    """A subscription to /** covers everything."""
    _opened(scene)
    with own_cometd(scene, ["/**"]):
        _device_and_call(scene, calls=True, devices=True)


@story("basics.cometd[narrow-wildcard]", features=VOICE, hazards=STATE, bayeux=True)
def narrow_wildcard(scene: Scene) -> None:
    """A single star stands for one segment: /v2/* does not cover the topics below /v2/me."""
    _opened(scene)
    with own_cometd(scene, ["/v2/*"]):
        _device_and_call(scene, calls=False, devices=False)


@story("basics.cometd[unsubscribe]", features=VOICE, hazards=STATE, bayeux=True, unsubscribed="/v2/me/calls")
def unsubscribe(scene: Scene) -> None:
    """After an unsubscribe its topic is silent, and the other one goes on."""
    _opened(scene)
    with own_cometd(scene, ["/v2/me/calls", "/v2/me/devices"]) as session:
        _device_and_call(scene, calls=True, devices=True)
        drop(session, "/v2/me/calls")
        _confirm(scene, "unsubscribed")
        _device_and_call(scene, calls=False, devices=True)


@story("basics.cometd[subscribe-later]", features=VOICE, hazards=STATE, bayeux=True)
def subscribe_later(scene: Scene) -> None:
    """A topic can be added while the session runs, in one frame with another one."""
    _opened(scene)
    with own_cometd(scene, ["/notifications/services"]) as session:
        _device_and_call(scene, calls=False, devices=False)
        session.batch(
            [
                {"channel": "/meta/subscribe", "subscription": "/v2/me/calls"},
                {"channel": "/meta/subscribe", "subscription": "/v2/me/devices"},
            ]
        )
        _confirm(scene, "subscribed")
        _device_and_call(scene, calls=True, devices=True)


@story("basics.cometd[disconnect]", features=VOICE, hazards=STATE, bayeux=True)
def disconnect(scene: Scene) -> None:
    """A disconnect is answered, releases the connect that is held, and ends the delivery to its session alone."""
    _opened(scene)
    with own_cometd(scene, ["/v2/me/*"]) as session:
        _device_and_call(scene, calls=True, devices=True)
        session.disconnect()
        _confirm(scene, "disconnected")
        _device_and_call(scene, calls=False, devices=False)


@story("basics.cometd[refusals]", bayeux=True, strangers=[STRANGER])
def refusals(scene: Scene) -> None:
    """Messages without a handshake, with an unknown client id, to a meta channel, without a shared transport, and what
    is no JSON are refused; a failed connect comes with advice."""
    scene.actor("self", session=False)
    scene.settle()
    with own_cometd(scene, ["/v2/me/*"]) as session:
        known = session.client_id
        connect = {"channel": "/meta/connect", "connectionType": "long-polling", "advice": {"timeout": 0}}
        messages: list[dict[str, Any]] = [
            {"id": "p1", **connect, "clientId": STRANGER},
            {"id": "p2", "channel": "/meta/subscribe", "subscription": "/v2/me/calls", "clientId": STRANGER},
            {"id": "p3", **connect},
            {"id": "p4", "channel": "/meta/subscribe", "subscription": "/v2/me/calls"},
            {"id": "p5", "channel": "/meta/subscribe", "subscription": "/meta/connect", "clientId": known},
            {"id": "p6", "channel": "/meta/subscribe", "subscription": "/meta/*", "clientId": known},
            {"id": "p7", "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["pigeon"]},
        ]
        for message in messages:
            session.raw([message])
        session.raw(b'[{"channel": "/meta/handshake", ')


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """CometD sessions, topics and refusals."""
    told.play(play)
