"""HTTPS: authorities, client certificates. The certificates are made by the openssl program."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.wire.config import ConfigError, TransportConfig
from tests.wire.servers import Answer, LocalServer, MakeSession

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One self-signed certificate for 127.0.0.1 that is its own authority, with a plain and an encrypted key."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl(
        *["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"],
        *["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
    )
    openssl("rsa", "-aes256", "-in", "key.pem", "-out", "locked.pem", "-passout", "pass:unlock")
    return folder


@contextmanager
def serving_tls(certificates: Path, *, client_certificate: bool = False) -> Iterator[LocalServer]:
    server = LocalServer(lambda seen: Answer(body={"statusCode": 0}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates / "cert.pem")
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    server.url = f"https://127.0.0.1:{server.port}"
    try:
        yield server
    finally:
        server.close()


def test_an_unknown_authority_is_refused_unless_named_or_waived(session: MakeSession, certificates: Path) -> None:
    with serving_tls(certificates) as server:
        refused = session(server.url).request("GET", "/me")
        named = session(server.url, verify=str(certificates / "cert.pem")).request("GET", "/me")
        waived = session(server.url, verify=False).request("GET", "/me")
    assert refused.error is not None
    assert "CERTIFICATE_VERIFY_FAILED" in refused.error
    assert (named.status, waived.status) == (200, 200)


def test_client_certificates(session: MakeSession, certificates: Path) -> None:
    authority = str(certificates / "cert.pem")
    with serving_tls(certificates, client_certificate=True) as server:
        without = session(server.url, verify=authority).request("GET", "/me")
        plain = session(server.url, verify=authority, cert=(authority, str(certificates / "key.pem")))
        locked = session(server.url, verify=authority, cert=(authority, str(certificates / "locked.pem"), "unlock"))
        statuses = [http.request("GET", "/me").status for http in (plain, locked)]
    assert without.error is not None
    assert statuses == [200, 200]


def test_a_key_that_cannot_be_unlocked_is_named_without_its_password(certificates: Path) -> None:
    config = TransportConfig(
        "https://host", cert=(str(certificates / "cert.pem"), str(certificates / "locked.pem"), "wrong-word")
    )
    with pytest.raises(ConfigError, match=r"cert: .*cert\.pem") as raised:
        config.ssl_context()
    assert "wrong-word" not in str(raised.value)
