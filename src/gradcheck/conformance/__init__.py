"""The test kit that a neural network library runs on itself.

A library wraps what it has in `Activation`, `Layer`, `Loss` and `Network`; `parametrize_with_checks` turns them
into one pytest test for each question to each of them, `check_library` does without pytest.
"""

from gradcheck.conformance._catalogue import CHECKS, explain
from gradcheck.conformance._check import CannotTell, Category, Check, Severity
from gradcheck.conformance._pytest import ConformanceError, parametrize_with_checks
from gradcheck.conformance._run import (
    Conformance,
    Expectation,
    Outcome,
    Result,
    check_library,
    load_expectations,
    run_check,
)
from gradcheck.conformance._subjects import Activation, Case, Layer, Loss, Network, Subject, Tags
from gradcheck.conformance._table import to_markdown_table

__all__ = [
    "CHECKS",
    "Activation",
    "CannotTell",
    "Case",
    "Category",
    "Check",
    "Conformance",
    "ConformanceError",
    "Expectation",
    "Layer",
    "Loss",
    "Network",
    "Outcome",
    "Result",
    "Severity",
    "Subject",
    "Tags",
    "check_library",
    "explain",
    "load_expectations",
    "parametrize_with_checks",
    "run_check",
    "to_markdown_table",
]
