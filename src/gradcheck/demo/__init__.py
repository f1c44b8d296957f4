"""The demo: a real network learns, its gradients are judged, planted mistakes are caught."""

from gradcheck.demo._result import DemoResult
from gradcheck.demo._run import run_demo

__all__ = ["DemoResult", "run_demo"]
