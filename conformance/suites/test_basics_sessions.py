"""Basics: who may come in, what the session's cookie and the CSRF token are worth, which origins may read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.driver.negatives import UNKNOWN_ID
from conformance.driver.outcomes import NotApplicable
from conformance.driver.play import Play
from conformance.driver.plays import refuse_all
from conformance.driver.probes import ask, own_session, refuse
from conformance.driver.scene import Scene
from conformance.driver.settings import keep_setting
from conformance.suites._stories import Story, stories, story

AREA = "basics"
pytestmark = pytest.mark.gws_area(AREA)

OURS, INSIDE, OTHER = "https://desktop.example.com", "https://app.agents.example.org", "https://elsewhere.example.net"
ORIGINS = [OURS, "https://*.agents.example.org"]
READY = {"operationName": "Ready"}


def _protected(scene: Scene) -> None:
    if not scene.stage.csrf:
        raise NotApplicable("the deployment does not use the protection against CSRF")


@story("basics.session[cookie]", "basics.GetMe")
def cookie(scene: Scene) -> None:
    """After a request with credentials the session's cookie alone lets its user in."""
    with own_session(scene) as http:
        ask(scene, "basics.GetMe", http=http, label="credentials", auth="session")
        ask(scene, "basics.GetMe", http=http, label="cookie alone", auth="cookie")
        ask(scene, "basics.ListQueues", http=http, label="another resource", auth="cookie")


@story("basics.session[wrong-password]", "basics.GetMe")
def wrong_password(scene: Scene) -> None:
    """A real user with a wrong password stays outside. It is tried once, so that no account is locked."""
    credentials = scene.actor("self", session=False).http.credentials
    assert credentials is not None
    wrong = replace(credentials, password=f"{credentials.password}-not")
    refuse(scene, "wrong-credentials", "basics.GetMe", auth=wrong, cookies=False, label="wrong password")


@story("basics.session[no-credentials]", "basics.GetMe")
def no_credentials(scene: Scene) -> None:
    """Without credentials and without a session nothing but the version is told."""
    with own_session(scene) as http:
        ask(scene, "basics.GetVersion", http=http, auth="none", cookies=False)
        refuse(scene, "no-credentials", "basics.GetMe", http=http, auth="none", cookies=False)


@story("basics.session[ended]", "voice.EndContactCenterSession", features=("api-voice",), hazards=("state",))
def ended(scene: Scene) -> None:
    """The end of the contact-centre session makes the HTTP session invalid: its cookie lets nobody in any more."""
    actor = scene.actor("self")
    with own_session(scene) as http:
        ask(scene, "basics.GetMe", http=http, label="credentials", case="setup")
        end = ask(scene, "voice.EndContactCenterSession", http=http, label="end")
        scene.quiet()
        scene.stage.session_ended(actor, sure=end.accepted)
        refuse(scene, "ended-session", "basics.GetMe", http=http, auth="cookie", label="cookie of the ended session")


@story("basics.csrf[discovery]", "basics.GetMe", hazards=("state",))
def discovery(scene: Scene) -> None:
    """Where modifying requests need a token, a GET tells it and the name of its header, the same as long as the
    session lasts."""
    with own_session(scene) as http:
        for label in ("first", "again"):
            ask(scene, "basics.GetMe", http=http, label=label)
        ask(scene, "basics.ListQueues", http=http, label="another resource")
        nobody = {"id": UNKNOWN_ID}  # whatever the server makes of it, nothing changes
        ask(scene, "voice.Hangup", nobody, http=http, case="probe", label="with the token, where one was told")
        ask(scene, "voice.Hangup", nobody, http=http, case="probe", label="without a token", csrf=False)


@story("basics.csrf[header-name]", "basics.GetMe", features=("api-voice",), hazards=("state",), csrf=True)
def header_name(scene: Scene) -> None:
    """The token works in the header that X-CSRF-HEADER names, beside the cookie and without credentials."""
    _protected(scene)
    scene.reach("agent-state", "Ready")
    with own_session(scene) as http:
        ask(scene, "basics.GetMe", http=http, label="credentials")
        token = http.csrf
        if token is None:
            raise NotApplicable("the server told no token")
        ask(
            scene,
            "voice.NotReady",
            http=http,
            auth="cookie",
            csrf=False,
            headers={token.header: token.token},
            label="token in the named header",
            listen=True,
        )


@story("basics.csrf[other-session]", "basics.GetMe", features=("api-voice",), hazards=("state",), csrf=True)
def other_session(scene: Scene) -> None:
    """The token of one session is worth nothing beside the cookie of another, nor without any cookie."""
    _protected(scene)
    actor = scene.actor("self")
    with own_session(scene) as http:
        ask(scene, "basics.GetMe", http=http, label="second session")
        token = http.csrf
        if token is None:
            raise NotApplicable("the server told no token")
        headers = {token.header: token.token}
        refuse(
            scene,
            "foreign-csrf-token",
            "voice.NotReady",
            http=actor.http,
            csrf=False,
            headers=headers,
            label="token of another session",
        )
        refuse(
            scene,
            "missing-cookie",
            "voice.NotReady",
            http=http,
            auth="basic",
            cookies=False,
            csrf=False,
            headers=headers,
            label="token without cookie",
        )
        refuse(scene, "missing-csrf-token", "voice.NotReady", http=http, csrf=False, label="cookie without token")


def _origins(scene: Scene) -> None:
    for label, origin in (("allowed", OURS), ("inside the wildcard", INSIDE), ("not allowed", OTHER)):
        ask(scene, "basics.GetVersion", case="probe", label=label, headers={"Origin": origin})


@story("basics.cors[lifecycle]", "basics.UpdateAccessControl", hazards=("configures",))
def cors_lifecycle(scene: Scene) -> None:
    """The allowed origins are written, replaced as a whole, removed and written again, and hold from then on."""
    keep_setting(scene, "access-control", "allowedOrigins")
    first = ask(scene, "basics.GetAccessControl", role="admin", label="before")
    settings = first.reply.json.get("settings") if isinstance(first.reply.json, dict) else None
    if not settings:
        ask(scene, "basics.CreateAccessControl", {"name": "allowedOrigins", "value": [OURS]}, role="admin")
        ask(scene, "basics.GetAccessControl", role="admin", label="created")
    update = {"settings": {"name": "allowedOrigins", "value": ORIGINS}}
    ask(scene, "basics.UpdateAccessControl", update, role="admin")
    ask(scene, "basics.GetAccessControl", role="admin", label="updated")
    _origins(scene)
    ask(scene, "basics.DeleteAccessControl", {"name": "allowedOrigins"}, role="admin")
    ask(scene, "basics.GetAccessControl", role="admin", label="deleted")
    ask(scene, "basics.GetVersion", case="probe", label="no longer allowed", headers={"Origin": OURS})
    ask(scene, "basics.CreateAccessControl", {"name": "allowedOrigins", "value": ORIGINS}, role="admin", label="again")
    ask(scene, "basics.GetAccessControl", role="admin", label="created again")


@story("basics.cors[refusals]", "basics.CreateAccessControl", hazards=("configures",))
def cors_refusals(scene: Scene) -> None:
    """A star alone and another setting are refused, agents may not see or change the origins, and nothing changes."""
    keep_setting(scene, "access-control", "allowedOrigins")
    ask(scene, "basics.GetAccessControl", role="admin", label="before")
    for value in (["*"], [OURS, "*"]):
        given = {"name": "allowedOrigins", "value": value}
        refuse(scene, "wildcard-origin", "basics.CreateAccessControl", given, role="admin", label=f"star {len(value)}")
    refuse(scene, "other-access-setting", "basics.CreateAccessControl", {"name": "x", "value": [OURS]}, role="admin")
    sound = {"name": "allowedOrigins", "value": [OURS]}
    refuse(scene, "wrong-role", "basics.GetAccessControl", label="agent reads")
    refuse(scene, "wrong-role", "basics.CreateAccessControl", sound, label="agent writes")
    refuse(scene, "wrong-role", "basics.UpdateAccessControl", {"settings": sound}, label="agent updates")
    refuse(scene, "wrong-role", "basics.DeleteAccessControl", {"name": "allowedOrigins"}, label="agent deletes")
    ask(scene, "basics.GetAccessControl", role="admin", label="after")


def _refusals_of(scene: Scene, identifier: str) -> None:
    keep_setting(scene, "access-control", "allowedOrigins")
    ask(scene, "basics.GetAccessControl", role="admin", label="before")
    operation = scene.contract.operations[identifier]
    refuse_all(scene, operation, operation.examples[0])
    ask(scene, "basics.GetAccessControl", role="admin", label="after")


@story("basics.CreateAccessControl[negative]", "basics.CreateAccessControl", hazards=("configures",))
def cors_create_refusals(scene: Scene) -> None:
    """Requests to write the allowed origins that must be refused are refused, and change nothing."""
    _refusals_of(scene, "basics.CreateAccessControl")


@story("basics.UpdateAccessControl[negative]", "basics.UpdateAccessControl", hazards=("configures",))
def cors_update_refusals(scene: Scene) -> None:
    """Requests to replace the allowed origins that must be refused are refused, and change nothing."""
    _refusals_of(scene, "basics.UpdateAccessControl")


@story("basics.DeleteAccessControl[negative]", "basics.DeleteAccessControl", hazards=("configures",))
def cors_delete_refusals(scene: Scene) -> None:
    """Requests to remove the allowed origins that must be refused are refused, and change nothing."""
    _refusals_of(scene, "basics.DeleteAccessControl")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Sessions, tokens and origins."""
    told.play(play)
