"""The user's own exception, without the frames that are not his."""

import contextlib
import importlib
import traceback
from collections.abc import Iterator
from pathlib import Path

import gradcheck
from gradcheck.differentiate._errors import UsageError

__all__ = ["UserError"]

# gradcheck itself, and the import machinery.
MACHINERY = (str(Path(gradcheck.__file__).parent), str(Path(importlib.__file__).parent), "<frozen ")


class UserError(Exception):
    """The user's code raised; the text is his traceback from his first line on."""

    @classmethod
    def of(cls, what: str, error: BaseException) -> "UserError":
        """The exception that says what could not be done, and shows his lines."""
        return cls(f"{what}:\n{_his_lines(error)}")

    @classmethod
    @contextlib.contextmanager
    def shortened(cls, what: str) -> Iterator[None]:
        """Turn any exception of the user's code (also SystemExit) into a `UserError`."""
        try:
            yield
        except (UsageError, UserError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise cls.of(what, error) from error


def _his_lines(error: BaseException) -> str:
    """The traceback without the frames of gradcheck and of the import machinery."""
    report = traceback.TracebackException.from_exception(error)
    seen: traceback.TracebackException | None = report
    while seen is not None:
        seen.stack = traceback.StackSummary.from_list([f for f in seen.stack if _is_his(f.filename)])
        seen = seen.__cause__ or seen.__context__
    return "".join(report.format()).rstrip()


def _is_his(filename: str) -> bool:
    return not filename.startswith(MACHINERY)
