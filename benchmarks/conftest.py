"""What all groups share: the sizes of a smoke run, and the machine in the results."""

import importlib
import importlib.metadata
import os
import sys

import pytest

LIBRARIES = ("numpy", "scipy", "torch", "jax", "autograd", "numdifftools", "jacobi")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "large: too long for a smoke run; left out where timing is off")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where timing is off (``--benchmark-disable``), only the small sizes run."""
    if config.getoption("benchmark_disable", False) and not config.getoption("benchmark_enable", False):
        large = [item for item in items if item.get_closest_marker("large")]
        config.hook.pytest_deselected(items=large)
        items[:] = [item for item in items if not item.get_closest_marker("large")]


@pytest.fixture(autouse=True)
def imported(request: pytest.FixtureRequest) -> None:
    """The library of a contender is imported before the clock runs, else it seems too slow for a second round."""
    tool = getattr(getattr(request.node, "callspec", None), "params", {}).get("tool", "none")
    library = tool.split()[0].lower()
    if library in LIBRARIES:
        importlib.import_module(library)


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, object]) -> None:
    """The libraries that took part, with their versions; the threads of BLAS, and those that torch took.

    Torch reads OMP_NUM_THREADS as the BLAS of NumPy does, so that setting it gives both the same.
    """
    threads = os.environ.get("OMP_NUM_THREADS", "the library's default")
    facts = {name: importlib.metadata.version(name) for name in LIBRARIES if name in sys.modules}
    machine_info["libraries"] = facts | {"BLAS threads": threads}
    if "torch" in sys.modules:
        machine_info["libraries"]["torch threads"] = sys.modules["torch"].get_num_threads()
