"""The one exception for misuse."""

__all__ = ["UsageError"]


class UsageError(ValueError, TypeError):
    """A call that cannot be carried out as it stands: the value, the cause and the cure are its text.

    It is both a `ValueError` and a `TypeError`, so that a caller who guards against either one catches it.

    Examples
    --------
    >>> print(UsageError("x=[]", "an empty array has no derivative", "pass at least one element"))
    x=[]: an empty array has no derivative. Try: pass at least one element.
    """

    def __init__(self, value: str, cause: str, cure: str) -> None:
        super().__init__(value, cause, cure)
        self.value, self.cause, self.cure = value, cause, cure

    def __str__(self) -> str:
        return f"{self.value}: {self.cause}. Try: {self.cure}."


# Tracebacks show the name that a user can import.
UsageError.__module__ = "gradcheck"
