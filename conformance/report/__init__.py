"""The reports: what a run has come to, and its writers, one file a format."""

from conformance.report.curl import curl_line, curl_lines
from conformance.report.model import (
    EXIT_CODES,
    Results,
    RunInfo,
    RunVerdict,
    ScenarioRecord,
    build_results,
    scenario_records,
)
from conformance.report.write_all import ReportError, write_reports

__all__ = [
    "EXIT_CODES",
    "ReportError",
    "Results",
    "RunInfo",
    "RunVerdict",
    "ScenarioRecord",
    "build_results",
    "curl_line",
    "curl_lines",
    "scenario_records",
    "write_reports",
]
