"""The command line: arguments -> check -> report -> exit code.

Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive only, 4 internal error, 5 nothing checked.
"""

import contextlib
import sys
import traceback
from collections.abc import Sequence

from gradcheck.cli._exit import Exit
from gradcheck.cli._trace import UserError
from gradcheck.differentiate._errors import UsageError

__all__ = ["Exit", "main"]

INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a stream that somebody else put there
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        return _run([each for each in given if each != "--debug"])
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except (UsageError, UserError) as error:
        if debug:
            raise
        return _say(str(error), Exit.USAGE)
    except Exception as error:
        if debug:
            raise
        return _say(_internal(error), Exit.INTERNAL)


def _run(arguments: list[str]) -> int:
    try:
        from gradcheck.cli._app import app
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("typer", "rich"):
            raise
        return _say(f'the command line needs {missing}: pip install "gradcheck[cli]"', Exit.USAGE)
    try:
        app(arguments, prog_name="gradcheck")
    except SystemExit as leaving:
        return (
            leaving.code
            if isinstance(leaving.code, int)
            else Exit.PASS
            if leaving.code is None
            else Exit.USAGE
        )
    return Exit.PASS


def _internal(error: Exception) -> str:
    """What went wrong inside gradcheck, in two lines that a bug report can quote."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{frame.filename}:{frame.lineno}"
    return (
        f"internal error: {type(error).__name__}: {error} ({where})\n"
        "This is a defect of gradcheck; --debug shows the traceback."
    )


def _say(message: str, code: int) -> int:
    print(f"gradcheck: {message}", file=sys.stderr)
    return int(code)
