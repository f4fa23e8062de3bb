"""The negative matrix: from one sound request, each request that must be refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.contract import Operation, Source
from conformance.contract.model import Parameter
from conformance.driver.negatives import NOBODY, UNKNOWN_ID, URL_LIMIT, Refusable, refusables
from conformance.driver.requests import Request
from tests.driver.driver_support import CONTRACT

DESTINATION = Parameter(
    "destination",
    "body",
    "object",
    required=True,
    stated=False,
    members=(Parameter("phoneNumber", "member", "phoneNumber", required=True),),
)
MODE = Parameter("mode", "body", "string", required=False, values=("A", "B"))
ID = Parameter("id", "path", "id", required=True, of="call")
BODY: dict[str, Any] = {"operationName": "Do", "destination": {"phoneNumber": "5002"}, "mode": "A"}
SOUND = Request("POST", "/me/calls/C1", {}, BODY)


def operation(method: str = "POST", *parameters: Parameter, **members: Any) -> Operation:
    """A small operation."""
    shape: dict[str, Any] = {"operation_name": "Do", "parameters": parameters, **members}
    source = Source("Do", (1, 2))
    return Operation("voice.Do", "voice", "Do", "Does.", source, method, "/me/calls/{id}", (), "state", **shape)


def cases(chosen: Operation, sound: Request = SOUND, *, csrf: bool = True, **ids: str) -> dict[str, Refusable]:
    """The refusable requests by label."""
    listed = list(refusables(CONTRACT, chosen, sound, csrf=csrf, identifiers=ids))
    assert len({item.label for item in listed}) == len(listed)
    return {item.label: item for item in listed}


@pytest.fixture
def found() -> dict[str, Refusable]:
    """The negatives of an operation with everything."""
    return cases(operation("POST", ID, DESTINATION, MODE), id="C1")


def test_every_family(found: dict[str, Refusable]) -> None:
    """Nothing is left out, nothing comes twice, and each has its entry in the contract."""
    assert sorted(found) == [
        "invalid-value:mode",
        "malformed-json",
        "method-not-allowed",
        "missing-cookie",
        "missing-csrf-token",
        "missing-parameter:destination",
        "missing-parameter:destination.phoneNumber",
        "no-credentials",
        "oversized-url",
        "unknown-id:id",
        "unknown-operation-name",
        "wrong-content-type",
        "wrong-credentials",
        "wrong-type:destination",
        "wrong-type:mode",
    ]
    assert {item.negative for item in found.values()} <= set(CONTRACT.negatives)


def test_strangers(found: dict[str, Refusable]) -> None:
    """Nobody, and somebody who does not exist: never a real account, and never in the session."""
    assert found["no-credentials"].options == {"auth": "none", "cookies": False, "csrf": False}
    assert found["wrong-credentials"].options["auth"] is NOBODY
    assert found["wrong-credentials"].options["cookies"] is False


def test_tokens(found: dict[str, Refusable]) -> None:
    """The token is left out, or the cookie is; only where the protection is on and something is modified."""
    assert found["missing-csrf-token"].options == {"csrf": False}
    assert found["missing-cookie"].options["cookies"] is False
    assert not {"missing-csrf-token", "missing-cookie"} & set(cases(operation(), csrf=False))
    assert not {"missing-csrf-token", "missing-cookie"} & set(cases(operation("GET"), Request("GET", "/me/calls/C1")))


def test_what_anyone_may_do_needs_no_credentials() -> None:
    """Operations of customers are not tried without credentials: they have none."""
    labels = set(cases(operation("POST", MODE, roles=("anyone",))))
    assert not {"no-credentials", "wrong-credentials", "missing-csrf-token"} & labels
    assert "invalid-value:mode" in labels


def test_missing_parameters(found: dict[str, Refusable]) -> None:
    """A parameter is left out, also one inside an object; where the page does not state that it is required, the
    refusal is an inference."""
    whole, inner = found["missing-parameter:destination"], found["missing-parameter:destination.phoneNumber"]
    assert whole.request.body == {"operationName": "Do", "mode": "A"}
    assert whole.inferred
    assert inner.request.body == {**BODY, "destination": {}}
    assert not inner.inferred


def test_values_and_types(found: dict[str, Refusable]) -> None:
    """A value that the page does not list, and a value of another JSON type."""
    assert found["invalid-value:mode"].request.body == {**BODY, "mode": "no-such-value"}
    assert found["wrong-type:destination"].request.body == {**BODY, "destination": "not-an-object"}
    assert not isinstance(dict(found["wrong-type:mode"].request.body or {})["mode"], str)


def test_ids(found: dict[str, Refusable]) -> None:
    """The id in the path is replaced by one that nothing has."""
    assert found["unknown-id:id"].request.path == f"/me/calls/{UNKNOWN_ID}"


def test_bodies(found: dict[str, Refusable]) -> None:
    """A body that is no JSON, one that says it is something else, and an operation that does not exist."""
    broken = found["malformed-json"].request
    assert broken.headers["Content-Type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.content or b"")
    assert found["wrong-content-type"].request.headers["Content-Type"] == "text/plain"
    assert found["unknown-operation-name"].request.body == {**BODY, "operationName": "NoSuchOperation"}


def test_methods_and_urls(found: dict[str, Refusable]) -> None:
    """A method that no page has, and a URL beyond the documented length."""
    assert found["method-not-allowed"].request.method == "PATCH"
    assert len(found["oversized-url"].request.params["filler"]) == URL_LIMIT


def test_queries() -> None:
    """Query parameters of a read: one left out, one out of its values, one that is no number."""
    needed = Parameter("topic", "query", "string", required=True)
    order = Parameter("order", "query", "string", required=False, values=("Ascending", "Descending"))
    limit = Parameter("limit", "query", "integer", required=False)
    sound = Request("GET", "/me/calls", {"topic": "a"})
    found = cases(operation("GET", needed, order, limit, operation_name=None), sound)
    assert found["missing-parameter:topic"].request.params == {}
    assert found["invalid-value:order"].request.params == {"topic": "a", "order": "no-such-value"}
    assert found["wrong-type:limit"].request.params == {"topic": "a", "limit": "not-a-number"}
    assert "malformed-json" not in found


def test_the_sound_request_stays_as_it_is() -> None:
    """Deriving the negatives changes nothing of the request that they come from."""
    before = json.dumps(BODY)
    assert cases(operation("POST", ID, DESTINATION, MODE), id="C1")
    assert json.dumps(BODY) == before
