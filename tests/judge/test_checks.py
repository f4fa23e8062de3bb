"""Every check passes where it should and complains where it should, for the stated reason and at the right place."""

from __future__ import annotations

import pytest

from conformance.judge import CHECKS
from tests.judge import pairs_bayeux, pairs_chat, pairs_facts, pairs_lists, pairs_security, pairs_stories, pairs_voice
from tests.judge.build import CONTRACT
from tests.judge.cases import Pair

PAIRS = [
    pair
    for module in (pairs_bayeux, pairs_chat, pairs_facts, pairs_lists, pairs_security, pairs_stories, pairs_voice)
    for pair in module.PAIRS
]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_sound(pair: Pair) -> None:
    """The check passes."""
    finding = pair.sound().finding(pair.check)
    assert finding.verdict == "passed", finding.message


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_broken(pair: Pair) -> None:
    """The check complains, about the operation, saying why, pointing to where it happened."""
    line = pair.broken()
    finding = line.finding(pair.check)
    assert finding.verdict == pair.verdict, finding.message
    assert pair.says in finding.message
    assert finding.operation == pair.operation
    assert line.marks[pair.at] in finding.evidence


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_one_id(pair: Pair) -> None:
    """The finding has the same id whether the check passes or fails."""
    sound, broken = pair.sound(), pair.broken()
    name = broken.name
    assert sound.finding(pair.check).id.removeprefix(sound.name) == broken.finding(pair.check).id.removeprefix(name)


def test_every_check_has_a_pair() -> None:
    """No check without the proof that it passes and fails."""
    assert {pair.check for pair in PAIRS} == set(CHECKS)


def test_pairs_differ_by_name() -> None:
    """Two pairs of one check have names of their own."""
    names = [str(pair) for pair in PAIRS]
    assert sorted(set(names)) == sorted(names)


def test_rules_name_known_checks() -> None:
    """Every check that a rule names exists."""
    unknown = {name: rule.id for rule in CONTRACT.rules.values() for name in rule.checks if name not in CHECKS}
    assert unknown == {}
