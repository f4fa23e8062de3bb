"""The target file: every mistake is told with file, line, key and remedy; secrets are never repeated."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from conformance import suites
from conformance.contract.locate import data_root
from conformance.driver.target import BINDINGS, EXAMPLE, TargetError, load_target, parse_target

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
        (("base_url =", "base_uri ="), 1, "base_uri: unknown key base_uri: did you mean base_url? Known here: "),
        (('"websocket"', '"pigeon"'), 8, 'cometd.transport: must be one of "long-polling", "websocket"'),
        (('user_name = "agent1"', 'user_name = ""'), 4, "users.agent.user_name: must not be empty: fill it in"),
        ((f'password = "{SECRET}"', ""), 3, "users.agent: give exactly one of password, password_env, password_file"),
        (
            (f'password = "{SECRET}"', f'password = "{SECRET}"\npassword_env = "X"'),
            6,
            "users.agent.password_env: give exactly one of password, password_env, password_file",
        ),
        (("[users.agent]", "[users.director]"), 3, "users.director: unknown key director: Known here: agent, second_a"),
        (('command = ["./dial-in.sh"]', 'command = "./dial-in.sh"'), 11, "command: must be a list, in brackets"),
        (('command = ["./dial-in.sh"]', ""), 10, "stimuli.inbound-call: give exactly one of command, url"),
        (('command = ["./dial-in.sh"]', "command = [3]"), 11, "command: each entry must be a text, in quotes"),
        (("[stimuli.inbound-call]", "[stimuli.inbound]"), 10, "unknown key inbound: did you mean inbound-call?"),
        (("[cometd]", "[cometd]\nacknowledgement = 1"), 8, "must be true or false, without quotes: correct it"),
        (("[cometd]", '[cometd]\nsubscribe = ["/meta/*"]'), 8, "cometd.subscribe: each entry must be a channel that"),
        (("\n[users", "edition = 8.5\n[users"), 2, 'edition: quotes are missing: write it as "8.5"'),
        (("\n[users", "rate = 2020-01-01\n[users"), 2, "rate: is a date or a time, which no key takes: write the"),
        (("\n[users", "rate = inf\n[users"), 2, "rate: is no finite number: write one"),
        (("\n[users", "rate = 0\n[users"), 2, "rate: must be above 0: correct it"),
        (("\n[users", "api_path = 'api'\n[users"), 2, "api_path: must be a path that begins with /: correct it"),
        (("\n[users", "api_path = '/a b'\n[users"), 2, "api_path: must be a path that begins with '/', without"),
        (("\n[users", "proxy = 'http://'\n[users"), 2, "proxy: must be the URL of an HTTP proxy: http://host:port"),
        (("\n[users", "proxy = 'http://h:99999'\n[users"), 2, "proxy: is not a URL: write http://host:port or"),
        (('example.com"', 'example.com:99999"'), 1, "base_url: is not a URL: write http://host:port or https"),
        (('example.com"', 'example.com/?a=b"'), 1, "base_url: must have no query, no fragment and no spaces: scheme"),
        (("https://gws", f"https://me:{SECRET}@gws"), 1, "base_url: holds credentials: take them out of the URL"),
        (('"agent1"', '"agent:1"'), 4, "users.agent.user_name: holds a ':', which Basic authentication cannot"),
        ((f'password = "{SECRET}"', 'password_env = "GWS_NO_SUCH"'), 5, "the variable GWS_NO_SUCH is not set; export"),
        ((f'password = "{SECRET}"', 'password_file = "none"'), 5, "password_file: my/none cannot be read; correct the"),
        (
            ("[cometd]", '[hazards]\nallow = ["raed"]\n[cometd]'),
            8,
            'must be one of "read", "state", "creates", "deletes", "configures"',
        ),
        (
            ("[cometd]", f'[users.second_agent]\nuser_name = "agent1"\npassword = "{SECRET}"\n[cometd]'),
            8,
            "users.second_agent.user_name: is that of users.agent already: name another user, or take",
        ),
        (("[cometd]", '[tls]\nclient_key = "k"\n[cometd]'), 8, "tls.client_key: is of no use alone: add tls.client_c"),
        (
            ("[cometd]", '[tls]\nverify = false\nca_file = "c"\n[cometd]'),
            8,
            "tls.verify: false means that ca_file is not looked at: take out",
        ),
        (
            ("[cometd]", "users.x = 3\n[cometd]"),
            7,
            "users.agent.users: unknown key users: Known here: user_name",
        ),
    ],
    ids=str,
)
def test_mistakes(change: tuple[str, str], line: int, says: str) -> None:
    """The error names file, line, key, and what to do; values are not repeated."""
    text = SOUND.replace(*change)
    assert text != SOUND
    said = problem(text)
    assert f"my/target.toml:{line}: " in said
    assert says in said
    assert "oneOf" not in said
    assert "match" not in said


def test_keys_wherever_toml_lets_them_stand() -> None:
    """Tables in one line, dotted and quoted keys: the line is that of the key, or of the table around it."""
    text = 'base_url = "https://h"\nusers = {agent = {user_name = "a", password = ""}}\n"edition" = "9"\ncometd.x = 1\n'
    said = problem(text).splitlines()
    assert [line.split(":")[1] for line in said] == ["3", "4"]
    text = 'base_url = "https://h"\nusers = {agent = {user_name = "", password = ""}}\n'
    assert problem(text).startswith("my/target.toml:2: users.agent.user_name: must not be empty")
    said_of = problem(SOUND.replace("[cometd]", 'place = """\ntransport = 1\n"""\n[cometd]').replace('"webs', '"web'))
    assert said_of.startswith("my/target.toml:11: cometd.transport")


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Some editors begin a file with one."""
    assert parse_target("\ufeff" + SOUND, Path("target.toml")).users


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
    assert said.startswith("my/target.toml:1: base_url: not TOML: Invalid value (line 1, column 12); write key = value")
    for change, line, says in (
        (("base_url =", 'base_url = "x"\nbase_url ='), 2, "a second time: remove one of them"),
        (("[cometd]", "[cometd"), 7, "close the name of the table with ]"),
        (('"agent1"', '"AD\\agent1"'), 4, "user_name: not TOML: Unescaped '\\' in a string"),
    ):
        said = problem(SOUND.replace(*change))
        assert f"my/target.toml:{line}: " in said
        assert says in said


def test_bad_url() -> None:
    """A base URL with credentials or without a scheme is refused by name."""
    for url in ("gws.example.com", f"https://me:{SECRET}@gws.example.com", "ftp://gws.example.com"):
        assert "base_url" in problem(SOUND.replace("https://gws.example.com", url))


def test_base_url_is_replaced() -> None:
    """A base URL from the command line wins."""
    target = parse_target(SOUND, Path("target.toml"), base_url="http://127.0.0.1:8080")
    assert target.transport.base_url == "http://127.0.0.1:8080"
    said = problem(SOUND, base_url="gws.example.com")
    assert said == "--base-url: base_url: must begin with http:// or https:// and a host: https://gws.example.com"


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


def test_the_example_shows_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its comment signs the example is a target file too, with each key that the schema knows."""
    for name in ("AGENT", "SECOND_AGENT", "THIRD_AGENT", "PUBLIC_AGENT", "SUPERVISOR", "ADMIN"):
        monkeypatch.setenv(f"GWS_{name}_PASSWORD", SECRET)
    keys = re.sub(r"(?m)^# (?=\[|\w+ = )", "", EXAMPLE)
    raw = tomllib.loads(keys)
    schema = json.loads((data_root("schemas") / "formats" / "target.json").read_text("utf-8"))
    assert set(raw) == set(schema["properties"])
    for table in ("tls", "deadlines", "cometd", "users", "numbers", "queues", "stimuli"):
        known = set(schema["properties"][table]["properties"])
        assert set(raw[table]) | {"verify", "client_key_password_file"} >= known, table
    del raw["tls"]
    assert set(parse_target(re.sub(r"(?ms)^\[tls\].*?^$", "", keys), Path("t")).stimuli) == set(BINDINGS)


def test_stimuli_are_those_that_something_uses() -> None:
    """What may be bound is what the suites provoke: no binding is in vain, and none is missing."""
    schema = json.loads((data_root("schemas") / "formats" / "target.json").read_text("utf-8"))
    assert set(schema["properties"]["stimuli"]["properties"]) == set(BINDINGS)
    folder = Path(str(suites.__file__)).parent
    text = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    assert set(re.findall(r'(?:provoke\(scene, |stimulate\()"([\w-]+)"', text)) == set(BINDINGS)
