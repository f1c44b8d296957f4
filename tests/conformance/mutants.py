"""At least two wrong-on-purpose subjects for every check: what it must catch."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.conformance import Activation, Layer, Loss, Network, Subject, Tags
from tests.conformance.small_library import (
    DENSE_PARAMS,
    centre_backward,
    centre_forward,
    dense_backward,
    dense_forward,
    network,
    relu_backward,
    relu_forward,
    squared_backward,
    squared_forward,
    sum_backward,
    sum_forward,
    tanh_backward,
    tanh_forward,
)

Array = Any


def tanh(
    forward: Callable[..., Any] = tanh_forward, backward: Callable[..., Any] = tanh_backward, **more: Any
) -> Subject:
    return Activation("tanh", forward, backward, **more)


def relu(forward: Callable[..., Any] = relu_forward, backward: Callable[..., Any] = relu_backward) -> Subject:
    return Activation("relu", forward, backward, tags=Tags(kinks=True))


def dense(
    forward: Callable[..., Any] = dense_forward, backward: Callable[..., Any] = dense_backward
) -> Subject:
    return Layer("dense", forward, backward, DENSE_PARAMS, shape=(4,))


def squared(
    forward: Callable[..., Any] = squared_forward, backward: Callable[..., Any] = squared_backward
) -> Subject:
    return Loss("squared", forward, backward)


def summed(forward: Callable[..., Any] = sum_forward, backward: Callable[..., Any] = sum_backward) -> Subject:
    return Loss("sum of squares", forward, backward, tags=Tags(reduction="sum"))


def centre(
    forward: Callable[..., Any] = centre_forward, backward: Callable[..., Any] = centre_backward
) -> Subject:
    tags = Tags(modes=("train", "eval"), batch_independent=False)
    return Layer("centre", forward, backward, {"gain": (4,)}, shape=(4,), tags=tags)


def changed(change: Callable[[Array, Array], tuple[Array, Array]]) -> Callable[..., Any]:
    """dense_backward with `change` made to (dW, db)."""

    def backward(cotangent: Array, cache: Any) -> Any:
        gradients, dx = dense_backward(cotangent, cache)
        dW, db = change(gradients["W"], gradients["b"])
        return {"W": dW, "b": db}, dx

    return backward


def in_place_forward(z: Array) -> Any:
    z *= 2
    return np.tanh(z / 2), np.tanh(z / 2)


def dense_in_place(cotangent: Array, cache: Any) -> Any:
    params, _x = cache
    out = dense_backward(cotangent, cache)
    params["W"] -= 0.1 * out[0]["W"]
    return out


def relu_masks_cotangent(cotangent: Array, z: Array) -> Array:
    cotangent[z < 0] = 0
    return cotangent.copy()


def tanh_scales_cotangent(cotangent: Array, a: Array) -> Array:
    cotangent *= 1 - a * a
    return cotangent * 1


class Counting:
    """State that a call leaves behind: each call scales by a little more."""

    def __init__(self, where: str) -> None:
        self.where, self.calls = where, 0

    def forward(self, z: Array) -> Any:
        self.calls += self.where == "forward"
        return np.tanh(z) * (1 + 0.1 * self.calls), np.tanh(z)

    def backward(self, cotangent: Array, a: Array) -> Array:
        self.calls += self.where == "backward"
        return tanh_backward(cotangent, a) * (1 + 0.1 * self.calls)


def consuming_backward(cotangent: Array, a: Array) -> Array:
    gradient = cotangent * (1 - a * a)
    a[...] = 0
    return gradient


def dense_consuming(cotangent: Array, cache: Any) -> Any:
    params, x = cache
    out = dense_backward(cotangent, (params, x))
    x *= 0.5
    return out


class Buffered:
    """Returns the same array every time."""

    def __init__(self, accumulate: bool) -> None:
        self.accumulate, self.buffer = accumulate, None

    def backward(self, cotangent: Array, a: Array) -> Array:
        gradient = tanh_backward(cotangent, a)
        if self.buffer is None or self.buffer.shape != gradient.shape:
            self.buffer = gradient
        else:
            self.buffer[...] = self.buffer + gradient if self.accumulate else gradient
        return self.buffer


class Stateful:
    """A layer that keeps its last input in itself instead of the cache."""

    def __init__(self) -> None:
        self.a: Array = None
        self.params: Any = None
        self.x: Array = None

    def tanh_forward(self, z: Array) -> Any:
        self.a = np.tanh(z)
        return self.a.copy(), None

    def tanh_backward(self, cotangent: Array, cache: None) -> Array:
        return tanh_backward(cotangent, self.a)

    def dense_forward(self, params: Any, x: Array) -> Any:
        self.params, self.x = params, x
        return dense_forward(params, x)[0], None

    def dense_backward(self, cotangent: Array, cache: None) -> Any:
        return dense_backward(cotangent, (self.params, self.x))


def rows_share(cotangent: Array, cache: Any) -> Any:
    _params, x = cache
    shared = np.zeros(x.shape[1] * 3 + 3)
    gradients, dx = dense_backward(cotangent, cache)
    shared[: gradients["W"].size] = gradients["W"].ravel()
    shared[gradients["W"].size - 3 : gradients["W"].size] = gradients["b"]
    return {"W": shared[: gradients["W"].size].reshape(gradients["W"].shape), "b": shared[9:12]}, dx


def mixing_forward(z: Array) -> Any:
    return np.tanh(z - 0.1 * z.mean(0)), z


def mixing_backward(cotangent: Array, z: Array) -> Array:
    d = cotangent * (1 - np.tanh(z - 0.1 * z.mean(0)) ** 2)
    return d - 0.1 * d.mean(0)


def positional_forward(z: Array) -> Any:
    scale = 1 + np.arange(len(z)).reshape(-1, *[1] * (z.ndim - 1)) if z.ndim else 1
    return z * scale, scale


def positional_backward(cotangent: Array, scale: Array) -> Array:
    return cotangent * scale


def first_matters_forward(prediction: Array, target: Array) -> Any:
    difference = prediction - target
    return 0.5 * np.sum(difference[0] ** 2), difference


def first_matters_backward(cotangent: Array, difference: Array) -> Array:
    gradient = np.zeros_like(difference)
    gradient[0] = cotangent * difference[0]
    return gradient


def squeezing(forward: Callable[..., Any]) -> Callable[..., Any]:
    def squeezed(*inputs: Any) -> Any:
        out, cache = forward(*inputs)
        return np.squeeze(out), cache

    return squeezed


def squeezed_back(backward: Callable[..., Any]) -> Callable[..., Any]:
    return lambda cotangent, cache: np.squeeze(backward(cotangent, cache))


def averaging(cotangent: Array, cache: Any) -> Any:
    """A mean over the batch where a sum belongs."""
    gradients, dx = dense_backward(cotangent, cache)
    return {name: gradient / len(cotangent) for name, gradient in gradients.items()}, dx


def pointer_backward(cotangent: Array, z: Array) -> Array:
    """Reads the cotangent as contiguous memory, as C code that is handed a pointer does."""
    strides = np.empty(cotangent.shape, cotangent.dtype).strides
    return np.lib.stride_tricks.as_strided(cotangent, cotangent.shape, strides) * (z >= 0)


def order_k_backward(cotangent: Array, z: Array) -> Array:
    return (np.ravel(cotangent, order="K") * np.ravel(z >= 0)).reshape(z.shape)


def raw_memory_forward(z: Array) -> Any:
    """Reads the array as contiguous memory, as C code handed a pointer would."""
    base = z if z.base is None or z.flags.c_contiguous else z.base
    flat = np.ravel(base, order="K")[: z.size]
    return np.tanh(flat).reshape(z.shape), np.tanh(flat).reshape(z.shape)


def order_k_forward(z: Array) -> Any:
    return np.tanh(np.ravel(z, order="K")).reshape(z.shape), np.tanh(z)


def upcasting_forward(z: Array) -> Any:
    return np.tanh(z), np.tanh(z).astype(np.float64)


def zeros_backward(cotangent: Array, z: Array) -> Array:
    gradient = np.zeros(z.shape)
    gradient[z >= 0] = cotangent[z >= 0]
    return gradient


def single_forward(z: Array) -> Any:
    a = np.tanh(z.astype(np.float32))
    return a, a


def single_inside(cotangent: Array, a: Array) -> Array:
    return (cotangent.astype(np.float32) * (1 - a.astype(np.float32) ** 2)).astype(cotangent.dtype)


def column_backward(cotangent: Array, a: Array) -> Array:
    return cotangent * (1 - a * a).mean(-1, keepdims=True) if a.ndim > 2 else cotangent * (1 - a * a)


def transposing_backward(cotangent: Array, a: Array) -> Array:
    slope = 1 - a * a
    return cotangent * (slope.T.reshape(a.shape) if a.ndim > 2 else slope)


def at_least_2d_forward(z: Array) -> Any:
    a = np.tanh(np.atleast_2d(z))
    return (a if z.ndim != 1 else a[0]), np.tanh(z)


def forgets_eval(cotangent: Array, cache: Any) -> Any:
    params, centred, _ = cache
    return centre_backward(cotangent, (params, centred, "train"))


def forgets_train(cotangent: Array, cache: Any) -> Any:
    params, centred, _ = cache
    return centre_backward(cotangent, (params, centred, "eval"))


def unchecked(cotangent: Array, cache: Any) -> Any:
    params, x = cache
    kept = cotangent[: len(x), : params["W"].shape[1]]
    return dense_backward(kept, cache)


def summing_cotangent(cotangent: Array, cache: Any) -> Any:
    params, x = cache
    dx = cotangent @ params["W"].T
    return {"W": x.T @ cotangent[: len(x)], "b": cotangent.sum(0)}, dx[: len(x)]


def nets(change: Callable[[Any, Any], Any]) -> Subject:
    """The clean network with its (cost, gradients) changed."""

    def wrong(params: Any, X: Array, Y: Array, hidden: str) -> Any:
        return change(*network(params, X, Y, hidden))

    return Network("network", wrong, hidden=("tanh", "identity"))


def scaled(layer: str, key: str, factor: float) -> Callable[[Any, Any], Any]:
    def change(cost: Any, gradients: Any) -> Any:
        gradients[layer][key] = gradients[layer][key] * factor
        return cost, gradients

    return change


def always_tanh(params: Any, X: Array, Y: Array, hidden: str) -> Any:
    return network(params, X, Y, "tanh")


def no_hidden_bias(params: Any, X: Array, Y: Array, hidden: str) -> Any:
    without = {
        name: {"W": p["W"], "b": p["b"] * 0 if name == "layer1" else p["b"]} for name, p in params.items()
    }
    return network(without, X, Y, hidden)


def favoured_unit(params: Any, X: Array, Y: Array, hidden: str) -> Any:
    cost, gradients = network(params, X, Y, hidden)
    gradients["layer1"]["b"] = gradients["layer1"]["b"] + 0.1 * np.eye(len(gradients["layer1"]["b"]))[:, :1]
    return cost, gradients


def own_start(params: Any, X: Array, Y: Array, hidden: str) -> Any:
    rng = np.random.default_rng(0)
    shaken = {
        n: {"W": p["W"] + 0.1 * rng.standard_normal(p["W"].shape), "b": p["b"]} for n, p in params.items()
    }
    return network(shaken, X, Y, hidden)


def raises(*_: Any) -> Any:
    raise RuntimeError("not written yet")


def nan_at_negative(cotangent: Array, a: Array) -> Array:
    return np.where(a > 0, cotangent * (1 - a * a), np.nan)


def infinite_forward(z: Array) -> Any:
    with np.errstate(all="ignore"):
        return np.tanh(z) + np.where(z > 0, np.inf, 0), np.tanh(z)


def zero_at_zero(cotangent: Array, a: Array) -> Array:
    return np.where(a == 0, 0.0, cotangent * (1 - a * a))


def saturates_wrong(cotangent: Array, a: Array) -> Array:
    return cotangent * np.where(np.abs(a) > 0.99995, 0.5, 1 - a * a)


def halved_if_empty_max(z: Array) -> Any:
    return z - z.max() + z.max(), z


def needs_examples(params: Any, x: Array) -> Any:
    if not len(x):
        raise ValueError("zero-size array to reduction operation maximum which has no identity")
    return dense_forward(params, x)


def in_place_mean(z: Array) -> Any:
    z.sort(axis=-1)
    return np.tanh(z), np.tanh(z)


MUTANTS: dict[str, tuple[Subject, ...]] = {
    "GC001": (
        tanh(raises),
        dense(backward=changed(lambda dW, db: (dW, None))),
        dense(backward=changed(lambda dW, db: (dW.T, db))),
    ),
    "GC002": (tanh(infinite_forward), tanh(backward=nan_at_negative)),
    "GC101": (tanh(backward=lambda ct, a: ct * (1 - a)), dense(backward=changed(lambda dW, db: (dW, -db)))),
    "GC102": (tanh(backward=zero_at_zero), tanh(backward=saturates_wrong)),
    "GC103": (
        tanh(backward=lambda ct, a: ct * (1 + a * a)),
        dense(backward=changed(lambda dW, db: (dW / 5, db))),
    ),
    "GC104": (
        tanh(backward=lambda ct, a: 1 - a * a),
        dense(backward=changed(lambda dW, db: (dW + 0.01, db))),
    ),
    "GC201": (tanh(in_place_forward), dense(backward=dense_in_place)),
    "GC202": (relu(backward=relu_masks_cotangent), tanh(backward=tanh_scales_cotangent)),
    "GC203": (
        tanh(Counting("forward").forward),
        tanh(backward=Counting("backward").backward),
    ),
    "GC204": (tanh(lambda z: (np.tanh(z), np.tanh(z)), consuming_backward), dense(backward=dense_consuming)),
    "GC205": (tanh(backward=Buffered(True).backward), tanh(backward=Buffered(False).backward)),
    "GC206": (
        tanh(Stateful.tanh_forward.__get__(state := Stateful()), state.tanh_backward),
        dense(Stateful.dense_forward.__get__(other := Stateful()), other.dense_backward),
    ),
    "GC207": (tanh(lambda z: (z + 0, None), lambda ct, cache: ct), dense(backward=rows_share)),
    "GC301": (tanh(mixing_forward, mixing_backward), dense(backward=averaging)),
    "GC302": (
        squared(backward=sum_backward),
        squared(sum_forward, sum_backward),
        summed(squared_forward, squared_backward),
    ),
    "GC303": (
        tanh(positional_forward, positional_backward),
        summed(first_matters_forward, first_matters_backward),
    ),
    "GC401": (tanh(squeezing(tanh_forward), tanh_backward), relu(backward=squeezed_back(relu_backward))),
    "GC402": (tanh(lambda z: (np.tanh(z - z.max() + z.max()), np.tanh(z))), dense(needs_examples)),
    "GC403": (relu(backward=pointer_backward), tanh(raw_memory_forward)),
    "GC404": (relu(backward=order_k_backward), tanh(order_k_forward)),
    "GC405": (tanh(in_place_mean), dense(backward=dense_in_place)),
    "GC406": (tanh(upcasting_forward), relu(backward=zeros_backward)),
    "GC407": (tanh(single_forward), tanh(backward=single_inside)),
    "GC408": (tanh(backward=column_backward), tanh(backward=transposing_backward), tanh(at_least_2d_forward)),
    "GC501": (centre(backward=forgets_eval), centre(backward=forgets_train)),
    "GC502": (dense(backward=changed(lambda dW, db: (dW, 0 * db))), nets(scaled("layer1", "W", 0.0))),
    "GC503": (dense(backward=unchecked), dense(backward=summing_cotangent)),
    "GC601": (
        nets(lambda cost, gradients: (2 * cost, gradients)),
        nets(lambda cost, gradients: (cost + 1e-3, gradients)),
    ),
    "GC602": (nets(scaled("layer1", "b", -1.0)), nets(scaled("layer2", "W", 1.001))),
    "GC603": (
        Network("network", always_tanh, hidden=("tanh", "identity")),
        Network("network", no_hidden_bias, hidden=("tanh", "identity")),
    ),
    "GC604": (
        Network("network", favoured_unit, hidden=("tanh",)),
        Network("network", own_start, hidden=("tanh",)),
    ),
}
