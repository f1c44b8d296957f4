"""Missing and extra factors, and wrong signs."""

import numpy as np

from tests.corpus._case import Case, Problem, bug
from tests.corpus._formulas import _bn, _bn_vjp, _conv2d, _conv2d_vjp, _lgamma, _psi, _sig, _svm

svm_l2_factor2_reg5e_6 = bug(
    "svm_l2_factor2_reg5e-6",
    "jingtinghuang/CS231n-Spring-2017#3 with the notebook's reg=5e-6 (cs231n.github.io#253)",
    "hinge loss + L2",
    "missing factor (tiny term)",
    "same missing factor 2 at the assignment's own reg=5e-6",
    fidelity="issue",
    mag="1e-5",
)(_svm(5e-6))


@bug(
    "mlp_multi_output_mse",
    "scikit-learn/scikit-learn#8349",
    "MLPRegressor squared loss, lbfgs",
    "missing 1/n_outputs",
    "loss averages over outputs, delta=(p-y)/n does not: gradient is n_outputs times too large",
    fidelity="issue",
)
def mlp_multi_output_mse(rng):
    X, Y = rng.standard_normal((16, 6)), rng.standard_normal((16, 3))

    def fw(p):
        h = np.tanh(X @ p[0] + p[1])
        return h, h @ p[2] + p[3]

    def f(p):
        return np.asarray(0.5 * np.mean((fw(p)[1] - Y) ** 2))

    def vjp(div):
        def go(p, ct):
            h, P = fw(p)
            d = ct * (P - Y) / (16 * div)
            d1 = d @ p[2].T * (1 - h * h)
            return X.T @ d1, d1.sum(0), h.T @ d, d.sum(0)

        return go

    n = rng.standard_normal
    return Problem(f=f, vjp_good=vjp(3), vjp_bad=vjp(1), inputs=(n((6, 4)), n(4), n((4, 3)), n(3)))


@bug(
    "coursera_dW2_x2_db1_4m",
    "bighuang624/Andrew-Ng-Deep-Learning-notes#10",
    "3-layer ReLU net, sigmoid CE",
    "extra factor",
    "planted-and-kept: dW2 doubled, db1 uses 4/m instead of 1/m",
    fidelity="issue",
)
def coursera_dW2_x2_db1_4m(rng):
    X, Y, m = rng.standard_normal((4, 3)), np.array([[1.0, 1.0, 0.0]]), 3

    def fw(p):
        W1, b1, W2, b2, W3, b3 = p
        A1 = np.maximum(0, W1 @ X + b1)
        A2 = np.maximum(0, W2 @ A1 + b2)
        return A1, A2, W3 @ A2 + b3

    def f(p):
        z = fw(p)[2]
        return np.asarray(np.sum(Y * np.logaddexp(0, -z) + (1 - Y) * np.logaddexp(0, z)) / m)

    def vjp(k2, k1):
        def go(p, ct):
            A1, A2, z = fw(p)
            d3 = ct * (_sig(z) - Y)
            d2 = (p[4].T @ d3) * (A2 > 0)
            d1 = (p[2].T @ d2) * (A1 > 0)
            return (
                d1 @ X.T / m,
                k1 * d1.sum(1, keepdims=True) / m,
                k2 * d2 @ A1.T / m,
                d2.sum(1, keepdims=True) / m,
                d3 @ A2.T / m,
                d3.sum(1, keepdims=True) / m,
            )

        return go

    n = rng.standard_normal
    return Problem(
        f=f,
        vjp_good=vjp(1, 1),
        vjp_bad=vjp(2, 4),
        inputs=(n((5, 4)), n((5, 1)), n((3, 5)), n((3, 1)) + 1, n((1, 3)), n((1, 1))),
    )


@bug(
    "conv_weight_extra_1_over_BHW",
    "sebgao/cTensor#3",
    "conv2d",
    "extra 1/m",
    "weight gradient divided by B*H*W of the output",
    fidelity="issue",
)
def conv_weight_extra_1_over_BHW(rng):
    def good(i, ct):
        return _conv2d_vjp(i[0], i[1], ct)

    def bad(i, ct):
        gx, gw = _conv2d_vjp(i[0], i[1], ct)
        return gx, gw / (ct.shape[0] * ct.shape[2] * ct.shape[3])

    return Problem(
        f=lambda i: _conv2d(i[0], i[1]),
        vjp_good=good,
        vjp_bad=bad,
        inputs=(rng.standard_normal((2, 3, 5, 5)), rng.standard_normal((4, 3, 3, 3))),
    )


@bug(
    "gp_offset_missing_lengthscale",
    "SheffieldML/GPy@ebe4a496",
    "GP offset regression, RBF",
    "missing factor (chain rule)",
    "d(x_i-x_j)/d offset used where dr/d offset = .../lengthscale was needed; invisible at lengthscale=1",
    generic=False,
)
def gp_offset_missing_lengthscale(rng):
    X, Z = rng.standard_normal(5), rng.standard_normal(4)

    def vjp(fix):
        def go(i, ct):
            o, ell = i
            d = X[:, None] + o - Z
            K = np.exp(-0.5 * (d / ell) ** 2)
            r = d / ell
            go_ = np.sum(ct * K * -r / (ell if fix else 1.0))
            return np.asarray(go_), np.asarray(np.sum(ct * K * r * r / ell))

        return go

    return Problem(
        f=lambda i: np.exp(-0.5 * ((X[:, None] + i[0] - Z) / i[1]) ** 2),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(np.asarray(0.3), np.asarray(1.0)),
        special_inputs=(np.asarray(0.3), np.asarray(0.4)),
    )


@bug(
    "negbin_log_alpha_missing_alpha",
    "statsmodels/statsmodels@ae31b763f",
    "NegativeBinomial score (transparams)",
    "missing factor (chain rule)",
    "parameter is log(alpha) but score lacks d alpha/d log alpha = alpha",
)
def negbin_log_alpha_missing_alpha(rng):
    X, y = rng.standard_normal((12, 2)) * 0.5, rng.poisson(2.0, 12).astype(float)

    def ll(i):
        mu, s = np.exp(X @ i[0]), np.exp(-i[1])
        return np.sum(
            _lgamma(y + s)
            - _lgamma(s)
            - _lgamma(y + 1)
            + s * np.log(s / (s + mu))
            + y * np.log(mu / (s + mu))
        )

    def vjp(fix):
        def go(i, ct):
            mu, s = np.exp(X @ i[0]), np.exp(-i[1])
            gb = X.T @ (y - mu * (y + s) / (s + mu))
            ds = np.sum(_psi(y + s) - _psi(s) + np.log(s / (s + mu)) + 1 - s / (s + mu) - y / (s + mu))
            return ct * gb, np.asarray(ct * ds * (-s if fix else -s * s))

        return go

    return Problem(
        f=lambda i: np.asarray(ll(i)),
        vjp_good=vjp(1),
        vjp_bad=vjp(0),
        inputs=(rng.standard_normal(2), np.asarray(-0.7)),
    )


@bug(
    "mvn_cov_sign",
    "HIPS/autograd#401, #412 (fec14ad)",
    "multivariate normal logpdf w.r.t. covariance",
    "sign",
    "gradient w.r.t. cov negated",
)
def mvn_cov_sign(rng):
    d, B = rng.standard_normal(3), rng.standard_normal((3, 3))

    def f(i):
        return np.asarray(-0.5 * d @ np.linalg.solve(i[0], d) - 0.5 * np.linalg.slogdet(i[0])[1])

    def vjp(sgn):
        def go(i, ct):
            P = np.linalg.inv(i[0])
            return (sgn * ct * (0.5 * np.outer(P.T @ d, P @ d) - 0.5 * P.T),)

        return go

    return Problem(f=f, vjp_good=vjp(1), vjp_bad=vjp(-1), inputs=(B @ B.T + 2 * np.eye(3),))


@bug(
    "sub_second_input_sign",
    "neoml-lib/neoml#453",
    "elementwise subtraction layer",
    "sign",
    "gradient of the subtrahend not negated",
    fidelity="issue",
)
def sub_second_input_sign(rng):
    return Problem(
        f=lambda i: i[0] - i[1],
        vjp_good=lambda i, ct: (ct, -ct),
        vjp_bad=lambda i, ct: (ct, ct.copy()),
        inputs=(rng.standard_normal((2, 3)), rng.standard_normal((2, 3))),
    )


@bug(
    "bernoulli_logit_tail_sign",
    "stan-dev/math#3370, #3397",
    "bernoulli_logit_lpmf, n=1, theta>20",
    "sign (only beyond a cutoff)",
    "upper-tail branch returns -exp(-theta), truth +exp(-theta): |error| <= 2e-9",
    generic=False,
    fidelity="issue",
    mag="absolute",
)
def bernoulli_logit_tail_sign(rng):
    def f(i):
        t = i[0]
        return np.where(t > 20, -np.exp(-np.abs(t)), -np.logaddexp(0, -t))

    def vjp(sgn):
        def go(i, ct):
            t = i[0]
            e = np.exp(-np.abs(t))
            return (ct * np.where(t > 20, sgn * e, _sig(-t)),)

        return go

    return Problem(
        f=f,
        vjp_good=vjp(1),
        vjp_bad=vjp(-1),
        inputs=(2 * rng.standard_normal(5),),
        special_inputs=(np.array([21.0, 23.0, 25.0]),),
    )


@bug(
    "batchnorm_gamma_dropped",
    "denizyuret/Knet.jl#288",
    "BatchNorm dx",
    "missing factor (only gamma != 1)",
    "dy/std computed before dy is multiplied by gamma",
    generic=False,
    fidelity="issue",
)
def batchnorm_gamma_dropped(rng):
    x = rng.standard_normal((6, 3))
    return Problem(
        f=lambda i: _bn(*i)[0] * i[1] + i[2],
        vjp_good=lambda i, ct: _bn_vjp(i, ct),
        vjp_bad=lambda i, ct: _bn_vjp(i, ct, False),
        inputs=(x, np.ones(3), np.zeros(3)),
        special_inputs=(x, rng.uniform(0.5, 2, 3), rng.standard_normal(3)),
    )


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
