"""What other people's tools make of the descriptions: validators, a mock server, a renderer, a test generator.

The Node tools are those of tests/tools and tests/asyncapi_cli (`npm ci` in each); without them these tests are skipped.
"""

from __future__ import annotations

import copy
import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from tests.contract.contract_data import SCHEMAS
from tests.contract.described import CONTRACT, description, place_of, places, validator
from tests.node import node_or_skip

TOOLS = Path(__file__).parents[1] / "tools"
ASYNCAPI_CLI = Path(__file__).parents[1] / "asyncapi_cli"
DEADLINE = 120.0


def run(folder: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Runs node in a folder of tools; nothing is reported to anybody, and nothing is written to the user's home."""
    environment = {**os.environ, "CI": "true", "HOME": str(home), "NO_COLOR": "1", "REDOCLY_TELEMETRY": "off"}
    return subprocess.run(
        [node_or_skip(folder), *arguments],
        cwd=folder,
        env={**environment, "SUPPRESS_NO_CONFIG_WARNING": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def damaged_asyncapi(folder: Path) -> Path:
    document = copy.deepcopy(description("asyncapi"))
    document["operations"]["receiveMeCalls"]["action"] = "whisper"
    path = folder / "asyncapi.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_the_official_asyncapi_parser_finds_no_problem(tmp_path: Path) -> None:
    said = run(TOOLS, "parse_asyncapi.mjs", str(SCHEMAS / "asyncapi.json"), home=tmp_path)
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["problems"] == []
    assert set(found["operations"]) == set(description("asyncapi")["operations"])
    refused = json.loads(run(TOOLS, "parse_asyncapi.mjs", str(damaged_asyncapi(tmp_path)), home=tmp_path).stdout)
    assert "receiveMeCalls/action" in refused["problems"][0]


def test_the_asyncapi_cli_finds_it_valid(tmp_path: Path) -> None:
    command = ("node_modules/@asyncapi/cli/bin/run_bin", "validate")
    said = run(ASYNCAPI_CLI, *command, str(SCHEMAS / "asyncapi.json"), "--fail-severity=warn", home=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "is valid" in said.stdout
    refused = run(ASYNCAPI_CLI, *command, str(damaged_asyncapi(tmp_path)), home=tmp_path)
    assert refused.returncode == 1
    assert "receiveMeCalls" in refused.stdout


def test_the_renderer_makes_a_page_of_it(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    said = run(TOOLS, *_redocly("build-docs"), str(SCHEMAS / "openapi.json"), "--output", str(page), home=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    html = page.read_text("utf-8")
    # The page that opens is made beforehand, what is behind its menu by the browser.
    opening = re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL))
    assert [area for area in CONTRACT.areas if f" {area} " not in opening] == []
    assert [name for place in places() if (name := f'"{place.data["operationId"]}"') not in html] == []
    page.unlink()
    broken = tmp_path / "broken.json"
    broken.write_text('{"openapi": "3.1.0", "paths": {', "utf-8")
    assert run(TOOLS, *_redocly("build-docs"), str(broken), "--output", str(page), home=tmp_path).returncode != 0
    assert not page.exists()


def test_the_renderers_linter_finds_no_error(tmp_path: Path) -> None:
    said = run(TOOLS, *_redocly("lint"), "--extends=recommended", str(SCHEMAS / "openapi.json"), home=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    contacts = copy.deepcopy(description("openapi")["paths"]["/contacts"])
    contacts["post"]["responses"]["4XX"]["$ref"] = "#/components/responses/nowhere"
    document = {**description("openapi"), "paths": {"/contacts": contacts}}
    damaged = tmp_path / "openapi.json"
    damaged.write_text(json.dumps(document), "utf-8")
    refused = run(TOOLS, *_redocly("lint"), "--extends=minimal", str(damaged), home=tmp_path)
    assert refused.returncode == 1
    assert "Can't resolve $ref" in refused.stdout + refused.stderr


def _redocly(command: str) -> tuple[str, str]:
    return "node_modules/@redocly/cli/bin/cli.js", command


@contextmanager
def mock_server(home: Path) -> Iterator[str]:
    """Prism as a server that answers as the description says; its address."""
    node = node_or_skip(TOOLS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [node, "node_modules/@stoplight/prism-cli/dist/index.js", "mock", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port), str(SCHEMAS / "openapi.json")],
        cwd=TOOLS,
        env={**os.environ, "HOME": str(home), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    listening = threading.Event()
    reader = threading.Thread(target=_read, args=(process, lines, listening), daemon=True)
    reader.start()
    try:
        assert listening.wait(DEADLINE), "".join(lines)[-2000:]
        assert any("is listening" in line for line in lines), "".join(lines)[-2000:]
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        reader.join(timeout=30)


def _read(process: subprocess.Popen[str], lines: list[str], listening: threading.Event) -> None:
    """Keeps what the server says, so that it never waits for a reader; notes when it listens, or has ended."""
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if "is listening" in line:
            listening.set()
    listening.set()


def test_a_mock_server_answers_with_valid_examples(tmp_path: Path) -> None:
    with mock_server(tmp_path) as address, httpx.Client(base_url=address, auth=("agent", "secret")) as client:
        for path in ("/me/calls", "/contacts", "/me"):
            reply = client.get(path)
            assert reply.status_code == 200, reply.text
            assert "sl-violations" not in reply.headers, path
            where = f"#/paths/{path.replace('/', '~1')}/get/responses/200/content/application~1json/schema"
            assert validator(where).is_valid(reply.json())
        assert client.get("/me/calls").json()["calls"][0]["capabilities"]
        done = client.post("/me/calls/1", json={"operationName": "Hold"})
        assert (done.status_code, done.json()) == (200, {"statusCode": 0})
        for body in ({"operationName": "NoSuchOperation"}, {"operationName": "SingleStepTransfer"}):
            assert 400 <= client.post("/me/calls/1", json=body).status_code < 500
        assert client.get("/no/such/path").status_code == 404


def test_schemathesis_offers_every_request() -> None:
    schema = schemathesis.openapi.from_dict(description("openapi"))
    results = list(schema.get_all_operations())
    offered = {item.ok().definition.raw["operationId"] for item in results if isinstance(item, Ok)}
    assert len(offered) == len(results)
    assert offered == {place.data["operationId"] for place in places()}


@pytest.mark.parametrize("name", ["voice.Answer", "contacts.Create", "workbins.GetContent"])
def test_schemathesis_makes_requests_that_the_description_accepts(name: str) -> None:
    place = place_of()[name]
    schema = schemathesis.openapi.from_dict(description("openapi"))
    operation = schema[place.path][place.method.upper()]
    seen: list[Any] = []

    @settings(
        max_examples=5, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy())
    def make(case: Any) -> None:
        assert case.operation.path == place.path
        if place.body is not None:
            check = validator(f"{place.pointer}/requestBody/content/application~1json/schema")
            assert check.is_valid(case.body), case.body
        seen.append(case)

    make()
    assert seen
    if CONTRACT.operations[name].operation_name:
        known = {CONTRACT.operations[item].operation_name for item in place.data["x-gws-operations"]}
        assert {case.body["operationName"] for case in seen} <= known
