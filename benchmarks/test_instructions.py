"""instructions: how many machine instructions two small kernels execute, which no neighbour on the machine changes.

Each kernel runs under callgrind once and eleven times; the difference over ten is one call without the start of
Python. Compare the figures of two commits; times on a shared machine would hide what these show.
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import gradcheck
from gradcheck.differentiate import derivative

KERNELS = {
    "check": "gradcheck.check_grad(lambda x: 0.5 * float(x @ x), lambda x: x.copy(), x10)",
    "derivative": "derivative(np.sin, x100)",
}
SETUP = """
import sys
import numpy as np
import gradcheck
from gradcheck.differentiate import derivative
x10, x100 = np.linspace(-1, 1, 10), np.linspace(-1, 1, 100)
for _ in range(int(sys.argv[1])):
"""


@pytest.mark.large
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="callgrind (valgrind) is not installed")
@pytest.mark.benchmark(group="instructions")
@pytest.mark.parametrize("kernel", KERNELS)
def test_instructions_of_a_kernel(benchmark, kernel: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:  # side by side: neighbours do not change a count
        once, often = pool.map(lambda times: _instructions(KERNELS[kernel], times, tmp_path), (1, 11))
    benchmark.extra_info["instructions"] = (often - once) // 10
    assert once < often
    namespace = {"np": np, "gradcheck": gradcheck, "derivative": derivative}
    namespace |= {"x10": np.linspace(-1, 1, 10), "x100": np.linspace(-1, 1, 100)}
    code = compile(KERNELS[kernel], kernel, "eval")
    benchmark(lambda: eval(code, namespace))


def _instructions(kernel: str, times: int, folder: Path) -> int:
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.{times}"]
    command += [sys.executable, "-c", f"{SETUP}    {kernel}", str(times)]
    single = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | single)
    (count,) = re.findall(r"Collected : (\d+)", ran.stderr)
    return int(count)
