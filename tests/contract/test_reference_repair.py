"""The reader of printed JSON: each repair on an example, and what stays unreadable."""

from __future__ import annotations

import pytest

from tests.contract.reference import Reference
from tests.contract.repair import ROOT, RULES, Json, UnreadableError, parse


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ('{"a": 1,}', {"a": 1}, "trailing-comma"),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}, "missing-comma"),
        ('{"a": "x/\n   y"}', {"a": "x/y"}, "wrapped-string"),
        ('{"a": "x,\n"b": 1}', {"a": "x", "b": 1}, "missing-quote"),
        ('{"a": ["x" "b": 1}', {"a": ["x"], "b": 1}, "missing-closer"),
        ('{"a": [{"b": 1}, "c": 2}, {"b": 3}]}', {"a": [{"b": 1, "c": 2}, {"b": 3}]}, "early-closer"),
        ('{"a": 1},\n"b": 2}', {"a": 1, "b": 2}, "early-closer"),
        ('{"a": {"b": 1}', {"a": {"b": 1}}, "unclosed"),
        ('{"a": [{"b": 1]}', {"a": [{"b": 1}]}, "mismatched-closer"),
        ('{"a": {"b": 1], "c": 2}', {"a": {"b": 1}, "c": 2}, "wrong-closer"),
        ('{"a": 1389261492035L}', {"a": 1389261492035}, "long-suffix"),
        ("{a: 1}", {"a": 1}, "unquoted-name"),
        ('{"a": <queue_id>}', {"a": "<queue_id>"}, "placeholder"),
        ('{"a": 1, ...}', {"a": 1}, "ellipsis"),
        ('{"a": [1, etc]}', {"a": [1]}, "ellipsis"),
        ("{u'a': 'b'}", {"a": "b"}, "python-repr"),
        ('{"a": None, "b": True}', {"a": None, "b": True}, "foreign-literal"),
        ('{"a": 1 // one\n}', {"a": 1}, "comment"),
        ('{"a": 1 // one\n  and more\n}', {"a": 1}, "comment"),
        ('{"a": "x; b="=1==",\n"c": "d"}', {"a": 'x; b="=1==', "c": "d"}, "inner-quote"),
        ('{"a": ""x"",\n"b": 1}', {"a": '"x"', "b": 1}, "inner-quote"),
        ('{"a": "<i b="\nc" d="e">f</i>"}', {"a": '<i b=" c" d="e">f</i>'}, "inner-quote"),
        ("{u>a': u'b'}", {"a": "b"}, "misread-quote"),
        ('{>a": 1}', {"a": 1}, "misread-quote"),
        ('{"a": u\'b",\n"c": 1}', {"a": "b", "c": 1}, "misread-quote"),
        ('{"a": (" t="1"),\n"b": 1}', {"a": '(" t="1")', "b": 1}, "unquoted-text"),
        ('{"a": {"t="1"},\n"b": 1}', {"a": '{"t="1"}', "b": 1}, "unquoted-text"),
        ('{"a": "http: //h: 80/  b"}', {"a": "http://h:80/b"}, "blank"),
        ('{"a": "2015-09-02T15: 39: 22.000+0300"}', {"a": "2015-09-02T15:39:22.000+0300"}, "blank"),
        ('{"a": " Talking"}', {"a": "Talking"}, "blank"),
        ('{"a": "0n"}', {"a": "On"}, "zero-for-o"),
        ('{"a": ".../b"}', {"a": f"{ROOT}/b"}, "elided-root"),
        ('{"a": "b", "", "c": 1}', {"a": "b", "c": 1}, "nameless"),
        ('{"a" 8}', {"a": 8}, "missing-colon"),
        ('{"a": 12\n  L}', {"a": 12}, "long-suffix"),
        ('{"a": [true or false]}', {"a": True}, "alternatives"),
    ],
)
def test_each_repair(text: str, value: Json, rule: str) -> None:
    parsed = parse(text)
    assert parsed.value == value
    assert rule in parsed.rules
    assert parsed.rules <= set(RULES)


def test_sound_json_needs_no_repair() -> None:
    parsed = parse(' {"a": [1, -2.5, "x\\u0041\\n", true, null, {}], "b": {"c": "d e", "f": ""}, "g": ["", "h"]} ')
    assert parsed.value == {"a": [1, -2.5, "xA\n", True, None, {}], "b": {"c": "d e", "f": ""}, "g": ["", "h"]}
    assert parsed.rules == set()


@pytest.mark.parametrize("text", ['{"a" "b"}', '{"a": an integer value}', '{"a": "b', "{u>a: 1}", ""])
def test_what_cannot_be_repaired_is_named(text: str) -> None:
    with pytest.raises(UnreadableError):
        parse(text)


PAGES = """Title

Request

```
POST api/v2/me
{
  "operationName": "Ready"
}
```

Response

```
HTTP 503
{
  "uri": "http://127.0.0.1/api/v2/devices/"
}
```

```
631608b3",
  "inner": {
    "e164Number":"","
    "state": "On"
  }
}
```

Parameter\tValue
operationName\tReady
<code>key</code>\tOne &amp; only
"""


def test_blocks_are_joined_over_page_breaks() -> None:
    request, response = Reference(PAGES).samples((1, 32))
    assert (request.method, request.url, request.lines) == ("POST", "api/v2/me", (7, 9))
    assert response.http == 503
    assert response.lines[1] == 27
    assert response.value == {
        "uri": "http://127.0.0.1/api/v2/devices/631608b3",
        "inner": {"e164Number": "", "state": "On"},
    }
    assert {"page-break", "closers-at-break", "wrapped-string", "stray-quote"} <= response.rules
    assert response.label == "Response"


CUT = """```
{
  "email": {
    "data": {
      "a": "x",
    }
  }
}
```

```
      "b": "y"
    },
    "id": "1"
  }
```
"""


def test_brackets_at_a_page_break_are_taken_back() -> None:
    """All of them where a comma in front of them says that the page ended too early."""
    (sample,) = Reference(CUT).samples((1, 17))
    assert sample.value == {"email": {"data": {"a": "x", "b": "y"}, "id": "1"}}
    assert {"page-break", "closers-at-break", "unclosed"} <= sample.rules
    assert sample.structural == 1


def test_a_block_that_the_document_ends_in_counts() -> None:
    (sample,) = Reference('```\n{\n  "a": 1\n}').samples((1, 4))
    assert sample.value == {"a": 1}


def test_rows_are_read_without_markup() -> None:
    rows = Reference(PAGES).rows((1, 32))
    assert [(row.line, row.cells) for row in rows] == [(31, ("operationName", "Ready")), (32, ("key", "One & only"))]


def test_a_block_that_starts_with_a_member_is_a_fragment() -> None:
    (sample,) = Reference('text\n\n```\n"userData": {\n  "a": 1\n}\n```\n').samples((1, 8))
    assert sample.value == {"userData": {"a": 1}}
    assert "fragment" in sample.rules


def test_programs_are_no_samples() -> None:
    assert Reference("```\nvar request = {\n};\n$.ajax(request)\n```\n").samples((1, 5)) == []
