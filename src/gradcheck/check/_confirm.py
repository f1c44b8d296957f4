"""Before anybody is accused: noise along the very line, other steps, and nearby points at a kink.

A claim that looks wrong is measured again with the noise that f shows along that direction (ill-conditioned passes
are noisier there than where the noise was probed), and with finer steps (a staircase is a straight line to steps of
whole periods). It stays wrong only where all that can tell agree. At a point where f is not differentiable a claim
is also right if it is the slope at some point nearby: Clarke's subdifferential is made of those, and the
coordinates' own slopes at the point can miss them (a median of ties does not move when one entry does)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.check._compare import Comparison, Outcome
from gradcheck.check._direction import Direction
from gradcheck.check._function import Exhausted, Lines
from gradcheck.check._judge import decide, replaced, some
from gradcheck.check._look import overall
from gradcheck.check._plan import Tier
from gradcheck.check._point import Floats, Point
from gradcheck.check._scene import Scene
from gradcheck.check._stairs import stairs_excused
from gradcheck.differentiate._estimate import Status
from gradcheck.differentiate._view import is_left_over

__all__ = ["confirmed", "is_one_slope_nearby"]

WINDOW = (
    2.0**-20
)  # half-width, in units of the scale, of the window for the noise: wide for noise, narrow for kinks
POINTS = 9  # values in a window; a cubic is taken out of them
EXCESS = 2.0  # the largest residual of nine understates the largest of all
SCALES = 1.0, 2.0**-6, 2.0**-20, 2.0**-24  # step sizes, times the input's
STEP = 2.0**-12  # of the scale: a step of the ladder's first block, halved
UNSEEN = 8.0  # times the noise that the judge measured first: what f moves by while it looks flat
TELLING = 0.25  # of the distance: a finer measurement with a larger error does not refute
FEW = 1  # rows that are confirmed at first, of the largest margin; the others only where that was refuted
NEARBY, NARROW = 2.0**-24, 2.0**-32  # how far away the nearby points are, and the step of the slopes there
NEARER = 16.0  # times as near: where a kink is at x, the slopes there are the same
WIDER = 16.0 * NARROW  # a second step, over which a jump makes a sixteenth of the slope
SAMPLES = 32, 128  # a claim that is no slope at the first is looked for among more
FIRST, GLANCE = 2, 8  # rows and points of the quick look that decides whether to take the long one
LEANING = 0.0, 2.0, 0.0, -2.0  # times NEARBY, along the direction itself
SLACK = 1e-4  # relative: slopes nearby differ by curvature times NEARBY
ROWS = 64  # rows whose neighbourhood is looked at


def confirmed(scene: Scene, tier: Tier, comparison: Comparison) -> Comparison:
    """`comparison` of the tier's rows, without the accusations that do not stand."""
    if scene.instrument.is_final or not scene.options.adjudicates:
        return comparison
    try:
        return stairs_excused(
            scene, tier, _kinks_forgiven(scene, tier, _asked_again(scene, tier, comparison))
        )
    except Exhausted:  # the budget ends here: what is known stands
        return comparison


def _asked_again(scene: Scene, tier: Tier, comparison: Comparison) -> Comparison:
    wrong = np.flatnonzero(_is_wrong(comparison))
    first = wrong[np.argsort(-comparison.margin[wrong].max(axis=1))][:FEW]
    comparison, refuted = _measured_again(scene, tier, comparison, np.sort(first))
    if refuted and len(wrong) > FEW:
        comparison, _ = _measured_again(scene, tier, comparison, np.setdiff1d(wrong, first))
    return comparison


def _is_wrong(comparison: Comparison) -> NDArray[np.bool_]:
    finite = np.isfinite(comparison.claimed)
    return np.asarray(((comparison.outcome == Outcome.WRONG) & finite).any(axis=1))


def _measured_again(
    scene: Scene, tier: Tier, comparison: Comparison, rows: NDArray[np.intp]
) -> tuple[Comparison, bool]:
    if not len(rows):
        return comparison, False
    directions = [tier.rows[i].direction for i in rows]
    before, coarse = some(comparison, rows), _noise_along(scene, directions, 1.0)
    kinked = (before.measured.status == Status.KINK.value).any(axis=1)
    rounding = np.where(is_left_over(coarse, np.abs(scene.instrument.base)), coarse, 0.0)
    outcome, accused = before.outcome.copy(), np.zeros(before.outcome.shape, dtype=bool)
    previous = None
    for scale in SCALES:
        noise = coarse if scale == 1.0 else np.maximum(rounding, _noise_along(scene, directions, scale))
        noise[kinked] = scene.instrument.noise_along(directions)[kinked]  # a kink is no noise
        other = decide(scene, directions, "ladder", scale, noise)
        width = other.measured.error + 0.5 * (other.measured.high - other.measured.low)
        refutes = (other.outcome != Outcome.WRONG) & (width <= TELLING * before.distance)
        refutes &= (other.distance <= other.bound) | ~_same_slope(other, before)
        outcome = np.where((before.outcome == Outcome.WRONG) & refutes, other.outcome, outcome)
        # noise that shows in a wide window alone (a cancelled term's quantum) is there in a narrow one too
        hidden = 0.0 if scale == 1.0 else (coarse @ np.abs(scene.weights).T) / (scale * STEP)
        sees = (other.distance > other.bound + hidden) & ~_moves_unseen(scene, directions, coarse, other)
        accused |= (other.outcome == Outcome.WRONG) & sees
        # two steps that see the same mistake see no noise, which would be another at each
        accused |= previous is not None and _agree(previous, other, before)
        previous = other
    unsure = (outcome == Outcome.WRONG) & ~accused
    outcome = np.where(unsure, Outcome.UNDECIDED, outcome)
    changed = outcome != before.outcome
    bound = np.where(changed, np.maximum(before.bound, before.distance), before.bound)
    return replaced(comparison, rows, replace(before, outcome=outcome, bound=bound)), bool(changed.any())


def _moves_unseen(
    scene: Scene, directions: Sequence[Direction], noise: Floats, other: Comparison
) -> NDArray[np.bool_]:
    """Flat to steps that are powers of two, but not to those of the window for the noise: x - floor(x) at 1e10."""
    louder = noise > UNSEEN * scene.instrument.noise_along(directions)
    moves = louder.astype(float) @ (scene.weights != 0).T.astype(float) > 0
    return np.asarray(moves & (other.measured.status == Status.FLAT.value))


def _same_slope(a: Comparison, before: Comparison) -> NDArray[np.bool_]:
    """An unresolved slope that repeats the one which the claim misses speaks for the accusation, not against it."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(a.measured.value - before.measured.value) <= TELLING * before.distance)


def _agree(a: Comparison, b: Comparison, before: Comparison) -> NDArray[np.bool_]:
    """Both say wrong, and by the same number."""
    wrong = (a.outcome == Outcome.WRONG) & (b.outcome == Outcome.WRONG)
    same = np.abs(a.measured.value - b.measured.value) <= np.minimum(
        a.bound + b.bound, TELLING * before.distance
    )
    return np.asarray(wrong & same)


def _noise_along(scene: Scene, directions: Sequence[Direction], scale: float) -> Floats:
    """What a cubic does not explain of f's values in a small window along each direction, (rows, p)."""
    instrument = scene.instrument
    lines = Lines(instrument.function, instrument.point, instrument.outputs, directions)
    u = np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)  # Chebyshev's points: no arithmetic progression,
    u = np.round(u * 2.0**20) / 2.0**20  # and few enough bits that x + t v is exact
    basis, _ = np.linalg.qr(np.vander(u, 4))
    t = np.tile(u * (WINDOW * scale), len(directions))
    values = lines.evaluate(np.repeat(np.arange(len(directions)), POINTS), t).reshape(
        len(directions), POINTS, -1
    )
    with np.errstate(all="ignore"):
        values = values - instrument.base
        residual = np.abs(values - basis @ (basis.T @ values)).max(axis=1)
    least = instrument.noise_along(directions)
    return np.asarray(np.maximum(least, EXCESS * np.nan_to_num(residual, nan=0.0, posinf=0.0)))


def _kinks_forgiven(scene: Scene, tier: Tier, comparison: Comparison) -> Comparison:
    """Claims that are slopes nearby, where f is not differentiable."""
    rows = np.flatnonzero(_is_wrong(comparison))
    directions = [tier.rows[i].direction for i in rows]
    if not len(rows) or len(rows) > ROWS or not _varies(scene, directions[:FIRST]):
        return comparison
    for samples in SAMPLES:
        far = _slopes_nearby(scene, directions, samples)
        nearer = _nearer(scene, directions, samples, far, some(comparison, rows))
        comparison = _forgive(scene, comparison, rows, *nearer)
        rows = np.flatnonzero(_is_wrong(comparison))
        directions = [tier.rows[i].direction for i in rows]
    return comparison


def _nearer(
    scene: Scene, directions: Sequence[Direction], samples: int, hull: tuple[Floats, Floats], rows: Comparison
) -> tuple[Floats, Floats]:
    """The hull of slopes at points nearer by, for rows of which the claim is inside `hull`.

    At a kink it is the same, while that of a function that bends on this scale (a root near 0) shrinks."""
    low, high = hull[0].copy(), hull[1].copy()
    for i in np.flatnonzero(_is_inside(scene, rows, low, high).any(axis=1)):
        low[[i]], high[[i]] = _slopes_nearby(scene, [directions[int(i)]], samples, NEARBY / NEARER)
    return low, high


def _forgive(
    scene: Scene, comparison: Comparison, rows: NDArray[np.intp], low: Floats, high: Floats
) -> Comparison:
    """Accept what lies between the slopes nearby, where these differ."""
    if not len(rows):
        return comparison
    before = some(comparison, rows)
    forgiven = _is_inside(scene, before, low, high)
    new = Outcome.UNDECIDED if scene.options.kinks == "strict" else Outcome.SUBGRADIENT
    measured = replace(
        before.measured,
        low=np.where(forgiven, low, before.measured.low),
        high=np.where(forgiven, high, before.measured.high),
        status=np.where(forgiven, Status.KINK.value, before.measured.status),
    )
    outcome = np.where(forgiven, new, before.outcome)
    distance = np.where(forgiven, 0.0, before.distance)
    return replaced(comparison, rows, replace(before, outcome=outcome, measured=measured, distance=distance))


def _is_inside(scene: Scene, before: Comparison, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Wrong claims that are between the slopes nearby, where these differ."""
    slack = SLACK * np.maximum(np.abs(low), np.abs(high)) + _rounding(scene)
    inside = (before.claimed >= low - slack) & (before.claimed <= high + slack) & (high - low > 2.0 * slack)
    # no slack makes the claim one of these slopes: it is small, or the claim as far inside at a kink
    clear = (before.claimed >= low + slack) & (before.claimed <= high - slack)
    clear &= before.measured.status == Status.KINK.value
    inside &= clear | (slack <= TELLING * before.distance)
    return np.asarray((before.outcome == Outcome.WRONG) & inside)


def _varies(scene: Scene, directions: Sequence[Direction]) -> bool:
    """Whether slopes nearby differ: a quick look along a few directions, which in a smooth function ends the matter."""
    return _differ(scene, *_slopes_nearby(scene, directions, GLANCE, glance=True))


def _differ(scene: Scene, low: Floats, high: Floats) -> bool:
    """More than curvature and rounding account for."""
    return bool((high - low > 2.0 * (SLACK * np.maximum(np.abs(low), np.abs(high)) + _rounding(scene))).any())


def is_one_slope_nearby(scene: Scene, direction: Direction) -> bool:
    """Whether f's slope along the direction is the same at all nearby points that are looked at."""
    return not _differ(scene, *_slopes_nearby(scene, [direction], SAMPLES[0]))


def _rounding(scene: Scene) -> Floats:
    """Of a slope nearby: noise over its step."""
    noise = np.nan_to_num(scene.instrument.noise, nan=0.0, posinf=0.0)
    return np.asarray(8.0 * (np.abs(scene.weights) @ noise) / NARROW)


def _slopes_nearby(
    scene: Scene,
    directions: Sequence[Direction],
    samples: int,
    near: float = NEARBY,
    *,
    glance: bool = False,
) -> tuple[Floats, Floats]:
    """Hull of the slopes along each direction at points nearby, every output's own, contracted: (rows, K).

    A slope that shrinks as its step grows is a jump over that step: it is left out, except at a `glance`.
    """
    lows, highs = [], []
    if not directions:
        return np.zeros((0, len(scene.weights))), np.zeros((0, len(scene.weights)))
    for direction in directions:
        slopes = np.array([_slope_at(scene, direction, s, near, NARROW) for s in range(samples)])
        if not glance:
            slopes[
                _jump(slopes, np.array([_slope_at(scene, direction, s, near, WIDER) for s in range(samples)]))
            ] = np.nan
        finite = np.isfinite(slopes).all(axis=1)
        if not finite.any():
            slopes, finite = np.zeros((1, slopes.shape[1])), np.array([True])
        left, right = slopes[finite].min(axis=0), slopes[finite].max(axis=0)
        up, down = np.maximum(scene.weights, 0.0), np.maximum(-scene.weights, 0.0)
        lows.append(up @ left - down @ right)
        highs.append(up @ right - down @ left)
    return np.array(lows), np.array(highs)


def _jump(slopes: Floats, wider: Floats) -> NDArray[np.bool_]:
    """Samples (samples, p) in which an output jumps: its slope over the wider step is less by the steps' ratio."""
    with np.errstate(invalid="ignore"):
        miss = np.abs(slopes - wider * (WIDER / NARROW))
        return np.asarray((miss <= 0.25 * np.abs(slopes)) & (slopes != 0))


def _raised(point: Point, number: int, near: float) -> list[Floats] | None:
    """A point at which one whole array is larger, or smaller: where all units are on, or off, as a claim has it."""
    array, down = divmod(number, 2)
    if not 0 <= array < len(point.coordinates):
        return None
    step = (-near if down else near) * point.size_of(array)
    return [x + step if i == array else x for i, x in enumerate(point.coordinates)]


def _slope_at(scene: Scene, direction: Direction, sample: int, near: float, step: float) -> Floats:
    """Every output's slope along `direction` at one nearby point; half of the points lean towards +v or -v."""
    instrument = scene.instrument
    there = _raised(instrument.point, sample - GLANCE, near)
    if there is None:
        rng = np.random.default_rng([scene.options.seed, sample])
        shift = overall("gaussian", instrument.point, rng, instrument.eps)
        there = shift.moved(instrument.point.coordinates, near)
        there = direction.moved(there, LEANING[sample % 4] * near)
    lines = Lines(instrument.function, instrument.point.moved_to(there), instrument.outputs, [direction])
    plus, minus = lines.evaluate(np.zeros(2, dtype=np.intp), np.array([step, -step]))
    slope = (plus - minus) / (2.0 * step)
    return np.where(np.isfinite(slope), slope, np.nan)
