"""The data that the demo learns from: one real set, two synthetic ones. Columns are examples."""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from gradcheck.differentiate._errors import UsageError

__all__ = ["Dataset", "Split", "load_breast_cancer", "split", "two_spirals", "xor"]

FEATURES = 30
CREDIT = (
    "Breast Cancer Wisconsin (Diagnostic), W. Wolberg, O. Mangasarian, N. Street, W. Street, UCI Machine "
    "Learning Repository, 1995, CC BY 4.0, doi:10.24432/C5DW2B"
)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dataset:
    """Examples and labels for binary classification.

    Attributes
    ----------
    name : str
    X : array, shape (n0, m)
        One column for each example.
    Y : array, shape (1, m)
        Labels, 0 or 1.
    features : tuple of str
        One name for each row of `X`.
    credit : str
        Where the data come from.
    """

    name: str
    X: Floats
    Y: Floats
    features: tuple[str, ...]
    credit: str

    @property
    def examples(self) -> int:
        """The number m of examples."""
        return int(self.X.shape[1])


@dataclass(frozen=True)
class Split:
    """A data set cut in two, both parts standardised with the mean and the deviation of the training part."""

    name: str
    train_X: Floats
    train_Y: Floats
    test_X: Floats
    test_Y: Floats


def load_breast_cancer(source: Traversable | None = None) -> Dataset:
    """The Breast Cancer Wisconsin (Diagnostic) data that ship with gradcheck.

    Parameters
    ----------
    source : path, optional
        Another CSV file with the same columns; by default the bundled one.

    Returns
    -------
    Dataset
        ``X`` (30, 569), ``Y`` (1, 569) with 1 for malignant.

    Raises
    ------
    UsageError
        A wrong number of columns, an entry that is not a finite number, a label that is not 0 or 1, no rows.

    Notes
    -----
    W. Wolberg, O. Mangasarian, N. Street, W. Street, UCI Machine Learning Repository, 1995, CC BY 4.0,
    https://doi.org/10.24432/C5DW2B.

    Examples
    --------
    >>> data = load_breast_cancer()
    >>> data.X.shape, data.Y.shape, int(data.Y.sum())
    ((30, 569), (1, 569), 212)
    """
    source = files("gradcheck") / "data" / "breast_cancer.csv" if source is None else source
    header, *rows = source.read_text(encoding="utf-8").splitlines() or [""]
    if not rows:
        raise UsageError(str(source), "it holds no examples", "restore the file that came with gradcheck")
    table = np.array([_row(source.name, number, line) for number, line in enumerate(rows, start=2)])
    return Dataset(
        name="breast cancer",
        X=np.ascontiguousarray(table[:, :FEATURES].T),
        Y=table[:, FEATURES:].T.copy(),
        features=tuple(header.split(",")[:FEATURES]),
        credit=CREDIT,
    )


def _row(file: str, number: int, line: str) -> list[float]:
    """The numbers of one line, or the error that says which field of which line is wrong."""
    fields = line.split(",")
    where = f"{file}, line {number}"
    if len(fields) != FEATURES + 1:
        cause = f"expected {FEATURES} features and a label, found {len(fields)} columns"
        raise UsageError(where, cause, "separate 31 numbers by commas")
    values = [_number(f"{where}, column {column}", text) for column, text in enumerate(fields, start=1)]
    if values[-1] not in (0.0, 1.0):
        cure = "write 1 for malignant, 0 for benign"
        raise UsageError(f"{where}, label {fields[-1]!r}", "labels are 0 or 1", cure)
    return values


def _number(where: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{where}, {text!r}", "it is not a number", "write a decimal number") from None
    if not np.isfinite(value):
        raise UsageError(f"{where}, {text!r}", "it is not finite", "leave the example out, or impute it")
    return value


def split(data: Dataset, rng: np.random.Generator, held_back: float = 0.2) -> Split:
    """Cut `data` into a training part and a held-back part, and standardise both.

    The mean and the deviation are those of the training part alone: the held-back examples must not be seen,
    not even by their statistics.

    Examples
    --------
    >>> parts = split(load_breast_cancer(), np.random.default_rng(0))
    >>> parts.train_X.shape, parts.test_X.shape
    ((30, 455), (30, 114))
    """
    order = rng.permutation(data.examples)
    held = round(held_back * data.examples)
    test, train = order[:held], order[held:]
    mean = data.X[:, train].mean(axis=1, keepdims=True)
    deviation = data.X[:, train].std(axis=1, keepdims=True)
    deviation[deviation == 0] = 1.0  # a constant feature stays a constant 0 instead of becoming 0 / 0
    scaled = (data.X - mean) / deviation
    return Split(data.name, scaled[:, train], data.Y[:, train], scaled[:, test], data.Y[:, test])


def xor(rng: np.random.Generator, examples: int = 400, spread: float = 0.15) -> Dataset:
    """Four clouds at the corners of a square; a corner's label is the exclusive or of its coordinates.

    No line separates the two classes, so a network without a hidden non-linearity cannot learn it
    (Minsky and Papert, 1969).

    Examples
    --------
    >>> data = xor(np.random.default_rng(0))
    >>> data.X.shape, float(data.Y.mean())
    ((2, 400), 0.5)
    """
    number = np.arange(examples) % 4
    corner = np.stack([number // 2, number % 2])
    labels = (corner[0] != corner[1]).astype(np.float64)[np.newaxis]
    points = corner + spread * rng.standard_normal((2, examples))
    return Dataset("XOR", points, labels, ("x", "y"), "synthetic: the exclusive or of two coordinates")


def two_spirals(
    rng: np.random.Generator, examples: int = 400, turns: float = 1.0, spread: float = 0.02
) -> Dataset:
    """Two spirals, one turned by half a circle against the other, winding round each other.

    The benchmark of Lang and Witbrock, "Learning to tell two spirals apart" (1988), with fewer turns, so that
    one small network learns it in seconds.

    Examples
    --------
    >>> data = two_spirals(np.random.default_rng(0))
    >>> data.X.shape, float(data.Y.mean())
    ((2, 400), 0.5)
    """
    labels = np.arange(examples) % 2
    radius = np.sqrt(rng.uniform(0.05, 1.0, examples))  # the root spreads the examples evenly along the arm
    angle = 2 * np.pi * turns * radius + np.pi * labels
    points = radius * np.stack([np.cos(angle), np.sin(angle)]) + spread * rng.standard_normal((2, examples))
    Y = labels[np.newaxis].astype(np.float64)
    return Dataset("two spirals", points, Y, ("x", "y"), "synthetic: two spirals")
