"""The pytest plugin: options, the `play` fixture, and the mapping of verdicts to test outcomes.

A scenario is judged when its test function has ended; the judge's findings decide whether the test passes.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

KEY: pytest.StashKey[Any] = pytest.StashKey()
ORDER: pytest.StashKey[int] = pytest.StashKey()
"""An item's place among all that are to be played, where several processes play them."""
FULL = 12
"""Findings of a test that are told."""
LINE = 12_000
"""Characters of a line of them: a curl line has a whole body in it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suites; see `pytest --help`, group `gws-conformance`."""
    group = parser.getgroup("gws-conformance", "GWS conformance suites (pytest --pyargs conformance.suites)")
    group.addoption("--gws-target", metavar="FILE", help="target file of the deployment under test")
    group.addoption("--gws-base-url", metavar="URL", help="replaces base_url of the target file")
    group.addoption("--gws-simulator", action="store_true", help="test the bundled server, started for this run")
    group.addoption("--gws-fault", metavar="NAME", action="append", default=[], help="fault of the bundled server")
    group.addoption("--gws-output", metavar="DIR", help="where timeline and reports go")
    group.addoption("--gws-area", metavar="AREA", action="append", default=[], help="only these areas (repeatable)")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker. Raises `pytest.UsageError` where several processes would play on one deployment."""
    config.addinivalue_line("markers", "gws_area(name): area of the contract that a suite covers")
    if hasattr(config, "workerinput") or not _workers(config):
        return
    options = config.option
    remedy = "leave out -n (or give -n 0)"
    if options.gws_target or options.gws_base_url:
        raise pytest.UsageError(
            f"gws-conformance: several processes would play with the same users of one deployment: {remedy}"
        )
    if options.gws_simulator and options.gws_output:
        raise pytest.UsageError(
            "gws-conformance: with several processes each tests a bundled server of its own, and one folder holds one "
            f"run: leave out --gws-output, or {remedy}; 'gws-conformance run --jobs' writes one report of several"
        )


def _workers(config: pytest.Config) -> bool:
    """Whether pytest-xdist distributes the tests."""
    options = config.option
    return bool(getattr(options, "numprocesses", None) or getattr(options, "tx", None)) or (
        getattr(options, "dist", "no") != "no"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the areas that were asked for, and of these what has a case: for a kind of case that an area's contract
    does not hold, pytest makes an item that it skips."""
    wanted = set(config.getoption("--gws-area"))
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        marker = item.get_closest_marker("gws_area")
        foreign = marker is not None and bool(wanted) and marker.args[0] not in wanted
        (dropped if foreign or (marker is not None and _is_empty(item)) else kept).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def _is_empty(item: pytest.Item) -> bool:
    return any(str(mark.kwargs.get("reason", "")).startswith("got empty parameter set") for mark in item.own_markers)


@pytest.fixture(scope="session")
def gws_session(request: pytest.FixtureRequest) -> Generator[Any]:
    """The run: target, stage, recorder, reports."""
    from conformance.opening import Plan, RunProblem
    from conformance.session import Session

    existing = request.config.stash.get(KEY, None)
    if existing is not None:
        yield existing
        return
    options = request.config.option
    output = Path(options.gws_output) if options.gws_output else None
    try:
        plan = Plan(
            target_file=Path(options.gws_target) if options.gws_target else None,
            base_url=options.gws_base_url,
            bundled=options.gws_simulator,
            faults=tuple(options.gws_fault),
            output=output,
            arguments=tuple(map(str, request.config.invocation_params.args)),
            areas=tuple(options.gws_area),
        )
        session = Session.open(plan)
    except RunProblem as problem:
        pytest.exit(f"gws-conformance: {problem}", returncode=problem.exit_code)
    request.config.stash[KEY] = session
    try:
        yield session
    finally:
        paths = session.close()
        reporter = request.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and paths:
            reporter.write_line(f"\ngws-conformance: {session.verdict}; reports in {paths[0].parent}")


@pytest.fixture
def play(request: pytest.FixtureRequest, gws_session: Any) -> Any:
    """One scenario for one test."""
    marker = request.node.get_closest_marker("gws_area")
    name = request.node.callspec.id if hasattr(request.node, "callspec") else request.node.name.removeprefix("test_")
    area = marker.args[0] if marker else ""
    identifier = name if "." in name or ":" in name else f"{area}.{name}"
    title = (request.node.function.__doc__ or "").strip()
    return gws_session.play(identifier, area, title, request.node.stash.get(ORDER, None))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Ends the scenario of a suite's test, judges it, and turns the findings into the test's outcome."""
    if "play" not in pyfuncitem.fixturenames:
        return (yield)
    from conformance.session import finish

    play_object: Any = pyfuncitem.funcargs["play"]
    session: Any = pyfuncitem.funcargs.get("gws_session") or pyfuncitem.config.stash[KEY]
    problem: BaseException | None = None
    result: Any = None
    try:
        result = yield
    except BaseException as error:  # noqa: BLE001 - it is raised again once the scenario has ended
        problem = error
    ending = finish(session, play_object, problem)
    if session.problem is not None:
        pyfuncitem.session.shouldstop = session.problem
    if isinstance(problem, KeyboardInterrupt | pytest.exit.Exception):
        raise problem
    if ending.verdict == "skipped":
        pytest.skip(ending.text)
    if ending.verdict in {"failed", "error", "untestable"}:
        pytest.fail(f"{ending.verdict}: {_told(ending, session)}", pytrace=False)
    return result


def _told(ending: Any, session: Any) -> str:
    """What is wrong, each finding with its rule, its page and the line that repeats its request."""
    from conformance.report.curl import curl_lines, curl_notes, homed
    from conformance.report.text import safe

    worst = [item for item in ending.findings if item.verdict == ending.verdict][:FULL]
    if not worst:
        return str(ending.text)
    played = [item for item in session.judged.scenarios[-1:] if item.id == ending.scenario]
    target = session.stage.target.describe()
    lines, notes = curl_lines(worst, played), curl_notes(worst, played, target)
    texts = []
    for item in worst:
        rows = [f"{item.check}: {item.message}"]
        rows[0] += f" (expected {item.expected}; seen {item.seen})" if item.expected else ""
        rows += [f"  rule: {item.rule}"] if item.rule else []
        rows += [f"  source: {item.source}"] if item.source else []
        rows += [f"  repeat: {homed(lines[item.id], target)}"] if item.id in lines else []
        rows += [f"  but: {notes[item.id]}"] if item.id in notes else []
        texts.append("\n".join(safe(row, LINE) for row in rows))
    return "\n".join(texts)
