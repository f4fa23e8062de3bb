"""Pairs around sessions: cookies, tokens, origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.judge.build import LOGGED_IN, Timeline
from tests.judge.cases import Pair

TOKENS = {"x-csrf-header": ["X-CSRF-TOKEN"], "x-csrf-token": ["<secret:token#1>"]}
ME = {"statusCode": 0, "user": {"id": "U1"}}
DENIED = {"statusCode": 20, "statusMessage": "Access denied"}
CREDENTIALS = {"authorization": ["Basic <secret:agent password basic#1>"]}
COOKIE = {"cookie": ["BAYEUX_BROWSER=<secret:cookie#2>; JSESSIONID=<secret:cookie#1>"]}


def _line(**info: Any) -> Timeline:
    return Timeline("basics.session[made]", area="basics", operation="basics.GetMe", **info)


def discovery(headers: Mapping[str, Sequence[str]], *, csrf: bool = True, refused: bool = False) -> Timeline:
    """GET /me of somebody who is logged in; the scenario says that the protection is on, or a refusal does."""
    line = _line(csrf=True) if csrf else _line()
    if refused:
        line.step("voice.Ready", "setup").ask("POST", "/me", {"operationName": "Ready"})
        line.say({"statusCode": 5, "statusMessage": "Missing or invalid Csrf token"}, status=403)
    return line.step("basics.GetMe").ask("GET", "/me").say(ME, headers=headers)


def two_tokens(second: str) -> Timeline:
    """Two reads in one session."""
    line = discovery(TOKENS).step("basics.GetMe").ask("GET", "/me")
    return line.say(ME, headers={**TOKENS, "x-csrf-token": [second]}, mark="second")


def first_reply(cookies: Sequence[str]) -> Timeline:
    """The first request of a session."""
    line = _line().step("basics.GetMe").ask("GET", "/me", headers=CREDENTIALS)
    return line.say(ME, headers={"set-cookie": list(cookies)})


def cookie_alone(body: Any, status: int) -> Timeline:
    """A request with nothing but the session's cookie."""
    return _line().step("basics.GetMe").ask("GET", "/me", headers=COOKIE).say(body, status=status)


def after_end(body: Any, status: int) -> Timeline:
    """The cookie of a session that was ended."""
    line = _line().step("voice.EndContactCenterSession", "setup")
    line.ask("POST", "/me", {"operationName": "EndContactCenterSession"}, headers={**LOGGED_IN}).say({"statusCode": 0})
    return line.step("basics.GetMe", "probe").ask("GET", "/me", headers=COOKIE).say(body, status=status)


def origins(origin: str, named: str | None, *, listed: Sequence[str] = ("https://*.partner.test",)) -> Timeline:
    """A request of a browser, after the administrator set the allowed origins."""
    line = _line().step("basics.UpdateAccessControl", "setup", performer="admin")
    setting = {"settings": {"name": "allowedOrigins", "value": list(listed)}}
    line.ask("PUT", "/settings/access-control", setting, actor="admin").say({"statusCode": 0}, actor="admin")
    line.step("basics.GetMe").ask("GET", "/me", headers={**LOGGED_IN, "origin": [origin]})
    return line.say(ME, headers={"access-control-allow-origin": [named]} if named else {})


PARTNER, STRANGER = "https://app.partner.test", "https://stranger.example"

PAIRS = [
    Pair(
        "csrf.discovered",
        lambda: discovery(TOKENS),
        lambda: discovery({"x-csrf-header": ["X-CSRF-TOKEN"]}),
        "GET /me as agent has no X-CSRF-TOKEN",
        "basics.GetMe",
    ),
    Pair(
        "csrf.discovered",
        lambda: discovery(TOKENS, csrf=False, refused=True),
        lambda: discovery({}, csrf=False, refused=True),
        "has no X-CSRF-HEADER, X-CSRF-TOKEN",
        "basics.GetMe",
        name="by-traffic",
    ),
    Pair(
        "csrf.discovered",
        lambda: two_tokens("<secret:token#1>"),
        lambda: two_tokens("<secret:token#2>"),
        "the token changed within a session",
        "basics.GetMe",
        "second",
        "warning",
        name="lifetime",
    ),
    Pair(
        "session.cookie",
        lambda: first_reply(["BAYEUX_BROWSER=1", "JSESSIONID=<secret:cookie#1>; Path=/"]),
        lambda: first_reply(["BAYEUX_BROWSER=1"]),
        "GET /me as agent with credentials sets no JSESSIONID",
        "basics.GetMe",
        name="set",
    ),
    Pair(
        "session.cookie",
        lambda: cookie_alone(ME, 200),
        lambda: cookie_alone(DENIED, 403),
        "GET /me as agent with the session's cookie alone was refused",
        "basics.GetMe",
        name="enough",
    ),
    Pair(
        "session.cookie",
        lambda: after_end(DENIED, 403),
        lambda: after_end(ME, 200),
        "a session that EndContactCenterSession ended was accepted",
        "basics.GetMe",
        name="ended",
    ),
    Pair(
        "cors.origins",
        lambda: origins(PARTNER, PARTNER),
        lambda: origins(PARTNER, None),
        "the allowed origin is not named",
        "basics.GetMe",
        name="allowed",
    ),
    Pair(
        "cors.origins",
        lambda: origins(STRANGER, None),
        lambda: origins(STRANGER, STRANGER),
        "an origin that is not allowed is",
        "basics.GetMe",
        name="stranger",
    ),
    Pair(
        "cors.origins",
        lambda: origins("https://gws.someone.org", None),
        lambda: origins("https://gws.someone.org", "*"),
        "an origin that is not allowed is",
        "basics.GetMe",
        verdict="warning",
        name="perhaps-global",
    ),
]
