"""Arrays: of a scale, at a distance from kinks and exactly on them, and cotangents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import DTypeLike, NDArray

__all__ = ["arrays", "away_from_kinks", "cotangents", "on_kinks"]

Array = NDArray[Any]
Shape = tuple[int, ...]


def arrays(
    shape: Shape | int | st.SearchStrategy[Shape],
    *,
    scale: tuple[float, float] = (1e-3, 1e3),
    zeros: bool = True,
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays whose elements have a magnitude between the two of `scale`, either sign, or are 0.

    Parameters
    ----------
    shape : tuple of int, int, or a strategy for them
    scale : (smallest, largest)
        Bounds of |element|, 0 < smallest <= largest.
    zeros : bool
        Whether elements may be exactly 0; they shrink towards it.
    dtype : a NumPy float dtype

    Raises
    ------
    ValueError
        If the scale is not two positive numbers in order, or not finite in the dtype.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays(3, scale=(2.0, 8.0), zeros=False), lambda a: True)
    array([2., 2., 2.])
    """
    smallest, largest = _bounds(scale, dtype)
    width = _width(dtype)
    magnitudes = st.floats(smallest, largest, width=width)
    elements = magnitudes | magnitudes.map(lambda x: -x)
    return hnp.arrays(dtype, shape, elements=(st.just(0.0) | elements) if zeros else elements)


def away_from_kinks(
    kinks: Sequence[float],
    shape: Shape | int | st.SearchStrategy[Shape],
    *,
    distance: float = 0.1,
    largest: float = 10.0,
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays in [-largest, largest] whose every element is at least `distance` from every kink.

    There a difference quotient with steps under the distance sees a smooth function.

    Raises
    ------
    ValueError
        If the kinks leave no room in [-largest, largest].

    Examples
    --------
    >>> from hypothesis import find
    >>> from gradcheck.reference import relu
    >>> find(away_from_kinks(relu.kinks, 2, distance=0.5), lambda z: True)
    array([1., 1.])
    """
    gaps = _gaps(kinks, distance, largest)
    if not gaps:
        raise ValueError(
            f"kinks={tuple(kinks)}: no room at distance={distance} from all of them within largest={largest}. "
            "Try: a smaller distance."
        )
    width = _width(dtype)
    pieces = [st.floats(*_inside(low, high, dtype), width=width) for low, high in gaps]
    return hnp.arrays(dtype, shape, elements=st.one_of(pieces))


def on_kinks(
    kinks: Sequence[float],
    shape: Shape | int | st.SearchStrategy[Shape],
    *,
    distance: float = 0.1,
    largest: float = 10.0,
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays with one element or more exactly on a kink, the others at least `distance` from every kink.

    Raises
    ------
    ValueError
        If there are no kinks.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(on_kinks((0.0,), 3), lambda z: True)
    array([0., 0., 0.])
    """
    if not kinks:
        raise ValueError("kinks=(): a smooth function has no point on a kink. Try: away_from_kinks.")
    shapes = shape if isinstance(shape, st.SearchStrategy) else st.just(shape)

    @st.composite
    def draw_array(draw: st.DrawFn) -> Array:
        size = draw(shapes)
        z = draw(away_from_kinks(kinks, size, distance=distance, largest=largest, dtype=dtype))
        on = draw(hnp.arrays(np.bool_, size, elements=st.sampled_from([True, False])))
        assume(on.any())
        z[on] = draw(hnp.arrays(dtype, int(on.sum()), elements=st.sampled_from(tuple(kinks))))
        return z

    return draw_array()


def cotangents(
    shape: Shape | int | st.SearchStrategy[Shape], *, dtype: DTypeLike = np.float64
) -> st.SearchStrategy[Array]:
    """Cotangents of the kinds that expose a wrong vector-Jacobian product.

    Zero (the product must vanish), one-hot (one output by itself), negative, asymmetric (all entries different in
    size, so that nothing cancels and no transposition is hidden), and any others.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(cotangents((2, 2)), lambda c: True)
    array([[0., 0.],
           [0., 0.]])
    """
    shapes = shape if isinstance(shape, st.SearchStrategy) else st.just(shape)
    return shapes.flatmap(lambda size: _cotangents(size, dtype))


def _cotangents(shape: Shape | int, dtype: DTypeLike) -> st.SearchStrategy[Array]:
    n = int(np.prod(shape))
    asymmetric = np.arange(1, n + 1, dtype=np.dtype(dtype)) / np.dtype(dtype).type(n)
    kinds = [st.just(np.zeros(n, dtype))]
    if n:
        kinds += [
            st.integers(0, n - 1).map(lambda i: np.eye(1, n, i, dtype=dtype)[0]),
            arrays(n, scale=(0.125, 8.0), zeros=False, dtype=dtype).map(lambda c: -np.abs(c)),
            st.permutations(range(n)).map(lambda order: asymmetric[list(order)]),
            arrays(n, scale=(0.125, 8.0), dtype=dtype),
        ]
    return st.one_of(kinds).map(lambda c: c.reshape(shape).copy())


def _bounds(scale: tuple[float, float], dtype: DTypeLike) -> tuple[float, float]:
    smallest, largest = scale
    if not 0 < smallest <= largest <= float(np.finfo(dtype).max):
        raise ValueError(
            f"scale={scale!r}: expected 0 < smallest <= largest, finite in {np.dtype(dtype)}. "
            "Try: scale=(1e-3, 1e3)."
        )
    return _inside(smallest, largest, dtype)


def _gaps(kinks: Sequence[float], distance: float, largest: float) -> list[tuple[float, float]]:
    """The intervals of [-largest, largest] that keep the distance, the one nearest above 0 first."""
    edges = [-largest]
    for kink in sorted(kinks):
        edges += [-_beyond(-kink, distance), _beyond(kink, distance)]
    edges.append(largest)
    gaps = [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low <= high]
    return sorted(gaps, key=lambda gap: (gap[1] < 0, abs(gap[0])))


def _beyond(kink: float, distance: float) -> float:
    """The smallest float above the kink whose computed distance is not rounded below the one asked for."""
    edge = kink + distance
    while edge - kink < distance:
        edge = float(np.nextafter(edge, np.inf))
    return edge


def _inside(low: float, high: float, dtype: DTypeLike) -> tuple[float, float]:
    """The smallest and largest numbers of the dtype within [low, high]."""
    kind: Any = np.dtype(dtype).type
    a, b = kind(low), kind(high)
    if float(a) < low:
        a = np.nextafter(a, kind(np.inf))
    if float(b) > high:
        b = np.nextafter(b, kind(-np.inf))
    return float(a), float(b)


def _width(dtype: DTypeLike) -> Any:
    return 8 * min(np.dtype(dtype).itemsize, 8)
