"""Benchmarks beside the peers; README.md says what each group measures and how to run one."""
