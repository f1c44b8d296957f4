"""Benchmarks beside the peers; README.md says what each group measures and how to run one."""

import os

# On a single core JAX has one thread: a callback to NumPy takes it and then waits for ever for its own large argument,
# which needs a thread to be copied. A second device, never used, brings a second thread (jax 0.10.2).
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
