"""``module:object`` and ``path/to/file.py:object``: finding what the user named, and nothing else."""

import contextlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.cli._trace import UserError
from gradcheck.differentiate._errors import UsageError

__all__ = ["Target", "load", "load_module", "place_of"]

FORM = "write module:object or path/to/file.py:object"
STEP = re.compile(r"\.?([A-Za-z_]\w*)|\[(\d+)\]")


@dataclass(frozen=True)
class Target:
    """A module (dotted name or file) and the path of an object in it.

    >>> Target.parse("nn/layers.py:claims[2]")
    Target(module='nn/layers.py', path='claims[2]')
    """

    module: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Raises `UsageError` for text of another form."""
        module, colon, path = text.rpartition(":")
        if not colon or not module or not path:
            raise UsageError(f"target={text!r}", "a target names a module and an object in it", FORM)
        if not re.fullmatch(rf"({STEP.pattern})+", path) or path.startswith((".", "[")):
            cause = f"{path!r} is no path of names and positions"
            raise UsageError(f"target={text!r}", cause, "write a.b or a[0]; nothing else is evaluated")
        return cls(module, path)

    @property
    def is_file(self) -> bool:
        """Whether the module is named by its file."""
        return self.module.endswith(".py") or "/" in self.module or "\\" in self.module

    def __str__(self) -> str:
        return f"{self.module}:{self.path}"


def load(target: Target) -> Any:
    """The object that the target names.

    Raises
    ------
    UsageError
        If there is no such module or no such object in it (with the nearest name).
    UserError
        If the module itself raises: its traceback, shortened to the user's own lines.
    """
    found: Any = load_module(target)
    for name, position in STEP.findall(target.path):
        found = _item(found, int(position), target) if position else _attribute(found, name, target)
    return found


def load_module(target: Target) -> ModuleType:
    """The module of the target, imported as Python itself would from this folder."""
    name = _module_of_file(Path(target.module)) if target.is_file else target.module
    if not target.is_file:
        _first_on_path(Path.cwd())
    with UserError.shortened(f"{target.module} could not be imported"), _output_aside():
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not _is_named(error.name, name):
                raise  # the user's module needs a module that is missing: his traceback says where
    near = _near_modules(name)
    raise UsageError(f"module {target.module!r}", "there is no such module", near)


def _is_named(missing: str | None, name: str) -> bool:
    """Whether the module that was not found is the named one, or a package on the way to it."""
    return missing is not None and f"{name}.".startswith(f"{missing}.")


def _module_of_file(path: Path) -> str:
    """The dotted name of a file, its packages (folders with an __init__.py) included; their root can be imported."""
    if not path.is_file():
        near = get_close_matches(path.name, [p.name for p in path.parent.glob("*.py")], n=1)
        cure = str(path.with_name(near[0])) if near else "name a Python file that exists"
        raise UsageError(f"file {str(path)!r}", "there is no such file", cure)
    parts, folder = [path.stem], path.resolve().parent
    while (folder / "__init__.py").is_file():
        parts, folder = [folder.name, *parts], folder.parent
    _first_on_path(folder)
    name = ".".join(parts)
    known = sys.modules.get(name)
    if known is not None and Path(getattr(known, "__file__", None) or "").resolve() != path.resolve():
        return _alone(path)
    return name


def _alone(path: Path) -> str:
    """A name of its own for a file whose stem another module already has."""
    name = f"gradcheck_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # the file exists
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with UserError.shortened(f"{path} could not be imported"), _output_aside():
        spec.loader.exec_module(module)
    return name


def _first_on_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _near_modules(name: str) -> str:
    here = [p.stem for p in Path.cwd().glob("*.py")] + [
        p.parent.name for p in Path.cwd().glob("*/__init__.py")
    ]
    near = get_close_matches(name.partition(".")[0], here, n=1)
    return str(near[0]) if near else f"run from the folder that holds it, or {FORM}"


def _attribute(owner: Any, name: str, target: Target) -> Any:
    if hasattr(owner, name):
        return getattr(owner, name)
    public = [each for each in dir(owner) if not each.startswith("_")]
    near = get_close_matches(name, public, n=1)
    cure = str(near[0]) if near else f"one of {', '.join(public[:8])}" if public else FORM
    raise UsageError(f"target={str(target)!r}", f"{target.module} has no {name!r}", cure)


def _item(owner: Any, position: int, target: Target) -> Any:
    if not isinstance(owner, list | tuple):
        raise UsageError(f"target={str(target)!r}", "only a list has positions", "name the object itself")
    if position >= len(owner):
        cause = f"the list has {len(owner)} elements"
        raise UsageError(f"target={str(target)!r}", cause, f"a position from 0 to {len(owner) - 1}")
    return owner[position]


@contextlib.contextmanager
def _output_aside() -> Iterator[None]:
    """What the user's module prints goes to stderr: stdout is for results."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def place_of(function: Any) -> tuple[str, int] | None:
    """File (relative to this folder where possible) and line of a function, for annotations."""
    code = getattr(function, "__code__", None)
    if code is None or not Path(code.co_filename).is_file():
        return None
    path = Path(code.co_filename).resolve()
    inside = path.is_relative_to(Path.cwd())
    return (path.relative_to(Path.cwd()) if inside else path).as_posix(), code.co_firstlineno
