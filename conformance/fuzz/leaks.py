"""Marks of a server's inside in what it tells its clients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

EXCEPTIONS = (
    "NullPointer|IllegalArgument|IllegalState|ClassCast|NumberFormat|IndexOutOfBounds|ArrayIndexOutOfBounds|IO|SQL"
    "|UnsupportedOperation|NoSuchElement|ConcurrentModification|JsonParse|JsonMapping|InvalidFormat"
    "|MismatchedInput|UnrecognizedProperty|HttpMessageNotReadable|StringIndexOutOfBounds"
)
MARKS: Mapping[str, re.Pattern[str]] = {
    "Java stack trace": re.compile(
        r"(?:^|\s|\\[nt])at [\w$.]+\.[\w$<>]+\((?:[\w$]+\.java|Native Method|Unknown Source)"
    ),
    "Python traceback": re.compile(r"Traceback \(most recent call last\)|File \"[^\"]{1,300}\", line \d+"),
    "JavaScript stack trace": re.compile(
        r"(?:^|\s|\\[nt])at [\w$.<> ]{1,80} \(?(?:/|file:|node:)[^\s)]{1,200}:\d+:\d+"
    ),
    ".NET stack trace": re.compile(r"\bat [\w.]+\([^)]{0,200}\) in [^\s]{1,200}:line \d+"),
    "exception class": re.compile(
        r"\b(?:[a-z_][\w$]*\.){1,10}[A-Z][\w$]*(?:Exception|Error)\b"
        rf"|\b(?:{EXCEPTIONS})Exception\b"
        r"|\b(?:Key|Type|Value|Attribute|Index|Name|Runtime|Assertion|Recursion|UnicodeDecode|JSONDecode)Error\b"
    ),
    "database message": re.compile(
        r"SQLSTATE|\bORA-\d{5}\b|SQL syntax|syntax error at or near|\bSELECT\b.{1,200}\bFROM\b|\bINSERT INTO\b"
        r"|no viable alternative at input",
        re.DOTALL,
    ),
    "path of a file": re.compile(
        r"(?<![\w:/.~-])/(?:usr|opt|home|var|etc|tmp|srv|root)/[\w.-]+(?:/[\w.-]+)*"
        r"|\b[A-Za-z]:\\(?:[\w .-]+\\)+[\w.-]+"
    ),
    "server banner": re.compile(
        r"\b(?:Apache Tomcat|Jetty|nginx|Apache|JBoss|WildFly|GlassFish|WebLogic|WebSphere|Undertow|Kestrel|Werkzeug"
        r"|uvicorn|gunicorn|Microsoft-IIS)[ /(:]{1,2}v?\d+(?:\.\d+)+|Powered by (?:Jetty|Express)"
    ),
}


def leaks_in(text: str, told: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The (mark, excerpt) of each kind of internals in a text; `told`: what the client sent, which may be echoed."""
    for word in sorted({item for item in told if len(item) >= 4}, key=len, reverse=True):
        text = text.replace(word, "...")
    found = []
    for name, pattern in MARKS.items():
        match = pattern.search(text)
        if match:
            found.append((name, text[max(0, match.start() - 40) : match.end() + 40].strip()))
    return found
