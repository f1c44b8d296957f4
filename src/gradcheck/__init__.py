"""Tells whether a claimed derivative is right, wrong or undecidable, how sure that is, and where and why."""

__version__ = "0.1.0"
