"""SciPy's special functions, by the differentiation rules of the DLMF (section numbers beside the less known)."""

import numpy as np
from scipy import special as sp

from tests.catalogue._entry import Entry, binary, elementwise

SQRT_PI = np.sqrt(np.pi)


def _gauss(x):
    return 2 / SQRT_PI * np.exp(-x * x)


def _density(x):
    return np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)


def _airy(k):
    return lambda x: sp.airy(x)[k]


def _elliptic(k):
    return lambda u: sp.ellipj(u, 0.3)[k]


def _ratio(numerator, x, at_zero):
    """numerator / x, continued by its value at zero."""
    x = np.asarray(x)
    return np.where(x == 0, at_zero, numerator / np.where(x == 0, 1.0, x))


def _boxcox_slope(x):
    return x ** (0.3 - 1)


ENTRIES: tuple[Entry, ...] = (
    elementwise("expit", sp.expit, lambda x: sp.expit(x) * sp.expit(-x)),
    elementwise("expit-by-output", sp.expit, lambda x: sp.expit(x) * (1 - sp.expit(x))),
    elementwise("logit", sp.logit, lambda x: 1 / (x * (1 - x)), 0, 1, extra=(0.999,)),
    elementwise("log_expit", sp.log_expit, lambda x: sp.expit(-x)),
    elementwise("erf", sp.erf, _gauss),
    elementwise("erfc", sp.erfc, lambda x: -_gauss(x)),
    elementwise("erfcx", sp.erfcx, lambda x: 2 * x * sp.erfcx(x) - 2 / SQRT_PI, -20, 60),
    elementwise("erfi", sp.erfi, lambda x: 2 / SQRT_PI * np.exp(x * x), -20, 20),
    elementwise("dawsn", sp.dawsn, lambda x: 1 - 2 * x * sp.dawsn(x), -60, 60),
    elementwise("erfinv", sp.erfinv, lambda x: SQRT_PI / 2 * np.exp(sp.erfinv(x) ** 2), -1, 1, extra=(0.99,)),
    elementwise("erfcinv", sp.erfcinv, lambda x: -SQRT_PI / 2 * np.exp(sp.erfcinv(x) ** 2), 0, 2),
    elementwise("ndtr", sp.ndtr, _density),
    elementwise(
        "log_ndtr", sp.log_ndtr, lambda x: np.exp(-0.5 * x * x - sp.log_ndtr(x)) / np.sqrt(2 * np.pi), -30
    ),
    elementwise("ndtri", sp.ndtri, lambda x: 1 / _density(sp.ndtri(x)), 0, 1),
    elementwise("gamma", sp.gamma, lambda x: sp.gamma(x) * sp.digamma(x), 0, 150),
    elementwise("gammaln", sp.gammaln, sp.digamma, 0),
    elementwise("loggamma", sp.loggamma, sp.digamma, 0),
    elementwise("digamma", sp.digamma, lambda x: sp.polygamma(1, x), 0),
    elementwise("trigamma", lambda x: sp.polygamma(1, x), lambda x: sp.polygamma(2, x), 0),
    elementwise("rgamma", sp.rgamma, lambda x: -sp.rgamma(x) * sp.digamma(x), 0, 150),
    elementwise("gammainc-2", lambda x: sp.gammainc(2.0, x), lambda x: x * np.exp(-x), 0),
    elementwise("gammaincc-2", lambda x: sp.gammaincc(2.0, x), lambda x: -x * np.exp(-x), 0),
    elementwise("betainc", lambda x: sp.betainc(2.0, 3.0, x), lambda x: 12 * x * (1 - x) ** 2, 0, 1),
    elementwise("j0", sp.j0, lambda x: -sp.j1(x), -800, 800),
    elementwise("j1", sp.j1, lambda x: 0.5 * (sp.j0(x) - sp.jn(2, x)), -800, 800),
    elementwise("jv-half", lambda x: sp.jv(2.5, x), lambda x: sp.jvp(2.5, x), 0, 800),
    elementwise("jn-3", lambda x: sp.jn(3, x), lambda x: sp.jvp(3, x), -800, 800),
    elementwise("y0", sp.y0, lambda x: -sp.y1(x), 0, 800),
    elementwise("y1", sp.y1, lambda x: sp.y0(x) - sp.y1(x) / x, 0.01, 800),
    elementwise("yn-2", lambda x: sp.yn(2, x), lambda x: sp.yvp(2, x), 0.01, 800),
    elementwise("i0-scipy", sp.i0, sp.i1, -709, 709),
    elementwise("i0e", sp.i0e, lambda x: sp.i1e(x) - np.sign(x) * sp.i0e(x), 0),
    elementwise("i1-scipy", sp.i1, lambda x: 0.5 * (sp.i0(x) + sp.iv(2, x)), -709, 709),
    elementwise("i1e", sp.i1e, lambda x: sp.i0e(x) - sp.i1e(x) * (1 + 1 / x), 0.01),
    elementwise("iv-1.5", lambda x: sp.iv(1.5, x), lambda x: sp.ivp(1.5, x), 0, 709),
    elementwise("k0", sp.k0, lambda x: -sp.k1(x), 0, 600),
    elementwise("k1", sp.k1, lambda x: -sp.k0(x) - sp.k1(x) / x, 0, 600),
    elementwise("k0e", sp.k0e, lambda x: sp.k0e(x) - sp.k1e(x), 0),
    elementwise("kv-1.5", lambda x: sp.kv(1.5, x), lambda x: sp.kvp(1.5, x), 0.01, 600),
    elementwise(
        "spherical_jn", lambda x: sp.spherical_jn(2, x), lambda x: sp.spherical_jn(2, x, True), 0, 800
    ),
    elementwise(
        "spherical_yn", lambda x: sp.spherical_yn(1, x), lambda x: sp.spherical_yn(1, x, True), 0.1, 800
    ),
    elementwise(
        "spherical_in", lambda x: sp.spherical_in(1, x), lambda x: sp.spherical_in(1, x, True), 0.1, 60
    ),
    elementwise(
        "spherical_kn", lambda x: sp.spherical_kn(1, x), lambda x: sp.spherical_kn(1, x, True), 0.1, 60
    ),
    elementwise("airy-ai", _airy(0), _airy(1), -60, 60),
    elementwise("airy-ai-prime", _airy(1), lambda x: x * sp.airy(x)[0], -60, 60),
    elementwise("airy-bi", _airy(2), _airy(3), -60, 60),
    elementwise("ellipk", sp.ellipk, lambda m: (sp.ellipe(m) / (1 - m) - sp.ellipk(m)) / (2 * m), 0.01, 1),
    elementwise("ellipe", sp.ellipe, lambda m: (sp.ellipe(m) - sp.ellipk(m)) / (2 * m), 0.01, 1),
    elementwise(
        "ellipkinc", lambda p: sp.ellipkinc(p, 0.4), lambda p: 1 / np.sqrt(1 - 0.4 * np.sin(p) ** 2), -60, 60
    ),
    elementwise(
        "ellipeinc", lambda p: sp.ellipeinc(p, 0.4), lambda p: np.sqrt(1 - 0.4 * np.sin(p) ** 2), -60, 60
    ),
    elementwise("ellipj-sn", _elliptic(0), lambda u: _elliptic(1)(u) * _elliptic(2)(u), -60, 60),
    elementwise("ellipj-cn", _elliptic(1), lambda u: -_elliptic(0)(u) * _elliptic(2)(u), -60, 60),
    elementwise("ellipj-dn", _elliptic(2), lambda u: -0.3 * _elliptic(0)(u) * _elliptic(1)(u), -60, 60),
    elementwise("expi", sp.expi, lambda x: np.exp(x) / x, 0, 700),
    elementwise("exp1", sp.exp1, lambda x: -np.exp(-x) / x, 0),
    elementwise("expn-2", lambda x: sp.expn(2, x), lambda x: -sp.exp1(x), 0),
    elementwise("exprel", sp.exprel, lambda x: _exprel_slope(x), -60, 60),
    elementwise("sine-integral", lambda x: sp.sici(x)[0], lambda x: np.sinc(x / np.pi)),
    elementwise("cosine-integral", lambda x: sp.sici(x)[1], lambda x: np.cos(x) / x, 0),
    elementwise("shi", lambda x: sp.shichi(x)[0], lambda x: _ratio(np.sinh(x), x, 1.0), -600, 600),
    elementwise("chi", lambda x: sp.shichi(x)[1], lambda x: np.cosh(x) / x, 0, 600),
    elementwise(
        "spence", sp.spence, lambda x: np.where(x == 1, -1.0, np.log(x) / np.where(x == 1, 1, 1 - x)), 0
    ),
    elementwise("lambertw", lambda x: sp.lambertw(x).real, lambda x: _lambert_slope(x), -0.36),
    elementwise("wrightomega", sp.wrightomega, lambda x: sp.wrightomega(x) / (1 + sp.wrightomega(x))),
    elementwise("entr", sp.entr, lambda x: -np.log(x) - 1, 0),
    elementwise("pseudo_huber", lambda x: sp.pseudo_huber(1.5, x), lambda x: x / np.hypot(1, x / 1.5)),
    elementwise("huber", lambda x: sp.huber(1.5, x), lambda x: np.clip(x, -1.5, 1.5)),
    elementwise("boxcox", lambda x: sp.boxcox(x, 0.3), _boxcox_slope, 0),
    elementwise("boxcox1p", lambda x: sp.boxcox1p(x, 0.3), lambda x: _boxcox_slope(1 + x), -0.99),
    elementwise("inv_boxcox", lambda y: sp.inv_boxcox(y, 0.3), lambda y: (0.3 * y + 1) ** (1 / 0.3 - 1), -3),
    elementwise(
        "inv_boxcox1p", lambda y: sp.inv_boxcox1p(y, 0.3), lambda y: (0.3 * y + 1) ** (1 / 0.3 - 1), -3
    ),
    elementwise("cosm1", sp.cosm1, lambda x: -np.sin(x)),
    elementwise("exp10", sp.exp10, lambda x: np.log(10) * 10.0**x, high=300),
    elementwise("sindg", sp.sindg, lambda x: np.pi / 180 * np.cos(np.deg2rad(x)), -800, 800),
    elementwise("cosdg", sp.cosdg, lambda x: -np.pi / 180 * np.sin(np.deg2rad(x)), -800, 800),
    elementwise("tandg", sp.tandg, lambda x: np.pi / 180 / np.cos(np.deg2rad(x)) ** 2, -80, 80),
    elementwise("fresnel-s", lambda x: sp.fresnel(x)[0], lambda x: np.sin(np.pi / 2 * x * x), -60, 60),
    elementwise("fresnel-c", lambda x: sp.fresnel(x)[1], lambda x: np.cos(np.pi / 2 * x * x), -60, 60),
    elementwise("struve-0", lambda x: sp.struve(0, x), lambda x: 2 / np.pi - sp.struve(1, x), 0, 60),
    elementwise("modstruve-0", lambda x: sp.modstruve(0, x), lambda x: 2 / np.pi + sp.modstruve(1, x), 0, 60),
    elementwise("hyp0f1", lambda x: sp.hyp0f1(1.5, x), lambda x: sp.hyp0f1(2.5, x) / 1.5, -60, 60),
    elementwise("hyp1f1", lambda x: sp.hyp1f1(0.5, 1.5, x), lambda x: sp.hyp1f1(1.5, 2.5, x) / 3, -60, 60),
    elementwise("hyp2f1", lambda x: sp.hyp2f1(1, 2, 3, x), lambda x: 2 / 3 * sp.hyp2f1(2, 3, 4, x), -3, 0.9),
    elementwise("legendre-3", lambda x: sp.eval_legendre(3, x), lambda x: 1.5 * (5 * x * x - 1)),
    elementwise("chebyt-4", lambda x: sp.eval_chebyt(4, x), lambda x: 4 * sp.eval_chebyu(3, x)),
    elementwise("hermite-5", lambda x: sp.eval_hermite(5, x), lambda x: 10 * sp.eval_hermite(4, x)),
    elementwise(
        "hermitenorm-5", lambda x: sp.eval_hermitenorm(5, x), lambda x: 5 * sp.eval_hermitenorm(4, x)
    ),
    elementwise("laguerre-3", lambda x: sp.eval_laguerre(3, x), lambda x: -sp.eval_genlaguerre(2, 1, x)),
    elementwise(
        "gegenbauer-3", lambda x: sp.eval_gegenbauer(3, 0.7, x), lambda x: 1.4 * sp.eval_gegenbauer(2, 1.7, x)
    ),
    elementwise(
        "jacobi-3", lambda x: sp.eval_jacobi(3, 0.5, 1.5, x), lambda x: 3 * sp.eval_jacobi(2, 1.5, 2.5, x)
    ),
    elementwise("chdtr", lambda x: sp.chdtr(4, x), lambda x: 0.25 * x * np.exp(-x / 2), 0),
    elementwise("chdtrc", lambda x: sp.chdtrc(4, x), lambda x: -0.25 * x * np.exp(-x / 2), 0),
    elementwise("gdtr", lambda x: sp.gdtr(2.0, 3.0, x), lambda x: 4 * x**2 * np.exp(-2 * x), 0),
    elementwise("pdtr-rate", lambda m: sp.pdtr(3, m), lambda m: -(m**3) * np.exp(-m) / 6, 0),
    elementwise("stdtr-1", lambda t: sp.stdtr(1, t), lambda t: 1 / (np.pi * (1 + t * t))),
    elementwise(
        "btdtr", lambda x: sp.betainc(0.5, 0.5, x), lambda x: 1 / (np.pi * np.sqrt(x * (1 - x))), 0, 1
    ),
    elementwise("owens_t", lambda h: sp.owens_t(h, 0.8), lambda h: -_owens_slope(h), -30, 30),
    elementwise("voigt", lambda x: sp.voigt_profile(x, 0.8, 0.5), lambda x: _voigt_slope(x), -30, 30),
    elementwise("softplus-scipy", lambda x: sp.xlog1py(1.0, np.exp(-np.abs(x))) + np.maximum(x, 0), sp.expit),
    elementwise("log1p-of-square", lambda x: sp.xlog1py(2.0, x * x), lambda x: 4 * x / (1 + x * x)),
    elementwise("zeta-hurwitz", lambda q: sp.zeta(2.5, q), lambda q: -2.5 * sp.zeta(3.5, q), 0.01),
    elementwise("poch-2", lambda x: sp.poch(x, 2), lambda x: 2 * x + 1, 0, 100),
    elementwise("log-binom", lambda x: sp.betaln(x, 3.0), lambda x: sp.digamma(x) - sp.digamma(x + 3), 0),
    elementwise("kelvin-ber", sp.ber, sp.berp, -20, 20),
    elementwise("kelvin-bei", sp.bei, sp.beip, -20, 20),
    elementwise("itj0", lambda x: sp.itj0y0(x)[0], sp.j0, 0, 15),
    binary("beta", sp.beta, lambda a, b: _beta_slopes(a, b), first=(0.5, 3.0), second=(0.5, 3.0)),
    binary(
        "betaln",
        sp.betaln,
        lambda a, b: (sp.digamma(a) - sp.digamma(a + b), sp.digamma(b) - sp.digamma(a + b)),
        first=(0.5, 3.0),
        second=(0.5, 3.0),
        special=((1.0, 50.0, 1e-8, 700.0), (1.0, 50.0, 1.0, 1e-8)),
    ),
    binary(
        "xlogy",
        sp.xlogy,
        lambda x, y: (np.log(y), x / y),
        second=(0.3, 3.0),
        special=((0.0, -1.0), (1.0, 50.0)),
    ),
    binary("xlog1py", sp.xlog1py, lambda x, y: (np.log1p(y), x / (1 + y)), second=(-0.5, 3.0)),
    binary(
        "rel_entr", sp.rel_entr, lambda p, q: (np.log(p / q) + 1, -p / q), first=(0.2, 2), second=(0.2, 2)
    ),
    binary(
        "kl_div",
        sp.kl_div,
        lambda p, q: (np.log(p / q), 1 - p / q),
        first=(0.2, 2),
        second=(0.2, 2),
        special=((1.0, 50.0, 1e-8), (1.0, 50.0, 1.0)),
    ),
    binary("agm", sp.agm, lambda a, b: _agm_slopes(a, b), first=(1.0, 2.0), second=(0.2, 0.9)),
)


def _exprel_slope(x):
    x = np.asarray(x, float)
    safe = np.where(np.abs(x) < 0.5, 1.0, x)
    terms = [k / float(sp.factorial(k + 1)) for k in range(1, 18)]
    series = sum(c * x**k for k, c in enumerate(terms))
    return np.where(np.abs(x) < 0.5, series, (safe * np.exp(safe) - np.expm1(safe)) / safe**2)


def _lambert_slope(x):
    w = sp.lambertw(x).real
    return np.exp(-w) / (1 + w)


def _owens_slope(h):
    """Owen 1956: dT/dh = density(h) (ndtr(a h) - 1/2)."""
    return _density(h) * (sp.ndtr(0.8 * h) - 0.5)


def _voigt_slope(x, sigma=0.8, gamma=0.5):
    """Through the Faddeeva function: w' = -2 z w + 2 i / sqrt(pi)."""
    z = (x + 1j * gamma) / (sigma * np.sqrt(2))
    slope = -2 * z * sp.wofz(z) + 2j / SQRT_PI
    return slope.real / (2 * sigma**2 * SQRT_PI)


def _beta_slopes(a, b):
    total = sp.digamma(a + b)
    return sp.beta(a, b) * (sp.digamma(a) - total), sp.beta(a, b) * (sp.digamma(b) - total)


def _agm_slopes(a, b):
    """From agm = pi (a + b) / (4 K(m)), m = ((a - b) / (a + b))^2."""
    s, d = a + b, a - b
    m = (d / s) ** 2
    k, dk = sp.ellipk(m), (sp.ellipe(m) / (1 - m) - sp.ellipk(m)) / (2 * m)
    dm_ds, dm_dd = -2 * m / s, 2 * d / s**2
    by_s = np.pi / 4 * (1 / k - s * dk / k**2 * dm_ds)
    by_d = -np.pi / 4 * s * dk / k**2 * dm_dd
    return by_s + by_d, by_s - by_d
