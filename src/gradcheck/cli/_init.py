"""``gradcheck init``: a test file for the functions of a module whose names say that they are derivatives."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gradcheck.cli._fit import CALLS, Fit, fit
from gradcheck.cli._pairs import find_pairs
from gradcheck.cli._target import Target, load_module
from gradcheck.differentiate._errors import UsageError

__all__ = ["default_path", "fits_of", "source", "write"]


WIDTH = 88  # of the lines that are written, as formatters have it


def fits_of(module: str) -> tuple[str, Path | None, list[Fit]]:
    """The name of the module, the folder that has to be importable (None if it is already), and what was found."""
    known = [Path(entry or ".").resolve() for entry in sys.path]
    loaded = load_module(Target(module, ""))
    file = Path(str(loaded.__file__)).resolve()
    root = file.parents[loaded.__name__.count(".") + (file.stem == "__init__")]
    fits = [fit(pair, vars(loaded)) for pair in find_pairs(loaded)]
    return loaded.__name__, None if root in known and root != Path.cwd() else root, fits


def default_path(module: str) -> Path:
    """Where the tests go: in tests/ where there is one."""
    folder = Path("tests") if Path("tests").is_dir() else Path()
    return folder / f"test_gradients_{module.replace('.', '_')}.py"


def source(module: str, fits: Sequence[Fit], path: Path, root: Path | None) -> str:
    """The text of the test file."""
    checks = sorted({f"assert_{CALLS[each.call][0]}" for each in fits if each.shapes is not None})
    unknown = any(each.shapes is None for each in fits)
    parts = [
        f'"""The gradients of {module}, judged by gradcheck."""\n',
        _imports(module, checks, unknown, path, root),
    ]
    head = "\n".join(parts)
    return "\n\n\n".join([head, *(_test(module, each) for each in fits)]) + "\n"


def _imports(module: str, checks: list[str], unknown: bool, path: Path, root: Path | None) -> str:
    stdlib, own = [], ["import numpy as np"]
    if unknown:
        own.append("import pytest")
    if checks:
        own.append(f"from gradcheck import {', '.join(checks)}")
    lines = [*own, "", f"import {module}"]
    if root is not None:
        stdlib = ["import sys", "from pathlib import Path", ""]
        up = os.path.relpath(root, path.resolve().parent).replace(os.sep, "/")
        own.append("")
        lines = [
            *own,
            f'sys.path.insert(0, str(Path(__file__).resolve().parent / "{up}"))',
            f"import {module}",
        ]
    return "\n".join([*stdlib, *lines])


def _test(module: str, each: Fit) -> str:
    pair = each.pair
    title = f"def test_{pair.derivative}() -> None:"
    if each.shapes is None:
        reason = f"gradcheck init found no inputs that {pair.function} accepts: write them here"
        return f'{title}\n    pytest.skip("{reason}")'
    check, form = CALLS[each.call]
    names = list(each.shapes)
    inputs = names[0] if len(names) == 1 else f"({', '.join(names)})"
    derivative = form.format(d=f"{module}.{pair.derivative}", p=", ".join(names))
    lines = [title, "    rng = np.random.default_rng(0)"]
    lines += [f"    {name} = rng.uniform(0.1, 0.9, {shape})" for name, shape in each.shapes.items()]
    function = f"{module}.{pair.function}"
    if each.call == "layer":
        lines.append(f"    layer = {function}()")
        function = f"lambda {', '.join(names)}: (layer.forward({', '.join(names)}), layer)"
    wrt = [name for place, name in enumerate(names) if place not in each.without] if each.without else None
    arguments = [function, derivative, inputs, *([f"wrt={wrt!r}".replace("'", '"')] if wrt else [])]
    call = f"    assert_{check}({', '.join(arguments)})"
    if len(call) > WIDTH:
        call = "\n".join([f"    assert_{check}(", *(f"        {each}," for each in arguments), "    )"])
    return "\n".join([*lines, call])


def write(path: Path, text: str, *, force: bool) -> None:
    """Write the test file; raises `UsageError` where there is one already, or the place cannot be written."""
    if path.exists() and not force:
        raise UsageError(
            str(path), "this file exists, and may hold your own tests", "--force, or --output NEW"
        )
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        cause = f"the file cannot be written ({error.strerror})"
        raise UsageError(str(path), cause, "name a place that you may write to, with --output") from error
