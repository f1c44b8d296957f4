"""Correct gradients of recurrences, alignments and unrolled iterations: long chains, in float64 and in float32."""

import numpy as np

from tests.corpus._case import Case, Problem, control
from tests.corpus._formulas import _sig, _softmax

F4 = np.float32


def _logsumexp(z, axis):
    m = z.max(axis, keepdims=True)
    return np.squeeze(m, axis) + np.log(np.exp(z - m).sum(axis))


def _rnn(i):
    x, h, w, u, b = i
    states = [h]
    for row in x:
        states.append(np.tanh(w @ row + u @ states[-1] + b))
    return states


def _rnn_vjp(i, ct):
    x, _, w, u, b = i
    states = _rnn(i)
    dx, dw, du, db = (np.zeros_like(a) for a in (x, w, u, b))
    dh = ct
    for t in reversed(range(len(x))):
        dz = dh * (1 - states[t + 1] ** 2)
        dx[t], dh = w.T @ dz, u.T @ dz
        dw, du, db = dw + np.outer(dz, x[t]), du + np.outer(dz, states[t]), db + dz
    return dx, dh, dw, du, db


def _recurrent(rng, steps, size, scale, dtype=float, inward=1.0):
    shapes = (steps, 3), (size,), (size, 3), (size, size), (size,)
    x, h, w, u, b = (rng.standard_normal(s).astype(dtype) for s in shapes)
    w, u = (inward * w).astype(dtype), (scale * u / np.sqrt(size)).astype(dtype)
    return Problem(f=lambda i: _rnn(i)[-1], vjp_good=_rnn_vjp, inputs=(x, h, w, u, b))


@control("recurrent_network_of_50_steps", "vanishing gradient", "tanh network, 50 steps, the state forgotten")
def recurrent_network_of_50_steps(rng):
    return _recurrent(rng, 50, 4, 0.6)


@control("recurrent_network_in_float32", "float32 input", "the same, 20 steps, all of it float32")
def recurrent_network_in_float32(rng):
    return _recurrent(rng, 20, 6, 1.2, F4, inward=0.2)


@control("recurrent_network_float32_inside", "float32 inside", "8 tanh steps in float32 from float64 inputs")
def recurrent_network_float32_inside(rng):
    plain = _recurrent(rng, 8, 4, 1.2, inward=0.2)

    def forward(i):
        return _rnn(tuple(a.astype(F4) for a in i))[-1].astype(float)

    return Problem(f=forward, vjp_good=plain.vjp_good, inputs=plain.inputs, ideal=plain.f)


@control(
    "linear_recurrence_exploding", "exploding gradient", "h = U h + x, 50 times, spectral radius above 2"
)
def linear_recurrence_exploding(rng):
    def states(i):
        all_ = [i[1]]
        for row in i[0]:
            all_.append(i[2] @ all_[-1] + row)
        return all_

    def good(i, ct):
        x, _, u = i
        hs = states(i)
        dx, du = np.zeros_like(x), np.zeros_like(u)
        for t in reversed(range(len(x))):
            dx[t] = ct
            du, ct = du + np.outer(ct, hs[t]), u.T @ ct
        return dx, ct, du

    inputs = (rng.standard_normal((50, 4)), rng.standard_normal(4), 1.5 * rng.standard_normal((4, 4)))
    return Problem(f=lambda i: states(i)[-1], vjp_good=good, inputs=inputs)


def _lstm(i):
    x, h, c, w, u, b = i
    kept = []
    for row in x:
        a, f, g, o = np.split(w @ row + u @ h + b, 4)
        a, f, g, o = _sig(a), _sig(f), np.tanh(g), _sig(o)
        new = f * c + a * g
        kept.append((row, h, c, a, f, g, o, np.tanh(new)))
        c, h = new, o * np.tanh(new)
    return h, kept


def _lstm_vjp(i, ct):
    _, _, _, w, u, _ = i
    dw, du, db, dx = np.zeros_like(w), np.zeros_like(u), np.zeros(len(w), w.dtype), []
    dh, dc = ct, np.zeros_like(ct)
    for row, h, c, a, f, g, o, th in reversed(_lstm(i)[1]):
        dc = dc + dh * o * (1 - th * th)
        gates = dc * g * a * (1 - a), dc * c * f * (1 - f), dc * a * (1 - g * g), dh * th * o * (1 - o)
        dz = np.concatenate(gates)
        dw, du, db = dw + np.outer(dz, row), du + np.outer(dz, h), db + dz
        dx.append(w.T @ dz)
        dh, dc = u.T @ dz, dc * f
    return np.array(dx[::-1]), dh, dc, dw, du, db


def _long_memory(rng, steps, dtype=float, remembers=4.0):
    shapes = (steps, 3), (3,), (3,), (12, 3), (12, 3), (12,)
    x, h, c, w, u, b = (0.7 * rng.standard_normal(s) for s in shapes)
    b[3:6] += remembers
    inputs = tuple(a.astype(dtype) for a in (x, h, c, w, u, b))
    return Problem(f=lambda i: _lstm(i)[0], vjp_good=_lstm_vjp, inputs=inputs)


@control("long_short_term_memory_of_25_steps", "long chain", "LSTM of 25 steps with an open forget gate")
def long_short_term_memory_of_25_steps(rng):
    return _long_memory(rng, 25)


@control("long_short_term_memory_in_float32", "float32 input", "LSTM of 20 steps, all of it float32")
def long_short_term_memory_in_float32(rng):
    return _long_memory(rng, 20, F4)


@control(
    "gated_unit_of_mixed_precision",
    "mixed dtypes",
    "GRU of 20 steps: float32 weights, float64 inputs and state",
)
def gated_unit_of_mixed_precision(rng):
    def run(i):
        x, h, w, u, b = i
        n, kept = len(h), []
        for row in x:
            a, v = w @ row + b, u @ h
            r, z = _sig(a[:n] + v[:n]), _sig(a[n : 2 * n] + v[n : 2 * n])
            q = np.tanh(a[2 * n :] + r * v[2 * n :])
            kept.append((row, h, r, z, q, v[2 * n :]))
            h = (1 - z) * q + z * h
        return h, kept

    def good(i, ct):
        _, _, w, u, b = i
        dx, dw, du, db, dh = [], 0 * w.astype(float), 0 * u.astype(float), 0 * b.astype(float), ct
        for row, h, r, z, q, v in reversed(run(i)[1]):
            dq = dh * (1 - z) * (1 - q * q)
            dz, dr = dh * (h - q) * z * (1 - z), dq * v * r * (1 - r)
            da, dv = np.concatenate([dr, dz, dq]), np.concatenate([dr, dz, dq * r])
            dw, du, db = dw + np.outer(da, row), du + np.outer(dv, h), db + da
            dx.append(w.T @ da)
            dh = dh * z + u.T @ dv
        return np.array(dx[::-1]), dh, dw.astype(F4), du.astype(F4), db.astype(F4)

    shapes = (20, 3), (4,), (12, 3), (12, 4), (12,)
    x, h, w, u, b = (0.7 * rng.standard_normal(s) for s in shapes)
    return Problem(
        f=lambda i: run(i)[0], vjp_good=good, inputs=(x, h, w.astype(F4), u.astype(F4), b.astype(F4))
    )


def _forward_scores(emit, move):
    """Log of the summed weight of all paths that end in each state, after each step."""
    scores = [emit[0]]
    for row in emit[1:]:
        scores.append(row + _logsumexp(scores[-1][:, None] + move, 0))
    return scores


def _path_vjp(i, ct):
    emit, move = i
    scores = _forward_scores(emit, move)
    de, dm = np.zeros_like(emit), np.zeros_like(move)
    d = ct * _softmax(scores[-1])
    for t in reversed(range(1, len(emit))):
        de[t] = d
        share = _softmax(scores[t - 1][:, None] + move, 0) * d
        dm, d = dm + share, share.sum(1)
    de[0] = d
    return de, dm


def _chain(emit, move):
    return Problem(
        f=lambda i: np.asarray(_logsumexp(_forward_scores(*i)[-1], 0)),
        vjp_good=_path_vjp,
        inputs=(emit, move),
    )


@control("chain_field_of_60_steps", "log of many paths", "log partition of a linear chain with 4 states")
def chain_field_of_60_steps(rng):
    return _chain(rng.standard_normal((60, 4)), rng.standard_normal((4, 4)))


@control("chain_field_in_float32", "float32 input", "the same with large scores, all of it float32")
def chain_field_in_float32(rng):
    return _chain((rng.standard_normal((40, 4)) + 5).astype(F4), rng.standard_normal((4, 4)).astype(F4))


@control("chain_field_decided", "saturation", "emissions 30 apart: one path has nearly all the weight")
def chain_field_decided(rng):
    return _chain(30 * rng.standard_normal((20, 3)), rng.standard_normal((3, 3)))


@control(
    "hidden_chain_scaled_forward",
    "products over time",
    "likelihood of 40 observations by the scaled recursion",
)
def hidden_chain_scaled_forward(rng):
    seen = rng.integers(0, 3, 40)

    def run(i):
        a, b = _softmax(i[0]), _softmax(i[1])
        p, kept, value = np.full(3, 1 / 3) * b[:, seen[0]], [], 0.0
        for o in seen[1:]:
            kept.append((p, p.sum()))
            value += np.log(p.sum())
            p = (p / p.sum()) @ a * b[:, o]
        return np.asarray(value + np.log(p.sum())), (a, b, p, kept)

    def good(i, ct):
        a, b, p, kept = run(i)[1]
        da, db = np.zeros_like(a), np.zeros_like(b)
        dp = np.full(3, ct / p.sum())
        for o, (q, s) in zip(seen[:0:-1], reversed(kept), strict=True):
            share = q / s
            db[:, o] += dp * (share @ a)
            d = dp * b[:, o]
            da += np.outer(share, d)
            back = a @ d
            dp = (back - share @ back) / s + ct / s
        db[:, seen[0]] += dp / 3
        return tuple(g * (d - (d * g).sum(1, keepdims=True)) for g, d in ((a, da), (b, db)))

    return Problem(
        f=lambda i: run(i)[0],
        vjp_good=good,
        inputs=(rng.standard_normal((3, 3)), rng.standard_normal((3, 3))),
    )


@control(
    "connectionist_loss_by_forward_backward", "log of many paths", "CTC of 12 frames, label with a repetition"
)
def connectionist_loss_by_forward_backward(rng):
    label = np.array([0, 1, 0, 2, 0, 2, 0])
    jump = np.array([k > 1 and label[k] != 0 and label[k] != label[k - 2] for k in range(7)])
    far = -1e30

    def sweep(logp):
        scores = [np.where(np.arange(7) < 2, logp[0, label], far)]
        for row in logp[1:]:
            s = scores[-1]
            two = np.where(jump, np.r_[far, far, s[:-2]], far)
            scores.append(row[label] + _logsumexp(np.stack([s, np.r_[far, s[:-1]], two]), 0))
        return np.array(scores)

    def loss(logits):
        logp = logits - _logsumexp(logits, 1)[:, None]
        return -_logsumexp(sweep(logp)[-1, -2:], 0), logp

    def good(i, ct):
        value, logp = loss(i[0])
        ahead = sweep(logp)
        behind = sweep_back(logp)
        share = np.exp(ahead + behind - logp[:, label] + value)
        d = np.zeros_like(logp)
        for k, name in enumerate(label):
            d[:, name] += share[:, k]
        return (ct * (np.exp(logp) * d.sum(1, keepdims=True) - d),)

    def sweep_back(logp):
        scores = [np.where(np.arange(7) > 4, logp[-1, label], far)]
        for row in logp[-2::-1]:
            s = scores[-1]
            two = np.r_[np.where(jump[2:], s[2:], far), far, far]
            scores.append(row[label] + _logsumexp(np.stack([s, np.r_[s[1:], far], two]), 0))
        return np.array(scores[::-1])

    return Problem(
        f=lambda i: np.asarray(loss(i[0])[0]), vjp_good=good, inputs=(2 * rng.standard_normal((12, 4)),)
    )


@control("transport_of_30_unrolled_sweeps", "unrolled iteration", "Sinkhorn in logs, not converged, as run")
def transport_of_30_unrolled_sweeps(rng):
    eps = 0.05

    def run(c):
        k, u, v, kept = -c / eps, np.zeros(4), np.zeros(4), []
        for _ in range(30):
            u = -_logsumexp(k + v, 1)
            before, v = v, -_logsumexp(k.T + u, 1)
            kept.append((before, u))
        return k, u, v, kept

    def good(i, ct):
        k, u, v, kept = run(i[0])
        plan = np.exp(k + u[:, None] + v)
        flow = ct * plan * i[0]
        dk, du, dv = flow.copy(), flow.sum(1), flow.sum(0)
        for before, now in reversed(kept):
            share = _softmax(k.T + now, 1) * dv[:, None]
            dk, du = dk - share.T, du - share.sum(0)
            share = _softmax(k + before, 1) * du[:, None]
            dk, dv, du = dk - share, -share.sum(0), np.zeros(4)
        return (ct * plan - dk / eps,)

    def value(i):
        k, u, v, _ = run(i[0])
        return np.asarray((np.exp(k + u[:, None] + v) * i[0]).sum())

    return Problem(f=value, vjp_good=good, inputs=(rng.random((4, 4)),))


CASES = tuple(value for value in dict(vars()).values() if isinstance(value, Case))
