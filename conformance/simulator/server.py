"""Starting and stopping the server: as a process of its own, or in a thread of a test."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import uvicorn

from .app import Application, create_app
from .faults import UnknownFaultError, declared_faults
from .http_protocol import http_protocol
from .seed import FEATURES, target_toml
from .standby import read_arguments, redirect_errors, serve_each
from .world import ORDERS, Options, World

SHUTDOWN_SECONDS: Final = 1
START_SECONDS: Final = 15.0
Announce = Callable[[dict[str, Any]], None]

GC_THRESHOLD = 50_000


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop where it is installed (it is not on Windows), the standard one elsewhere."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _print_line(facts: dict[str, Any]) -> None:
    # In one write: several servers may have the same standard output.
    sys.stdout.flush()
    os.write(sys.stdout.fileno(), json.dumps(facts).encode() + b"\n")


class _Server(uvicorn.Server):
    """uvicorn, but held long-polls are released before it waits for connections, and signals end it quietly."""

    def __init__(self, config: uvicorn.Config, application: Application, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._application = application
        self._announce_start = started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would raise the signal again once it has shut down: the exit code of a clean stop is 0 here.
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._announce_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._application.bayeux.shutdown()
        await super().shutdown(sockets=sockets)

    def stop(self) -> None:
        """Ask the server to end; callable from its own loop."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY: else a reply waits for the delayed acknowledgement (40 ms).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _base_url(host: str, port: int) -> str:
    # A wildcard address is no address to connect to.
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _build(
    options: Options, host: str, port: int, announce: Announce
) -> tuple[_Server, Application, socket.socket, str]:
    application = create_app(options)
    listener = _listen(host, port)
    actual: int = listener.getsockname()[1]
    base_url = _base_url(host, actual)
    application.world.api_uri = f"{base_url}/api/v2"
    config = uvicorn.Config(
        application,
        http=http_protocol(),
        loop="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    facts = {"baseUrl": base_url, "port": actual, "pid": os.getpid()}
    server = _Server(config, application, lambda: announce(facts))
    return server, application, listener, base_url


def _stop_at_end_of_input(loop: asyncio.AbstractEventLoop, server: _Server) -> None:
    """Stop the server when standard input ends: the parent that held its other end is gone."""

    def watch() -> None:
        # os.read, not sys.stdin: a thread inside the buffered reader would block the end of the interpreter.
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop may have ended by itself
            loop.call_soon_threadsafe(server.stop)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    seed: int = 0,
    csrf: bool = True,
    order: str = "mixed",
    faults: Sequence[str] = (),
    features_off: Sequence[str] = (),
    announce: Announce = _print_line,
    exit_with_parent: bool = False,
    options: Options | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until standard input ends when `exit_with_parent` is set.

    Port 0 takes a free one. `announce` is called with `{"baseUrl", "port", "pid"}` once the server listens; by
    default that is printed as one line of JSON. `options` replaces the five keywords before `announce`. Raises
    OSError when the address cannot be bound, UnknownFaultError for a fault that does not exist.
    """
    chosen = options or Options(
        seed=seed, csrf=csrf, order=order, faults=tuple(faults), features_off=tuple(features_off)
    )

    async def run() -> None:
        server, _, listener, _ = _build(chosen, host, port, announce)
        # What is there now stays for good: the collector need not look at it again and again.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        if exit_with_parent:
            _stop_at_end_of_input(loop, server)
        await server.serve(sockets=[listener])

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run())


@dataclass(frozen=True)
class Running:
    """A server that runs in a thread of this process. Touch `world` through `call`, in the server's own loop."""

    base_url: str
    world: World
    application: Application
    _loop: asyncio.AbstractEventLoop

    def call(self, fn: Callable[[], Any]) -> Any:
        """Run `fn()` in the server's loop and give its result."""

        async def run() -> Any:
            return fn()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(START_SECONDS)


@contextlib.contextmanager
def running(options: Options | None = None) -> Iterator[Running]:
    """A server in a thread, on a free port of the loopback address, stopped at the end of the block."""
    ready = threading.Event()
    found: list[Running] = []
    servers: list[_Server] = []

    async def run() -> None:
        server, application, listener, base_url = _build(options or Options(), "127.0.0.1", 0, lambda _: ready.set())
        # Inside pytest a crash must not take the tests with it.
        application.world.die = server.stop
        servers.append(server)
        found.append(Running(base_url, application.world, application, asyncio.get_running_loop()))
        await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="bundled-server", daemon=True)
    thread.start()
    try:
        if not ready.wait(START_SECONDS):
            raise RuntimeError("the bundled server did not start; its error is on standard error")
        yield found[0]
    finally:
        if servers:
            with contextlib.suppress(RuntimeError):  # its loop has ended already
                found[0]._loop.call_soon_threadsafe(servers[0].stop)
            thread.join(START_SECONDS)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conformance.simulator", description="The bundled server: a Genesys Web Services of its own."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all identifiers (default: %(default)s)")
    parser.add_argument("--no-csrf", dest="csrf", action="store_false", help="do without Csrf tokens")
    parser.add_argument("--order", choices=ORDERS, default="mixed", help="replies or notifications first")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[:ARGUMENT]", help="switch a fault on (repeatable)"
    )
    parser.add_argument("--list-faults", action="store_true", help="print every fault and stop")
    parser.add_argument("--features-off", default="", metavar="A,B", help="features that are disabled")
    parser.add_argument("--session-timeout", type=float, default=1800.0, metavar="SECONDS")
    parser.add_argument("--bayeux-timeout", type=int, default=30000, metavar="MS", help="how long connects are held")
    parser.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN", help="global CORS origin")
    parser.add_argument("--print-target", action="store_true", help="print a target file for the address and stop")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when standard input ends")
    parser.add_argument("--servers", type=int, default=1, metavar="N", help="so many, each on a free port of its own")
    parser.add_argument("--log", metavar="FILE", help="errors go there")
    parser.add_argument(
        "--standby", action="store_true", help="wait for the arguments: an array of JSON in one line of standard input"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 0 after a clean stop, 2 when the server cannot start as asked."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.standby:
        try:
            given = read_arguments()
        except ValueError as error:
            parser.error(f"--standby: {error}")
        if given is None:
            return 0
        arguments = parser.parse_args(given)
    if arguments.list_faults:
        for fault in declared_faults():
            print(f"{fault.usage}\t{fault.sentence}")
        return 0
    if not 0 <= arguments.port <= 65535:
        parser.error("--port must be between 0 and 65535")
    if arguments.print_target:
        print(target_toml(_base_url(arguments.host, arguments.port)), end="")
        return 0
    features_off = _words(arguments.features_off)
    unknown = [name for name in features_off if name not in FEATURES]
    if unknown:
        parser.error(f"--features-off: unknown feature {unknown[0]!r}; known: {', '.join(FEATURES)}")
    options = Options(
        seed=arguments.seed,
        csrf=arguments.csrf,
        order=arguments.order,
        features_off=tuple(features_off),
        session_timeout=arguments.session_timeout,
        global_origins=tuple(arguments.allow_origin),
        bayeux_timeout_ms=arguments.bayeux_timeout,
        faults=tuple(arguments.fault),
    )
    if arguments.log:
        try:
            redirect_errors(arguments.log)
        except OSError as error:
            parser.error(f"--log: {arguments.log} cannot be written ({error.strerror})")
    try:
        one = partial(serve, arguments.host, options=options, exit_with_parent=arguments.exit_with_parent)
        if arguments.servers > 1:
            World(options)  # an option that is wrong is told once, by this process
            serve_each(arguments.servers, one)
        else:
            one(arguments.port)
    except UnknownFaultError as error:
        parser.error(f"--fault: {error}")
    except OSError as error:
        parser.error(f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror or error}; try --port 0")
    return 0
