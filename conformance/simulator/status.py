"""The status codes of the Web Services API and the HTTP status each one travels with.

Source: Web Services API Reference, "Return Values" (lines 2282-2455). The page gives no mapping to HTTP statuses;
the table below is this server's choice, and keeps the few pairs that the documents do state: 0 with 200, 4 with
503 when a service is down ("Error handling"), 403 for a refused Csrf token.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

OK: Final = 0
MISSING_PARAMETER: Final = 1
INVALID_PARAMETER: Final = 2
FORBIDDEN: Final = 3
INTERNAL_ERROR: Final = 4
NO_PERMISSION: Final = 5
NOT_FOUND: Final = 6
PARTIAL_SUCCESS: Final = 7
CHANGE_PASSWORD: Final = 8
INCOMPLETE: Final = 9
OUT_OF_RANGE: Final = 10
READ_ONLY: Final = 11
CANNOT_RETRIEVE: Final = 12
CANNOT_CREATE: Final = 13
CANNOT_DELETE: Final = 14
CANNOT_UPDATE: Final = 15
CANNOT_ASSIGN: Final = 16
CANNOT_UNASSIGN: Final = 17
ALREADY_EXISTS: Final = 18
IN_USE: Final = 19
NOT_AUTHENTICATED: Final = 20

HTTP_BY_STATUS_CODE: Final[Mapping[int, int]] = {
    OK: 200,
    MISSING_PARAMETER: 400,
    INVALID_PARAMETER: 400,
    FORBIDDEN: 403,
    INTERNAL_ERROR: 500,
    NO_PERMISSION: 403,
    NOT_FOUND: 404,
    PARTIAL_SUCCESS: 200,
    CHANGE_PASSWORD: 403,
    INCOMPLETE: 200,
    OUT_OF_RANGE: 400,
    READ_ONLY: 400,
    CANNOT_RETRIEVE: 500,
    CANNOT_CREATE: 500,
    CANNOT_DELETE: 500,
    CANNOT_UPDATE: 500,
    CANNOT_ASSIGN: 500,
    CANNOT_UNASSIGN: 500,
    ALREADY_EXISTS: 409,
    IN_USE: 409,
    NOT_AUTHENTICATED: 403,
}


def http_status(status_code: int) -> int:
    """The HTTP status a reply with this statusCode is sent with (500 for a code outside the table)."""
    return HTTP_BY_STATUS_CODE.get(status_code, 500)


class ApiError(Exception):
    """A refusal: travels as `{"statusCode": n, "statusMessage": text}` with the HTTP status `http`.

    `extra` adds members beside the two. The page "Return Values" says that an error holds no other attributes,
    so areas use it only where another page shows one.
    """

    def __init__(
        self, status_code: int, message: str, http: int | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message
        self.http = http_status(status_code) if http is None else http
        self.extra: Mapping[str, Any] = extra or {}

    def body(self) -> dict[str, Any]:
        """The JSON body of the refusal."""
        return {"statusCode": self.status_code, "statusMessage": self.message, **self.extra}


def missing(name: str) -> ApiError:
    """Refusal of a request that lacks a required parameter."""
    return ApiError(MISSING_PARAMETER, f"Required parameter '{name}' is missing")


def invalid(name: str, why: str) -> ApiError:
    """Refusal of a parameter whose value is of the wrong type or outside its range."""
    return ApiError(OUT_OF_RANGE, f"Parameter '{name}' {why}")


def not_found(what: str) -> ApiError:
    """Refusal because the named resource does not exist."""
    return ApiError(NOT_FOUND, f"{what} could not be found")
