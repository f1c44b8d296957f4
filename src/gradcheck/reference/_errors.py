"""Messages for bad input: the value, the cause, the cure."""

__all__ = ["invalid"]


def invalid(value: str, cause: str, cure: str) -> ValueError:
    """Return (not raise) the error whose text is the value, what is wrong with it and what to try."""
    return ValueError(f"{value}: {cause}. Try: {cure}.")
