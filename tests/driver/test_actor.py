"""An actor that does not get in: who refused it, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.driver.ledger import Ledger
from conformance.driver.outcomes import Unreachable
from conformance.driver.stage import Stage
from conformance.driver.target import parse_target
from conformance.wire.recorder import Recorder
from tests.driver.driver_support import CONTRACT
from tests.wire.servers import Answer, serving

TARGET = """
base_url = "{base_url}"
proxy = "{proxy}"
[users.agent]
user_name = "agent1"
password = "secret-one"
"""


@pytest.mark.parametrize("base_url", ["http://gws.invalid", "https://gws.invalid"])
def test_a_proxy_that_refuses_is_not_taken_for_the_deployment(base_url: str) -> None:
    """407 is the proxy's word, over plain HTTP and when it is asked for a tunnel."""
    with serving(lambda seen: Answer(407, body=b"who are you?", content_type="text/html")) as server:
        text = TARGET.format(base_url=base_url, proxy=server.url.replace("http://", "http://joe:hidden-word@"))
        stage = Stage(CONTRACT, parse_target(text, Path("t.toml")), Recorder(None), Ledger(None))
        with pytest.raises(Unreachable) as caught:
            stage.probe()
        stage.close()
    said = str(caught.value)
    assert "407" in said
    assert "the proxy 127.0.0.1 refuses to pass the request on" in said
    assert 'proxy = "http://user:password@host:port"' in said
    assert "base_url" not in said
    assert "hidden-word" not in said
