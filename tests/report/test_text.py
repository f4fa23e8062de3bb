"""Strings of a server, made fit to be shown."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from conformance.report.text import one_line, pretty, safe, whole_values
from tests.report.report_support import HOSTILE

ANY = st.text(st.characters(), max_size=80)


@given(ANY)
def test_safe_text_commands_nothing(text: str) -> None:
    shown = safe(text)
    assert all(ord(character) >= 0x20 or character in "\t\n" for character in shown)
    assert not any(0xD800 <= ord(character) <= 0xDFFF for character in shown)
    assert not any(character in "\x00\x07\x08\x1b\x7f\x9b\u202e\u2066\u2028" for character in shown)


def test_safe_shows_what_was_there() -> None:
    assert safe("a\x1b[31m\x00\ud800\u202e") == r"a\x1b[31m\x00\ud800\u202e"
    assert safe("Ångström, 日本語, 🙂\n\tx") == "Ångström, 日本語, 🙂\n\tx"


@given(ANY, st.integers(3, 40))
def test_bounds(text: str, limit: int) -> None:
    assert len(one_line(text, limit)) <= limit
    assert "\n" not in one_line(text, limit)


def test_a_cut_is_marked() -> None:
    assert safe("x" * 50, 10) == "xxxxxxx..."


def test_pretty_is_bounded_and_survives_nesting() -> None:
    assert pretty({"a": [1, HOSTILE]}, 5000).startswith('{\n  "a"')
    assert len(pretty({"a": "x" * 100_000}, 500)) == 500
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert "nested" in pretty(deep, 500)


@given(st.dictionaries(ANY, st.lists(ANY), max_size=4))
def test_whole_values_can_be_read_by_every_parser(value: dict[str, list[str]]) -> None:
    assert json.dumps(whole_values(value), ensure_ascii=False).encode("utf-8")


def test_whole_values_keeps_the_rest() -> None:
    value = {"a": [1, 2.5, None, True, "x\x00"], "b": ("t",)}
    assert whole_values(value) == {"a": [1, 2.5, None, True, "x\x00"], "b": ["t"]}
