"""Results as pytest-benchmark writes them, made by hand so that every figure in a report is known."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Document = dict[str, Any]


def entry(name: str, median: float, *, group: str | None = "g", **more: Any) -> Document:
    """One benchmark; `more` replaces parts of its stats, or its params and extra_info."""
    params, extra = more.pop("params", None), more.pop("extra_info", {})
    stats = {"min": median, "max": median, "mean": median, "median": median, "rounds": 100}
    stats |= {"iqr": 0.01 * median, "stddev": 0.02 * median} | more
    test = f"benchmarks/test_it.py::{name}"
    return {
        "group": group,
        "name": name,
        "fullname": test,
        "params": params,
        "extra_info": extra,
        "stats": stats,
    }


def document(*entries: Document, **more: Any) -> Document:
    return {"machine_info": {"cpu": {"brand_raw": "Abacus 3"}}, "benchmarks": list(entries), **more}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write results to a file of that name and return its path."""

    def write(*entries: Document, name: str = "results.json", **more: Any) -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(document(*entries, **more)), encoding="utf-8")
        return path

    return write
