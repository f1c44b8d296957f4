"""Special functions and tables, at the points and borders where their derivatives go wrong."""

import numpy as np
from scipy import special

from tests.corpus._case import Case, Problem, bug


@bug(
    "legendre_slope_zero_at_the_pole",
    "SHTOOLS/SHTOOLS#301",
    "associated Legendre function of cos(theta)",
    "special point (pole)",
    "the meridional derivative is set to zero where sin(theta) = 0",
    generic=False,
    says=("entries", "zero"),
)
def legendre_slope_zero_at_the_pole(rng):
    def bad(i, ct):
        return (np.where(np.sin(i[0]) == 0, 0.0, ct * 3 * np.cos(2 * i[0])),)

    x = rng.uniform(0.3, 2.5, 4)
    return Problem(
        f=lambda i: 1.5 * np.sin(2 * i[0]),
        vjp_good=lambda i, ct: (ct * 3 * np.cos(2 * i[0]),),
        vjp_bad=bad,
        inputs=(x,),
        special_inputs=(x * (np.arange(4) != 1),),
    )


@bug(
    "harmonic_through_angles_on_the_axis",
    "GalacticDynamics/galax#836",
    "solid harmonic x z / r^2",
    "special point (axis) -> NaN",
    "the chain rule through the azimuth divides by x^2 + y^2",
    generic=False,
    says=("nonfinite",),
)
def harmonic_through_angles_on_the_axis(rng):
    def good(i, ct):
        x, y, z = i[0].T
        r2 = (i[0] ** 2).sum(-1)
        rest = -2 * (x * z / r2**2)[:, None] * i[0]
        return (ct[:, None] * (rest + np.stack([z / r2, 0 * y, x / r2], 1)),)

    def bad(i, ct):
        x, y, z = i[0].T
        with np.errstate(all="ignore"):
            s2 = x * x + y * y
            r2 = s2 + z * z
            s = np.sqrt(s2)
            d_theta = (z * z - s2) / r2 * x / s
            d_phi = -s * z / r2 * y / s
            theta = np.stack([x * z / (s * r2), y * z / (s * r2), -s / r2], 1)
            phi = np.stack([-y / s2, x / s2, 0 * z], 1)
            return (ct[:, None] * (d_theta[:, None] * theta + d_phi[:, None] * phi),)

    x = rng.standard_normal((3, 3))
    axis = x.copy()
    axis[1, :2] = 0
    return Problem(
        f=lambda i: i[0][:, 0] * i[0][:, 2] / (i[0] ** 2).sum(-1),
        vjp_good=good,
        vjp_bad=bad,
        inputs=(x,),
        special_inputs=(axis,),
    )


@bug(
    "scaled_erfc_where_erfc_underflows",
    "jax-ml/jax#38607",
    "exp(x^2) erfc(x)",
    "a band of wrong values",
    "the first term of the derivative vanishes for 26.54 < x < 26.64",
    says=("entries",),
)
def scaled_erfc_where_erfc_underflows(rng):
    def vjp(fix):
        def go(i, ct):
            x = i[0]
            keep = fix | (np.abs(x - 26.59) > 0.05)
            return (ct * (2 * x * special.erfcx(x) * keep - 2 / np.sqrt(np.pi)),)

        return go

    return Problem(
        f=lambda i: special.erfcx(i[0]),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(np.array([0.5, 3.0, 26.6, -1.0, 24.0]),),
        mp=lambda mp, i: [mp.exp(v * v) * mp.erfc(v) for v in i[0]],
    )


@bug(
    "spherical_bessel_half_for_one_over_z",
    "scipy/scipy#7499",
    "spherical Bessel function",
    "misprinted formula",
    "(n + 1) / 2 where (n + 1) / z stands: right at z = 2",
)
def spherical_bessel_half_for_one_over_z(rng):
    def vjp(divisor):
        def go(i, ct):
            z = i[0]
            return (ct * (special.spherical_jn(1, z) - 3 / divisor(z) * special.spherical_jn(2, z)),)

        return go

    return Problem(
        f=lambda i: special.spherical_jn(2, i[0]),
        vjp_good=vjp(lambda z: z),
        vjp_bad=vjp(lambda z: 2.0),
        inputs=(rng.uniform(0.5, 6, 5),),
    )


_KNOTS, _VALUES = np.array([0.0, 0.5, 1.5, 2.0, 4.0]), np.array([1.0, -1.0, 2.0, 0.5, 3.0])


@bug(
    "table_extrapolated_in_the_backward",
    "class of mistake (clamped forward, open backward)",
    "linear interpolation that is constant outside",
    "border of the table",
    "beyond the last knot the slope of the last interval is returned",
    fidelity="synthetic",
    says=("entries",),
)
def table_extrapolated_in_the_backward(rng):
    def vjp(clamp):
        def go(i, ct):
            at = np.clip(np.searchsorted(_KNOTS, i[0]) - 1, 0, 3)
            slope = np.diff(_VALUES)[at] / np.diff(_KNOTS)[at]
            return (ct * slope * ((i[0] > 0) & (i[0] < 4) | (not clamp)),)

        return go

    return Problem(
        f=lambda i: np.interp(i[0], _KNOTS, _VALUES),
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(np.array([0.3, 5.0, 1.0, -2.0, 3.0]),),
    )


@bug(
    "bilinear_sample_on_a_grid_point",
    "Ignotus/theano-roi-align#2",
    "bilinear samples of an image",
    "floor and ceil coincide",
    "on a grid point the four corners are one pixel, which is counted four times",
    generic=False,
    fidelity="modelled",
    says=("factor", "entries"),
)
def bilinear_sample_on_a_grid_point(rng):
    def corners(y, x):
        a, b = int(np.floor(y)), int(np.floor(x))
        for dy in (0, 1):
            for dx in (0, 1):
                yield min(a + dy, 3), min(b + dx, 3), abs(1 - dy - (y - a)) * abs(1 - dx - (x - b))

    def f(i):
        return np.array([sum(w * i[0][p, q] for p, q, w in corners(y, x)) for y, x in i[1]])

    def vjp(fix):
        def go(i, ct):
            image, at = i
            d_image, d_at = np.zeros_like(image), np.zeros_like(at)
            for n, (y, x) in enumerate(at):
                a, b = int(np.floor(y)), int(np.floor(x))
                u, v = y - a, x - b
                c = image[a : a + 2, b : b + 2]
                d_at[n] = ct[n] * np.array([(c[1] - c[0]) @ [1 - v, v], (c[:, 1] - c[:, 0]) @ [1 - u, u]])
                copies = 1 if fix else (1 + (u == 0)) * (1 + (v == 0))
                for p, q, w in corners(y, x):
                    d_image[p, q] += copies * ct[n] * w
            return d_image, d_at

        return go

    image = rng.standard_normal((4, 4))
    return Problem(
        f=f,
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(image, rng.uniform(0.1, 2.9, (3, 2))),
        special_inputs=(image, np.array([[1.0, 2.0], [0.3, 1.7], [2.0, 0.5]])),
    )


@bug(
    "trapezoid_inner_nodes",
    "class of mistake (nodes of the trapezoidal rule)",
    "integral over given nodes",
    "neighbour forgotten",
    "a node moves the panels on both of its sides; the right one is left out",
    fidelity="synthetic",
)
def trapezoid_inner_nodes(rng):
    def vjp(right):
        def go(i, ct):
            y, x = i
            mid, dx = (y[1:] + y[:-1]) / 2, np.diff(x)
            dy = np.append(dx, 0) + np.insert(dx, 0, 0)
            return ct * dy / 2, ct * (np.insert(mid, 0, 0) - right * np.append(mid, 0))

        return go

    return Problem(
        f=lambda i: np.asarray(np.trapezoid(i[0], i[1])),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(6), np.sort(rng.uniform(0, 3, 6))),
    )


@bug(
    "squash_of_a_zero_capsule",
    "class of mistake (division by the norm)",
    "|s| s / (1 + |s|^2)",
    "special point (zero row) -> NaN",
    "the direction s / |s| of a capsule that is zero",
    generic=False,
    fidelity="synthetic",
    says=("nonfinite",),
)
def squash_of_a_zero_capsule(rng):
    def vjp(fix):
        def go(i, ct):
            s = i[0]
            n = np.sqrt((s * s).sum(-1, keepdims=True))
            with np.errstate(all="ignore"):
                unit = np.where((n > 0) | (not fix), s / n, 0.0)
                slope = (1 - n * n) / (1 + n * n) ** 2
                return (ct * n / (1 + n * n) + unit * slope * (ct * s).sum(-1, keepdims=True),)

        return go

    def f(i):
        n2 = (i[0] ** 2).sum(-1, keepdims=True)
        return np.sqrt(n2) * i[0] / (1 + n2)

    s = rng.standard_normal((3, 2))
    return Problem(
        f=f,
        vjp_good=vjp(True),
        vjp_bad=vjp(False),
        inputs=(s,),
        special_inputs=(s * np.array([[1.0], [0], [1]]),),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
