"""The judge: checks as pure functions over a timeline and the contract."""

from conformance.judge.engine import judge, judge_scenario
from conformance.judge.findings import CHECKS, Finding, Outcome, Verdict
from conformance.judge.timeline import Scenario, Step, scenarios

__all__ = ["CHECKS", "Finding", "Outcome", "Scenario", "Step", "Verdict", "judge", "judge_scenario", "scenarios"]
