"""Replies made by hand for the checks, and short fuzzing runs against a server in a thread."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance.contract import Operation, load_contract
from conformance.fuzz.flaws import flaws_of
from conformance.fuzz.observing import CHECKS, Complaint, Followed, Observation
from conformance.fuzz.results import FuzzResults
from conformance.fuzz.running import FuzzPlan, FuzzRun
from conformance.fuzz.sending import ABSENT, Sent
from conformance.fuzz.units import Unit, units_of
from conformance.opening import Plan
from conformance.simulator.server import Running, running
from conformance.wire.http import HttpReply

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = load_contract()
JSON = "application/json"


def unit_of(name: str) -> Unit:
    """The unit of one operation."""
    return next(unit for unit in units_of(CONTRACT, lambda item: item.id == name) if unit.operations[0].id == name)


def sent(unit: str, body: Any = ABSENT, query: str = "", content: bytes | None = None, **names: str) -> Sent:
    """A request of an operation, its path parameters given by the description's names."""
    known = unit_of(unit)
    path = known.path
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    pairs = [item.partition("=") for item in query.split("&") if item]
    if content is None and body is not ABSENT:
        content = json.dumps(body).encode()
    values = {name: (value,) for name, _, value in pairs}
    return Sent(known.method, path + (f"?{query}" if query else ""), content, {}, body, names, values)


def reply(
    body: Any = None, status: int = 200, *, text: str = "", kind: str | None = JSON, error: str | None = None
) -> HttpReply:
    """A reply; `body` None: `text` as it is."""
    headers = {"content-type": [kind]} if kind else {}
    shown = text if body is None else json.dumps(body)
    if error is not None:
        return HttpReply(0, {}, "", None, False, 0.0, 1, 2, error, "http://localhost/")
    return HttpReply(status, headers, shown, body, body is not None, 0.01, 1, 2, None, "http://localhost/")


def observe(
    unit: str, request: Sent, answer: HttpReply, *, known: Collection[str] = (), life: Sequence[Complaint] = ()
) -> Observation:
    """What a check is given."""
    place = unit_of(unit)
    flaws = flaws_of(CONTRACT, place, request, frozenset(known))
    return Observation(CONTRACT, place, request, answer, flaws, tuple(life))


def said(check: str, seen: Observation) -> tuple[list[Complaint], list[str]]:
    """The complaints of one check, and the readings that it followed."""
    all_said = list(CHECKS[check].function(seen))
    complaints = [item for item in all_said if isinstance(item, Complaint)]
    return complaints, [item.reading for item in all_said if isinstance(item, Followed)]


@dataclass
class Bench:
    """A bundled server in a thread, fresh for each run."""

    server: Running

    def fuzz(
        self,
        *operations: str,
        faults: Sequence[str] = (),
        seed: int = 1,
        examples: int = 6,
        output: Path | None = None,
    ) -> FuzzResults:
        """A run over some operations of a server with these faults."""
        world = self.server.world

        self.server.call(world.reset)

        def knows(item: Operation) -> bool:
            return item.id in operations

        areas = tuple(dict.fromkeys(name.partition(".")[0] for name in operations))
        plan = Plan(base_url=self.server.base_url, areas=areas, output=output)
        run = FuzzRun.open(FuzzPlan(plan, seed, examples, knows))
        # Not before: a server with some of the faults is not taken for a GWS at all.
        self.server.call(lambda: world.faults.switch(on=faults))
        try:
            run.fuzz()
        finally:
            run.close()
            self.server.call(lambda: world.faults.switch(off=["*"]))
        return run.results


@contextmanager
def bench() -> Iterator[Bench]:
    """A server for several runs."""
    with running() as server:
        yield Bench(server)


def read_fuzz(folder: Path) -> dict[str, Any]:
    """`fuzz.json`, valid against its format."""
    document: dict[str, Any] = json.loads((folder / "fuzz.json").read_text("utf-8"))
    validate(document)
    return document


def validate(document: Any) -> None:
    """Holds a document against the format of `fuzz.json`."""
    schema = json.loads((ROOT / "schemas" / "formats" / "fuzz.json").read_text("utf-8"))
    assert [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(document)] == []
