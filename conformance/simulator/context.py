"""What a handler is given: who asks, for what, and the helpers to read the request with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar, overload

from starlette.datastructures import QueryParams
from starlette.requests import Request

from .models import HttpSession, User
from .status import NOT_AUTHENTICATED, ApiError, invalid, missing
from .world import World

T = TypeVar("T")

_JSON_NAMES: dict[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    dict: "an object",
    list: "an array",
}


class Context:
    """One request. `path` holds the path's parameters, `body` the JSON object (empty when there is none)."""

    __slots__ = ("_deferred", "_query", "_user", "body", "path", "request", "session", "world")

    def __init__(
        self,
        world: World,
        request: Request,
        user: User | None,
        session: HttpSession | None,
        path: dict[str, str],
        body: dict[str, Any],
    ) -> None:
        self.world = world
        self.request = request
        self._user = user
        self.session = session
        self.path = path
        self.body = body
        self._query: QueryParams | None = None
        self._deferred: list[Callable[[], None]] = []

    @property
    def user(self) -> User:
        """Who asks. A public operation may be asked by nobody: then ApiError 20."""
        if self._user is None:
            raise ApiError(NOT_AUTHENTICATED, "Access denied")
        return self._user

    @property
    def query(self) -> QueryParams:
        """The query parameters."""
        if self._query is None:
            self._query = QueryParams(self.request.scope["query_string"])
        return self._query

    def uri(self, path: str) -> str:
        """The absolute URI of a path such as "/calls/123"."""
        return self.world.api_uri + path

    def required(self, name: str, type_: type[T], values: Collection[T] | None = None) -> T:
        """A member of the body. ApiError 1 when it is missing or null, 10 when its type or value is wrong.

        An empty string counts as missing.
        """
        if self.body.get(name) in (None, ""):
            raise missing(name)
        return self._checked(name, type_, values)

    @overload
    def optional(self, name: str, type_: type[T], values: Collection[T] | None = None) -> T | None: ...

    @overload
    def optional(self, name: str, type_: type[T], values: Collection[T] | None, default: T) -> T: ...

    @overload
    def optional(self, name: str, type_: type[T], values: Collection[T] | None = None, *, default: T) -> T: ...

    def optional(
        self, name: str, type_: type[T], values: Collection[T] | None = None, default: T | None = None
    ) -> T | None:
        """A member of the body, or `default` when it is missing or null. ApiError 10 when it is wrong."""
        if self.body.get(name) is None:
            return default
        return self._checked(name, type_, values)

    def _checked(self, name: str, type_: type[T], values: Collection[T] | None) -> T:
        value = self.body[name]
        wanted = (int, float) if type_ is float else type_
        # A JSON boolean is no number, although Python's is.
        if not isinstance(value, wanted) or (isinstance(value, bool) and type_ is not bool):
            raise invalid(name, f"must be {_JSON_NAMES.get(type_, type_.__name__)}")
        if values is not None and value not in values:
            raise invalid(name, "must be one of " + ", ".join(str(v) for v in values))
        return value  # type: ignore[return-value]  # isinstance() against the union above

    def defer(self, fn: Callable[[], None]) -> None:
        """Run `fn` as the asynchronous back end would: around the moment the HTTP reply leaves.

        Whether before or after it is decided by the server's `order` option, for the whole request at once.
        `fn` does not run when the handler raises.
        """
        self._deferred.append(fn)

    def take_deferred(self) -> list[Callable[[], None]]:
        """The deferred functions, once (for the server)."""
        taken, self._deferred = self._deferred, []
        return taken
