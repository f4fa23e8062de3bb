"""Every fault of the basics and of contacts can be seen from outside, and is not there unless it is on.

A probe asks the server as a client would and says whether it behaved as documented.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.simulator.faults import declared_faults
from tests.simulator.core_support import Bench, Client, Json

Probe = Callable[[Bench], bool]
ORIGIN = "https://a.example.com"
ALLOW: Json = {"name": "allowedOrigins", "value": ["https://*.example.com"]}
TOAST: Json = {"name": "toast-filter", "value": [{"attachedDataKey": "k", "displayName": "K"}]}


def _agent(bench: Bench) -> Client:
    return bench.client("agent1")


def _admin(bench: Bench) -> Client:
    return bench.client("admin1")


def _custom(bench: Bench, name: str = "Custom One") -> str:
    path: str = _agent(bench).post("/contacts", {"name": name, "phoneNumber": "777"}).body["path"]
    return path


def _contact_names(bench: Bench, **query: str) -> list[str]:
    contacts = _agent(bench).get("/contacts", limit="100", **query).body["contacts"]
    return [contact["name"] for contact in contacts]


def _user_names(bench: Bench, **query: str) -> list[str]:
    users = _agent(bench).get("/users", fields="userName,id", **query).body["users"]
    return [user["userName"] for user in users]


def _cors(bench: Bench, origin: str) -> bool:
    _admin(bench).post("/settings/access-control", ALLOW)
    reply = _agent(bench).ask("GET", "/me", headers={"Origin": origin})
    return reply.headers.get("access-control-allow-origin") == origin


def _csrf_without_cookie(bench: Bench) -> bool:
    token = _agent(bench).get("/me").headers["X-CSRF-TOKEN"]
    body = {"name": "n", "phoneNumber": "1"}
    return bench.new_client().ask("POST", "/contacts", json=body, headers={"X-CSRF-TOKEN": token}).http == 403


def _token_works(bench: Bench) -> bool:
    _agent(bench).get("/me")
    return _agent(bench).post("/contacts", {"name": "n", "phoneNumber": "1"}).http == 200


def _cookie_works(bench: Bench) -> bool:
    agent = bench.new_client()
    agent.get("/me")
    agent.auth = None
    return agent.get("/me").http == 200


def _unassigned(bench: Bench) -> bool:
    path = f"/users/{bench.user('agent3').id}/skills"
    _admin(bench).delete(f"{path}/{bench.skill('Billing')}")
    return not _admin(bench).get(path).body["uris"]


def _partial(bench: Bench) -> Json:
    uris = [f"{bench.world.api_uri}/skills/{bench.skill('Sales')}", "http://x/skills/none"]
    return _admin(bench).post(f"/users/{bench.user('agent4').id}/skills", {"uris": uris}).body


def _down(bench: Bench) -> int:
    bench.control("services", type="Voice", state="Inactive")
    return _agent(bench).post("/me/channels/voice", {"operationName": "Ready"}).http


def _service_shown(bench: Bench) -> bool:
    bench.control("services", type="Voice", state="Inactive")
    states = [s["state"] for s in _agent(bench).get("/services", fields="*").body["services"]]
    return "Inactive" in states


def _disabled(bench: Bench) -> int:
    bench.control("features", off=["api-provisioning-read"])
    return _agent(bench).get("/users").http


def _filter_stored(bench: Bench) -> bool:
    _admin(bench).post("/settings/voice", TOAST)
    return "toast-filter" in _admin(bench).get("/settings/voice").text


def _setting_updated(bench: Bench) -> bool:
    _admin(bench).put("/settings/voice", {"name": "defaultTelephonyNetworkType", "value": "Public"})
    return "Public" in _admin(bench).get("/settings/voice").text


def _setting_deleted(bench: Bench) -> bool:
    setting = {"name": "outboundCallerId", "value": "1"}
    _admin(bench).post("/settings/voice", setting)
    _admin(bench).delete("/settings/voice", setting)
    return "outboundCallerId" not in _admin(bench).get("/settings/voice").text


def _others_device(bench: Bench) -> int:
    return _agent(bench).get(f"/users/{bench.user('agent2').id}/devices").http


def _log_in(bench: Bench, state: str) -> None:
    _agent(bench).post("/me", {"operationName": "StartContactCenterSession", "channels": ["voice"]})
    _agent(bench).post("/me/channels/voice", {"operationName": state})


def _availability(bench: Bench, state: str) -> list[bool]:
    _log_in(bench, state)
    contact = _agent(bench).get("/contacts", name="agent1").body["contacts"][0]
    return [channel["available"] for channel in contact.get("availability", {}).get("channels", [])]


def _availability_shown(bench: Bench) -> list[str]:
    """The users who are shown with availability when agent1 alone is logged in."""
    _log_in(bench, "Ready")
    contacts = _agent(bench).get("/contacts", type="User", limit="100").body["contacts"]
    return [contact["name"] for contact in contacts if "availability" in contact]


def _changed_by(bench: Bench, user_name: str) -> list[int]:
    """The HTTP statuses of a user who creates a contact, and who changes and deletes one of the administrator."""
    client = bench.client(user_name)
    body = {"name": "n", "phoneNumber": "1"}
    path = _admin(bench).post("/contacts", body).body["path"]
    replies = client.post("/contacts", body), client.put(path, {"name": "m"}), client.delete(path)
    return [reply.http for reply in replies]


def _deleted(bench: Bench) -> str:
    path = _custom(bench)
    _agent(bench).delete(path)
    return path


def _updated(bench: Bench) -> Json:
    path = _custom(bench)
    _agent(bench).put(path, {"name": "Other"})
    contact: Json = _agent(bench).get(path).body["contact"]
    return contact


def _others_contact(bench: Bench, method: str) -> int:
    path = _agent(bench).get("/contacts", type="Queue").body["contacts"][0]["path"]
    return _agent(bench).send(method, path, {"name": "x"}).http


SEARCH = {"filterName": "NamesOrPhoneNumberMatches"}
PROBES: dict[str, Probe] = {
    "basics.any-password": lambda b: b.client(None).ask("GET", "/me", auth=("agent1", "bad")).http == 403,
    "basics.cookie-ignored": _cookie_works,
    "basics.cors-any-origin": lambda b: not _cors(b, "https://evil.net"),
    "basics.cors-headers-missing": lambda b: _cors(b, ORIGIN),
    "basics.cors-star-accepted": lambda b: (
        _admin(b).post("/settings/access-control", {**ALLOW, "value": ["*"]}).http == 400
    ),
    "basics.cors-wildcard-literal": lambda b: _cors(b, ORIGIN),
    "basics.csrf-headers-missing": lambda b: "X-CSRF-TOKEN" in _agent(b).get("/me").headers,
    "basics.csrf-not-required": lambda b: _agent(b).ask("POST", "/contacts", json={}).http == 403,
    "basics.csrf-token-rotates": _token_works,
    "basics.csrf-without-cookie": _csrf_without_cookie,
    "basics.default-feature-unassigned": lambda b: _admin(b).delete("/features/api-voice").code != 0,
    "basics.default-setting-deleted": lambda b: (
        _admin(b).delete("/settings/voice", {"name": "defaultTelephonyNetworkType"}).code == 3
    ),
    "basics.denied-with-code-5": lambda b: b.client(None).get("/me").code == 20,
    "basics.devices-of-others": lambda b: _others_device(b) == 403,
    "basics.disabled-feature-listed": lambda b: _agent(b).get("/features/api-devices-webrtc").http == 404,
    "basics.disabled-feature-works": lambda b: _disabled(b) == 404,
    "basics.disposition-name-missing": lambda b: (
        '"name":"IssueResolved"' in _agent(b).get("/settings/dispositions").text
    ),
    "basics.down-service-500": lambda b: _down(b) == 503,
    "basics.down-service-works": lambda b: _down(b) == 503,
    "basics.fields-ignored": lambda b: set(_agent(b).get("/me", fields="id").body["user"]) == {"id"},
    "basics.filter-ignored": lambda b: _user_names(b, lastName="Brook") == ["agent1", "agent4"],
    "basics.filter-setting-lost": _filter_stored,
    "basics.filters-ored": lambda b: _user_names(b, lastName="Brook", firstName="Dan") == ["agent4"],
    "basics.limit-default-ignored": lambda b: (
        bool(_custom(b)) and len(_agent(b).get("/contacts").body["contacts"]) == 10
    ),
    "basics.limit-over-100-accepted": lambda b: _agent(b).get("/users", limit="101").code == 10,
    "basics.bad-limit-ignored": lambda b: _agent(b).get("/users", limit="0").code == 10,
    "basics.long-url-accepted": lambda b: _agent(b).get("/me", x="x" * 2000).http == 414,
    "basics.me-is-another-user": lambda b: _agent(b).get("/me").body["user"]["userName"] == "agent1",
    "basics.message-beside-0": lambda b: "statusMessage" not in _agent(b).get("/me").body,
    "basics.no-auth-needed": lambda b: b.client(None).get("/me").http == 403,
    "basics.order-ignored": lambda b: _user_names(b, sortBy="userName", order="Descending")[0] == "supervisor1",
    "basics.paging-off-by-one": lambda b: _user_names(b, limit="1") == ["agent1"],
    "basics.partial-list": lambda b: _agent(b).get("/skills").code == 0,
    "basics.partial-success-as-0": lambda b: _partial(b)["statusCode"] == 7,
    "basics.partial-success-without-failed": lambda b: "failed" in _partial(b),
    "basics.paths-missing": lambda b: "paths" in _agent(b).get("/skills").body,
    "basics.resolve-uri-ignored": lambda b: (
        "routingTemplate" in _agent(b).get("/queues", fields="*", resolveUri="*").text.replace("routingTemplateUri", "")
    ),
    "basics.role-check-missing": lambda b: _agent(b).get("/devices").code == 5,
    "basics.role-without-prefix": lambda b: _agent(b).get("/me").body["user"]["roles"] == ["ROLE_AGENT"],
    "basics.second-sort-key-ignored": lambda b: (
        _user_names(b, sortBy="roles,lastName", roles="ROLE_AGENT", order="Descending")[0] == "publicagent"
    ),
    "basics.service-always-active": _service_shown,
    "basics.setting-delete-keeps": _setting_deleted,
    "basics.setting-update-lost": _setting_updated,
    "basics.settings-key-missing": lambda b: "key" in _agent(b).get("/settings/voice").body,
    "basics.singular-named-plural": lambda b: "user" in _agent(b).get("/me").body,
    "basics.sort-ignored": lambda b: _user_names(b, sortBy="lastName,firstName")[1] == "agent4",
    "basics.subresources-ignored": lambda b: "skills" in _agent(b).get("/me", subresources="*").body["user"],
    "basics.subresources-unasked": lambda b: "skills" not in _agent(b).get("/me").body["user"],
    "basics.system-features-incomplete": lambda b: "api-devices-webrtc" in _admin(b).get("/system/features").text,
    "basics.system-features-lack-one": lambda b: '"api-voice"' in _admin(b).get("/system/features", fields="*").text,
    "basics.total-count-missing": lambda b: "totalCount" in _agent(b).get("/users").body,
    "basics.total-count-of-page": lambda b: _agent(b).get("/users", limit="1").body["totalCount"] == 7,
    "basics.unassign-keeps-skill": _unassigned,
    "basics.unknown-operation-accepted": lambda b: _agent(b).post("/me", {"operationName": "Nonsense"}).code != 0,
    "basics.unknown-path-200": lambda b: _agent(b).get("/no/such").http == 404,
    "basics.uris-incomplete": lambda b: len(_agent(b).get("/skills").body["uris"]) == 4,
    "basics.uris-missing": lambda b: "uris" in _agent(b).get("/skills").body,
    "basics.version-is-number": lambda b: isinstance(b.client(None).get("/diagnostics/version").body["version"], str),
    "basics.version-needs-auth": lambda b: b.client(None).get("/diagnostics/version").http == 200,
    "contacts.agents-read": lambda b: (
        [_changed_by(b, who) for who in ("agent1", "supervisor1", "admin1")] == [[200, 200, 200]] * 3
    ),
    "contacts.availability-missing": lambda b: _availability(b, "Ready") == [True],
    "contacts.availability-of-absent": lambda b: _availability_shown(b) == ["agent1"],
    "contacts.availability-wrong": lambda b: _availability(b, "NotReady") == [False],
    "contacts.create-without-id": lambda b: "id" in _agent(b).post("/contacts", {"name": "x", "phoneNumber": "1"}).body,
    "contacts.delete-of-others-accepted": lambda b: _others_contact(b, "DELETE") == 403,
    "contacts.deleted-still-listed": lambda b: bool(_deleted(b)) and _contact_names(b, type="Custom") == [],
    "contacts.deleted-still-readable": lambda b: _agent(b).get(_deleted(b)).http == 404,
    "contacts.exclude-overridden": lambda b: (
        _contact_names(b, includeUsersInBusinessUnits="Agent Group 2", excludeUsersInBusinessUnits="Internal")
        == ["agent3"]
    ),
    "contacts.filter-ignored": lambda b: _contact_names(b, name="agent2") == ["agent2"],
    "contacts.name-filter-matches-prefix": lambda b: _contact_names(b, name="agent") == [],
    "contacts.name-not-required": lambda b: _agent(b).post("/contacts", {"phoneNumber": "1"}).code == 1,
    "contacts.roles-filter-needs-all": lambda b: len(_contact_names(b, roles="ROLE_ADMIN,ROLE_SUPERVISOR")) == 2,
    "contacts.search-case-sensitive": lambda b: _contact_names(b, filterParameters="ADA", **SEARCH) == ["agent1"],
    "contacts.search-parameters-ored": lambda b: (
        _contact_names(b, filterParameters="brook,dan", **SEARCH) == ["agent4"]
    ),
    "contacts.search-wildcard-literal": lambda b: _contact_names(b, filterParameters="*ada*", **SEARCH) == ["agent1"],
    "contacts.sort-ignored": lambda b: _contact_names(b, sortBy="name")[0] == "admin1",
    "contacts.type-filter-ignored": lambda b: len(_contact_names(b, type="Queue")) == 3,
    "contacts.type-lower-case": lambda b: '"type":"User"' in _agent(b).get("/contacts").text,
    "contacts.update-erases": lambda b: _updated(b)["phoneNumber"] == "777",
    "contacts.update-lost": lambda b: _updated(b)["name"] == "Other",
    "contacts.update-of-others-accepted": lambda b: _others_contact(b, "PUT") == 403,
}


def test_every_fault_of_these_areas_has_a_probe() -> None:
    declared = {fault.name for fault in declared_faults() if fault.name.startswith(("basics.", "contacts."))}
    assert declared == set(PROBES)


@pytest.mark.parametrize("name", sorted(PROBES))
def test_a_fault_shows_and_is_absent_when_it_is_off(name: str) -> None:
    assert PROBES[name](Bench()), "the sound server fails the probe"
    assert not PROBES[name](Bench(name)), "the fault cannot be seen"


def test_faults_can_be_switched_while_the_server_runs() -> None:
    bench = Bench()
    assert _agent(bench).get("/me").code == 0
    assert bench.control("faults", on=["basics.me-is-another-user"])["on"] == ["basics.me-is-another-user"]
    assert _agent(bench).get("/me").body["user"]["userName"] == "agent2"
    assert bench.control("faults", off="*")["on"] == []
    assert _agent(bench).get("/me").body["user"]["userName"] == "agent1"
    refused = bench.client(None).http.post("/__simulator/faults", json={"on": ["no.such"]})
    assert refused.status_code == 400
    assert "no.such" in refused.json()["statusMessage"]
