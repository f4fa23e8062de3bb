"""Plays the suites with pytest inside this process, deaf to whatever pytest would find in the current folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from conformance.contract.profiles import Profile
from conformance.ending import Ending
from conformance.ensemble import Ensemble, Left, Send, ended_frame
from conformance.opening import Part, RunProblem
from conformance.plugin import KEY, ORDER
from conformance.session import Session

SUITES = "conformance.suites"
_FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DEBUG")


class Player:
    """The pytest plugin of a run: opens the session once it is known that there is something to play, and listens.

    open_session: gets the number of scenarios. open_ensemble: likewise, and gives None where one process is to play;
    open_part opens the session of one of several. interrupted: whether a signal came.
    problem: why nothing was played. usage: what was wrong with the expression. broke: what broke outside any scenario.
    """

    def __init__(
        self,
        open_session: Callable[[int], Session],
        profile: Profile | None = None,
        *,
        open_ensemble: Callable[[int], Ensemble | None] = lambda _: None,
        open_part: Callable[[Part], Session] | None = None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._open, self._profile, self._interrupted = open_session, profile, interrupted
        self._open_ensemble, self._open_part = open_ensemble, open_part
        self.session: Session | None = None
        self.problem: RunProblem | None = None
        self.usage: str | None = None
        self.selected = 0
        self.broke: list[str] = []
        self._told: set[str] = set()
        self._ended = 0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
        """Keeps what the profile admits; notes an expression that pytest does not understand."""
        try:
            yield
        except pytest.UsageError as error:
            self.usage = str(error)
            items.clear()
        if self._profile is not None:
            admitted = [item for item in items if _admitted(item, self._profile)]
            config.hook.pytest_deselected(items=[item for item in items if item not in set(admitted)])
            items[:] = admitted

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A suite that cannot be imported is a defect of ours."""
        if report.failed:
            self.broke.append(f"collecting {report.nodeid}\n{report.longreprtext}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Opens the run, or ends it here: True means that nothing is to be played."""
        self.selected = len(session.items)
        if self.usage is not None or self.broke or not session.items:
            return True
        try:
            ensemble = self._open_ensemble(self.selected)
            if ensemble is not None:
                for place, item in enumerate(session.items):
                    item.stash[ORDER] = place
                ensemble.play(lambda part, send: self._play_part(session, part, send), self.selected)
                self.broke += ensemble.broke
                return True
            self._listen(session, self._open(self.selected))
        except RunProblem as problem:
            self.problem = problem
            return True
        return None

    def _listen(self, session: pytest.Session, opened: Session) -> None:
        self.session = opened
        session.config.stash[KEY] = opened
        tell = opened.on_ending

        def ended(ending: Ending) -> None:
            self._ended += 1
            if tell is not None:
                tell(ending)

        opened.on_ending = ended

    def _play_part(self, session: pytest.Session, part: Part, send: Send) -> Left:
        """The life of one of several processes: item after item that no other has taken, each told to the conductor
        when it is over."""
        assert self._open_part is not None
        opened = self._open_part(part)
        opened.on_begin = lambda name, area: send(("begin", name, area))
        opened.on_ending = lambda ending: send(ended_frame(opened, ending))
        self._listen(session, opened)
        try:
            send(("opened", opened.facts()))
            while (place := part.timeline.take()) < len(session.items):
                item = session.items[place]
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if session.shouldfail or session.shouldstop:
                    break
        except KeyboardInterrupt:
            opened.interrupted = True
        except pytest.exit.Exception:
            pass  # `broke` says why
        finally:
            opened.leave()
        return Left(opened.facts(), opened.problem, 0, tuple(self.broke), opened.interrupted)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What fails without a scenario's ending is no verdict about the server."""
        if report.when == "call":
            if report.failed and self._ended == 0:
                self.broke.append(f"playing {report.nodeid}\n{report.longreprtext}")
            self._ended = 0
        elif report.failed:
            self.broke.append(f"{report.when} of {report.nodeid}\n{report.longreprtext}")

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Goes no further once something of ours broke: the rest would break the same way. Nor after an interruption
        of which nothing has come: Python drops what is raised while it finalizes an object."""
        if self._interrupted():
            raise KeyboardInterrupt
        if self.broke and self.session is not None:
            raise pytest.exit.Exception(f"the suite broke in {nodeid}")

    def pytest_internalerror(self, excrepr: Any) -> bool:
        """pytest itself broke; it is told with the reports, not printed."""
        self.broke.append(f"pytest broke\n{excrepr}")
        return True


def play_suites(player: Player, areas: Sequence[str], expression: str | None) -> int:
    """Runs pytest over the suites; its exit code. A `KeyboardInterrupt` ends it early, with exit code 2."""
    arguments = [
        "--pyargs",
        SUITES,
        # No configuration, conftest or plugin of the current folder or of the environment takes part.
        "-c",
        os.devnull,
        "--rootdir",
        os.path.dirname(os.path.abspath(__file__)),  # noqa: PTH100, PTH120 - pytest wants a text
        "--noconftest",
        "-o",
        "addopts=",
        "--import-mode=importlib",
        "--assert=plain",
        "--capture=no",
        *(
            part
            for name in (
                "cacheprovider",
                "terminal",
                "faulthandler",
                "logging",
                "unraisableexception",
                "threadexception",
            )
            for part in ("-p", f"no:{name}")
        ),
        "-p",
        "conformance.plugin",
        *(part for area in areas for part in ("--gws-area", area)),
        *(("-k", expression) if expression else ()),
    ]
    with _own_environment():
        return int(pytest.main(arguments, plugins=[player]))


def _admitted(item: pytest.Item, profile: Profile) -> bool:
    marker = item.get_closest_marker("gws_area")
    if marker is not None and marker.args[0] not in profile.areas:
        return False
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if "chart" in parameters or "transition" in parameters:
        return profile.admits(None) and profile.admits(parameters.get("operation"))
    if "told" in parameters:
        return profile.hazards.issuperset(parameters["told"].hazards)
    operation = parameters.get("operation")
    return operation is None or profile.admits(operation)


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in _FOREIGN if name in os.environ}
    before = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        os.environ.update(kept)
        if before is None:
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = before
