"""The TLS files of a target file: read when it is, relative to it, every mistake told."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.driver.target import TargetError, load_target
from tests.driver.test_target import SECRET, SOUND

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate, its key plain and encrypted, and a key that belongs to nothing."""
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl(
        *["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2"],
        *["-subj", "/CN=127.0.0.1"],
    )
    openssl("rsa", "-aes256", "-in", "key.pem", "-out", "locked.pem", "-passout", "pass:unlock")
    openssl("genrsa", "-out", "other.pem", "2048")
    return folder


@pytest.mark.parametrize("name", ["client_certificate", "ca_file"])
def test_relative_paths_begin_at_the_target_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificates: Path, name: str
) -> None:
    """Not where the command was called from."""
    folder = tmp_path / "lab"
    folder.mkdir()
    for pem in ("cert.pem", "key.pem"):
        shutil.copy(certificates / pem, folder / pem)
    (folder / "word.txt").write_text(SECRET, "utf-8")
    monkeypatch.chdir(tmp_path)
    file = folder / "target.toml"
    key = 'client_key = "key.pem"\n' if name == "client_certificate" else ""
    file.write_text(f'{SOUND}\n[tls]\n{name} = "cert.pem"\n{key}', "utf-8")
    target = load_target(Path("lab/target.toml"))
    assert target.stimuli["inbound-call"].folder == Path("lab")
    chosen = target.transport.verify if name == "ca_file" else target.transport.cert
    assert chosen == ("lab/cert.pem" if name == "ca_file" else ("lab/cert.pem", "lab/key.pem"))


@pytest.mark.parametrize(
    ("tls", "line", "says"),
    [
        ('ca_file = "nope.pem"', 14, "tls.ca_file: .*nope.pem cannot be read .*: give a PEM file or directory"),
        ('ca_file = "word.txt"', 14, "tls.ca_file: .*word.txt holds no usable CA certificate: give a PEM"),
        ('client_certificate = "nope.pem"', 14, "tls.client_certificate: .*nope.pem cannot be read .*: give a PEM"),
        ('client_certificate = "cert.pem"\nclient_key = "no"', 15, "tls.client_key: .*no cannot be read .*: give a"),
        ('client_certificate = "cert.pem"\nclient_key = "other.pem"', 15, "tls.client_key: the key .* is not that of"),
        ('client_certificate = "cert.pem"\nclient_key = "locked.pem"', 15, "needs a password: give it, by tls.client_"),
        (
            'client_certificate = "cert.pem"\nclient_key = "locked.pem"\nclient_key_password_file = "word.txt"',
            15,
            "is not opened by the password given: correct it",
        ),
        (
            'client_certificate = "cert.pem"\nclient_key = "locked.pem"\nclient_key_password_env = "GWS_NO_SUCH"',
            16,
            "tls.client_key_password_env: the variable GWS_NO_SUCH is not set; export it",
        ),
        (
            'client_certificate = "cert.pem"\nclient_key_password_file = "a"\nclient_key_password_env = "b"',
            15,
            "give exactly one of client_key_password_env, client_key_password_file",
        ),
        ('client_key_password_file = "word.txt"', 14, "is of no use alone: add tls.client_certificate"),
    ],
    ids=str,
)
def test_wrong_tls_files_are_told_at_once(tmp_path: Path, certificates: Path, tls: str, line: int, says: str) -> None:
    """When the target file is read, with file, line, key and remedy; not as a failure of the suite."""
    for name in ("cert.pem", "key.pem", "locked.pem", "other.pem"):
        shutil.copy(certificates / name, tmp_path / name)
    (tmp_path / "word.txt").write_text(SECRET, "utf-8")
    file = tmp_path / "target.toml"
    file.write_text(f"{SOUND}\n[tls]\n{tls}\n", "utf-8")
    with pytest.raises(TargetError, match=says) as caught:
        load_target(file)
    assert f"{file}:{line}: " in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_password_of_a_client_key(tmp_path: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens the key, and is in no description of the target."""
    tls = f'client_certificate = "{certificates}/cert.pem"\nclient_key = "{certificates}/locked.pem"\n'
    file = tmp_path / "target.toml"
    (tmp_path / "word").write_text("unlock\n", "utf-8")
    monkeypatch.setenv("GWS_TEST_UNLOCK", "unlock")
    for source in ('client_key_password_file = "word"', 'client_key_password_env = "GWS_TEST_UNLOCK"'):
        file.write_text(f"{SOUND}\n[tls]\n{tls}{source}\n", "utf-8")
        target = load_target(file)
        assert target.client_key_password == "unlock"
        assert "unlock" not in repr(target)
        assert "unlock" not in str(target.describe())
