"""What all groups share: the sizes of a smoke run, the threads of every library, the machine in the results."""

import importlib.metadata
import os
import sys

import pytest

LIBRARIES = ("numpy", "scipy", "torch", "jax", "autograd", "numdifftools", "jacobi", "mygrad")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "large: too long for a smoke run; left out where timing is off")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where timing is off (``--benchmark-disable``), only the small sizes run."""
    if config.getoption("benchmark_disable", False) and not config.getoption("benchmark_enable", False):
        large = [item for item in items if item.get_closest_marker("large")]
        config.hook.pytest_deselected(items=large)
        items[:] = [item for item in items if not item.get_closest_marker("large")]


@pytest.fixture(scope="session", autouse=True)
def same_threads() -> None:
    """Torch computes with as many threads as the BLAS of NumPy was told to use."""
    threads = os.environ.get("OMP_NUM_THREADS")
    if threads and "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(int(threads))


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, object]) -> None:
    machine_info["libraries"] = {name: version for name in LIBRARIES if (version := _version(name))}
    machine_info["libraries"]["BLAS and torch threads"] = os.environ.get(
        "OMP_NUM_THREADS", "the libraries' default"
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
