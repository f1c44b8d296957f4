"""Fourier transforms, complex numbers, scans and filters."""

import numpy as np

from tests.corpus._case import Case, Problem, bug


@bug(
    "power_spectrum_by_the_forward_transform",
    "HIPS/autograd#185",
    "masked power of a Fourier transform",
    "transform instead of its adjoint",
    "a symmetric mask hides it; otherwise the gradient runs backwards",
    fidelity="issue",
)
def power_spectrum_by_the_forward_transform(rng):
    mask = (np.arange(8) < 4).astype(float)

    def vjp(back):
        return lambda i, ct: (ct * 2 * back(mask * np.fft.fft(i[0])),)

    def adjoint(y):
        return len(y) * np.fft.ifft(y)

    return Problem(
        f=lambda i: np.asarray((mask * np.abs(np.fft.fft(i[0])) ** 2).sum()),
        vjp_good=vjp(adjoint),
        vjp_bad=vjp(np.fft.fft),
        inputs=(rng.standard_normal(8) + 1j * rng.standard_normal(8),),
    )


@bug(
    "imaginary_part_conjugated_through_a_transform",
    "EnzymeAD/Enzyme-JAX#2071, EnzymeAD/Reactant.jl#2294",
    "power of W (x + i y)",
    "conjugation",
    "the gradient of the imaginary part has the other sign",
    says=("sign",),
)
def imaginary_part_conjugated_through_a_transform(rng):
    w = rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4))

    def vjp(sign):
        def go(i, ct):
            g = 2 * ct * (w.conj().T @ (w @ (i[0] + 1j * i[1])))
            return g.real, sign * g.imag

        return go

    return Problem(
        f=lambda i: np.asarray((np.abs(w @ (i[0] + 1j * i[1])) ** 2).sum()),
        vjp_good=vjp(1),
        vjp_bad=vjp(-1),
        inputs=(rng.standard_normal(4), rng.standard_normal(4)),
    )


@bug(
    "wirtinger_derivative_for_the_gradient",
    "locuslab/pytorch_fft#8",
    "real loss of a complex array",
    "Wirtinger factor 2",
    "dL/dz* is half of dL/dRe + i dL/dIm",
    says=("factor",),
)
def wirtinger_derivative_for_the_gradient(rng):
    def vjp(k):
        return lambda i, ct: (ct * k * i[0] / (1 + np.abs(i[0]) ** 2),)

    return Problem(
        f=lambda i: np.asarray(np.log1p(np.abs(i[0]) ** 2).sum()),
        vjp_good=vjp(2),
        vjp_bad=vjp(1),
        inputs=(rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3)),),
    )


@bug(
    "holomorphic_derivative_not_conjugated",
    "tensorflow/tensorflow#3348",
    "z^2 exp(z)",
    "conjugation",
    "the cotangent times f' where it is times conj(f')",
    fidelity="modelled",
    says=("sign",),
)
def holomorphic_derivative_not_conjugated(rng):
    def slope(z):
        return (2 * z + z * z) * np.exp(z)

    return Problem(
        f=lambda i: i[0] ** 2 * np.exp(i[0]),
        vjp_good=lambda i, ct: (ct * slope(i[0]).conj(),),
        vjp_bad=lambda i, ct: (ct * slope(i[0]),),
        inputs=(rng.standard_normal(5) + 1j * rng.standard_normal(5),),
    )


@bug(
    "circular_convolution_without_conjugates",
    "HazyResearch/flash-fft-conv#24",
    "circular convolution by FFT",
    "convolution instead of correlation",
    "ifft(fft(g) fft(y)) where the adjoint correlates",
    fidelity="issue",
)
def circular_convolution_without_conjugates(rng):
    def product(a, b):
        return np.fft.irfft(a * b, 9)

    def vjp(conj):
        def go(i, ct):
            x, y, g = (np.fft.rfft(a) for a in (*i, ct))
            return product(g, conj(y)), product(g, conj(x))

        return go

    return Problem(
        f=lambda i: product(np.fft.rfft(i[0]), np.fft.rfft(i[1])),
        vjp_good=vjp(np.conj),
        vjp_bad=vjp(lambda a: a),
        inputs=(rng.standard_normal(9), rng.standard_normal(9)),
    )


def _scan(a, b):
    h = [b[0]]
    for t in range(1, len(b)):
        h.append(a[t] * h[-1] + b[t])
    return np.array(h)


def _scan_vjp(i, ct, lag=1, conj=np.conj):
    """`lag` 1 multiplies by the next step's factor, 0 by the present one's."""
    a, b = i
    h, db = _scan(a, b), ct.astype(np.result_type(ct, a))
    for t in range(len(b) - 2, -1, -1):
        db[t] = ct[t] + conj(a[t + lag]) * db[t + 1]
    da = np.zeros_like(a)
    da[1:] = db[1:] * conj(h[:-1])
    return da, db


@bug(
    "reverse_scan_with_the_factor_of_the_same_step",
    "state-spaces/mamba#368",
    "linear recurrence h = a h + b",
    "off by one in the reverse scan",
    "the adjoint is carried back by a_t where a_{t+1} belongs",
    fidelity="modelled",
)
def reverse_scan_with_the_factor_of_the_same_step(rng):
    return Problem(
        f=lambda i: _scan(*i),
        vjp_good=_scan_vjp,
        vjp_bad=lambda i, ct: _scan_vjp(i, ct, lag=0),
        inputs=(rng.uniform(0.3, 1, (6, 2)), rng.standard_normal((6, 2))),
    )


@bug(
    "complex_scan_without_conjugation",
    "alxndrTL/mamba.py#65",
    "complex linear recurrence",
    "conjugation",
    "right while the factors are real",
    fidelity="modelled",
    says=("sign",),
)
def complex_scan_without_conjugation(rng):
    def n():
        return rng.standard_normal(5) + 1j * rng.standard_normal(5)

    return Problem(
        f=lambda i: _scan(*i),
        vjp_good=_scan_vjp,
        vjp_bad=lambda i, ct: _scan_vjp(i, ct, conj=lambda a: a),
        inputs=(0.5 * n(), n()),
    )


def _cumulative_lse(x):
    out = [x[0]]
    for v in x[1:]:
        top = max(out[-1], v)
        out.append(top + np.log(np.exp(out[-1] - top) + np.exp(v - top)))
    return np.array(out)


def _cumulative_lse_vjp(i, ct):
    x = i[0]
    r = _cumulative_lse(x)
    return (np.array([(ct[k:] * np.exp(x[k] - r[k:])).sum() for k in range(len(x))]),)


@bug(
    "cumulative_logsumexp_own_term_only",
    "pytorch/pytorch#32876",
    "logcumsumexp",
    "reverse cumulative sum forgotten",
    "each entry hears of its own prefix only",
    says=("missing-term",),
)
def cumulative_logsumexp_own_term_only(rng):
    return Problem(
        f=lambda i: _cumulative_lse(i[0]),
        vjp_good=_cumulative_lse_vjp,
        vjp_bad=lambda i, ct: (ct * np.exp(i[0] - _cumulative_lse(i[0])),),
        inputs=(rng.standard_normal(6),),
    )


@bug(
    "cumulative_logsumexp_scaled_by_the_global_maximum",
    "pytorch/pytorch#196705",
    "logcumsumexp",
    "underflow of a prefix",
    "prefixes far below the global maximum underflow and lose their share",
    fidelity="modelled",
    says=("entries", "zero"),
)
def cumulative_logsumexp_scaled_by_the_global_maximum(rng):
    def bad(i, ct):
        e = np.exp(i[0] - i[0].max())
        s = np.cumsum(e)
        with np.errstate(all="ignore"):
            share = np.where(s > 0, ct / s, 0.0)
        return (e * np.cumsum(share[::-1])[::-1],)

    x = rng.standard_normal(6)
    return Problem(
        f=lambda i: _cumulative_lse(i[0]),
        vjp_good=_cumulative_lse_vjp,
        vjp_bad=bad,
        inputs=(x + np.array([-900, -899, 0, 0, 0, 0.0]),),
    )


@bug(
    "cumulative_maximum_not_accumulated",
    "pytorch/pytorch#26637",
    "cummax",
    "repeats not added",
    "a record keeps the cotangent of its own position and drops those of the positions it covers",
    says=("missing-sum",),
)
def cumulative_maximum_not_accumulated(rng):
    def record(x):
        return np.array([int(x[: k + 1].argmax()) for k in range(len(x))])

    def vjp(fix):
        def go(i, ct):
            at, out = record(i[0]), np.zeros_like(i[0])
            if fix:
                np.add.at(out, at, ct)
            else:
                own = at == np.arange(len(at))
                out[own] = ct[own]
            return (out,)

        return go

    return Problem(
        f=lambda i: np.maximum.accumulate(i[0]),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal(10) + np.array([0, 0.5, 0, 0, 1, 0, 0, 2, 0, 0]),),
    )


@bug(
    "recursive_filter_without_its_recursion",
    "class of mistake (feedback path)",
    "first-order recursive filter",
    "recursion not differentiated",
    "the feedback coefficient sees the cotangent, not the adjoint",
    fidelity="synthetic",
)
def recursive_filter_without_its_recursion(rng):
    def run(x, c):
        y = np.zeros(len(x) + 1)
        for t, v in enumerate(x):
            y[t + 1] = v - c * y[t]
        return y

    def vjp(fix):
        def go(i, ct):
            y, lam = run(*i), np.array(ct)
            for t in range(len(ct) - 2, -1, -1):
                lam[t] -= i[1] * lam[t + 1]
            return lam, -np.sum((lam if fix else ct) * y[:-1])

        return go

    return Problem(
        f=lambda i: run(*i)[1:],
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(rng.standard_normal(7), np.array(0.6)),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
