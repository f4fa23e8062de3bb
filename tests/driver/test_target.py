"""The target file: every mistake is told with file, line, key and remedy; secrets are never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.driver.target import EXAMPLE, TargetError, load_target, parse_target

SECRET = "correct-horse-battery"
SOUND = f"""\
base_url = "https://gws.example.com"

[users.agent]
user_name = "agent1"
password = "{SECRET}"

[cometd]
transport = "websocket"

[stimuli.inbound-call]
command = ["./dial-in.sh"]
"""


def problem(text: str, base_url: str | None = None) -> str:
    """What the reader says of a file."""
    with pytest.raises(TargetError) as caught:
        parse_target(text, Path("my/target.toml"), base_url=base_url)
    said = str(caught.value)
    assert SECRET not in said
    assert "Traceback" not in said
    return said


def test_sound() -> None:
    """A file with the few keys that it needs; everything else has its default."""
    target = parse_target(SOUND, Path("target.toml"))
    assert target.transport.base_url == "https://gws.example.com"
    assert target.users["agent"].credentials.user_name == "agent1"
    assert target.users["agent"].role == "agent"
    assert target.cometd_transport == "websocket"
    assert target.hazards == {"read", "state"}
    assert target.stimuli["inbound-call"].command == ("./dial-in.sh",)
    assert target.subscribe == ("/v2/me/*", "/notifications/services")


def test_secrets_are_not_described() -> None:
    """What reports say of the target, and how it prints, holds no password."""
    target = parse_target(SOUND, Path("target.toml"))
    assert SECRET not in str(target.describe())
    assert SECRET not in repr(target)


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("base_url =", "base_uri ="), 1, "unknown key base_uri"),
        (('"websocket"', '"pigeon"'), 8, "cometd.transport"),
        (('user_name = "agent1"', 'user_name = ""'), 4, "users.agent.user_name"),
        ((f'password = "{SECRET}"', ""), 3, "exactly one of password, password_env, password_file"),
        (
            (f'password = "{SECRET}"', f'password = "{SECRET}"\npassword_env = "X"'),
            3,
            "exactly one of password, password_env, password_file",
        ),
        (("[users.agent]", "[users.director]"), 3, "director"),
        (('command = ["./dial-in.sh"]', 'command = "./dial-in.sh"'), 11, "stimuli.inbound-call"),
    ],
    ids=["unknown", "value", "empty", "no-password", "two-passwords", "user", "type"],
)
def test_mistakes(change: tuple[str, str], line: int, says: str) -> None:
    """The error names file, line, key, and what to do."""
    said = problem(SOUND.replace(*change))
    assert says in said
    assert f"my/target.toml:{line}: " in said or f"my/target.toml:{line - 1}: " in said or "my/target.toml:1: " in said
    assert any(word in said for word in ("correct it", "add it", "see 'gws-conformance init'", "give exactly one"))


def test_a_password_of_another_type_is_not_repeated() -> None:
    """The value of a password is never shown, whatever is wrong with it."""
    said = problem(SOUND.replace(f'"{SECRET}"', f'["{SECRET}"]'))
    assert "users.agent" in said


def test_every_mistake_is_told() -> None:
    """Two mistakes, two lines."""
    said = problem(SOUND.replace('"websocket"', '"pigeon"').replace('"https://gws.example.com"', "5"))
    assert "base_url" in said
    assert "cometd.transport" in said
    assert len(said.splitlines()) == 2


def test_no_toml() -> None:
    """A file that is no TOML says where it breaks."""
    said = problem("base_url = \n")
    assert said.startswith("my/target.toml: not TOML")
    assert "line 1" in said


def test_bad_url() -> None:
    """A base URL with credentials or without a scheme is refused by name."""
    for url in ("gws.example.com", f"https://me:{SECRET}@gws.example.com", "ftp://gws.example.com"):
        assert "base_url" in problem(SOUND.replace("https://gws.example.com", url))


def test_base_url_is_replaced() -> None:
    """A base URL from the command line wins."""
    target = parse_target(SOUND, Path("target.toml"), base_url="http://127.0.0.1:8080")
    assert target.transport.base_url == "http://127.0.0.1:8080"


def test_secrets_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords come from the environment or from a file beside the target; what is missing is told by name."""
    (tmp_path / "secret.txt").write_text(SECRET + "\n", "utf-8")
    file = tmp_path / "target.toml"
    file.write_text(SOUND.replace(f'password = "{SECRET}"', 'password_file = "secret.txt"'), "utf-8")
    assert load_target(file).users["agent"].credentials.password == SECRET

    file.write_text(SOUND.replace(f'password = "{SECRET}"', 'password_env = "GWS_TEST_SECRET"'), "utf-8")
    monkeypatch.setenv("GWS_TEST_SECRET", SECRET)
    assert load_target(file).users["agent"].credentials.password == SECRET
    monkeypatch.delenv("GWS_TEST_SECRET")
    with pytest.raises(
        TargetError, match=r"users\.agent\.password_env: the variable GWS_TEST_SECRET is not set; export"
    ):
        load_target(file)

    file.write_text(SOUND.replace(f'password = "{SECRET}"', 'password_file = "none.txt"'), "utf-8")
    with pytest.raises(TargetError, match=r"users\.agent\.password_file: .*none\.txt cannot be read; correct the path"):
        load_target(file)


def test_unreadable_files(tmp_path: Path) -> None:
    """A file that is not there, or not text, says so and what to do."""
    with pytest.raises(TargetError, match=r"cannot be read .*gws-conformance init"):
        load_target(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TargetError, match="not UTF-8 text; save it as UTF-8"):
        load_target(tmp_path / "binary.toml")


def test_the_example_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example that is written for users is a target file, once its variables are set."""
    for name in ("AGENT", "SECOND_AGENT", "THIRD_AGENT", "SUPERVISOR", "ADMIN"):
        monkeypatch.setenv(f"GWS_{name}_PASSWORD", SECRET)
    target = parse_target(EXAMPLE, Path("target.toml"))
    assert sorted(target.users) == ["admin", "agent", "second_agent", "supervisor", "third_agent"]
    uncommented = EXAMPLE.replace("\n# ", "\n")
    assert "[stimuli.inbound-call]" in uncommented
