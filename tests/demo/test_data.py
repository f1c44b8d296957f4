"""The bundled data: what ships is complete and credited, and a damaged file is named with its cure."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from gradcheck.demo._data import load_breast_cancer, split, two_spirals, xor

BUNDLED = files("gradcheck") / "data" / "breast_cancer.csv"


def test_the_bundled_set_is_complete() -> None:
    data = load_breast_cancer()
    assert data.X.shape == (30, 569)
    assert data.Y.shape == (1, 569)
    assert (int(data.Y.sum()), int((1 - data.Y).sum())) == (212, 357)
    assert data.X[0, 0] == 17.99
    assert data.features[0] == "mean_radius"
    assert len(set(data.features)) == 30


def test_the_bundled_set_is_small_and_credited() -> None:
    assert len(BUNDLED.read_bytes()) <= 130_000
    credit = (files("gradcheck") / "data" / "README.md").read_text(encoding="utf-8")
    assert "10.24432/C5DW2B" in credit
    assert "Creative Commons Attribution 4.0" in credit
    assert "10.24432/C5DW2B" in load_breast_cancer().credit


def test_malignant_cells_are_larger_so_the_labels_are_the_right_way_round() -> None:
    data = load_breast_cancer()
    radius, malignant = data.X[0], data.Y[0] == 1
    assert radius[malignant].mean() > 1.3 * radius[~malignant].mean()


def damaged(folder: Path, line: int, change: object) -> Path:
    """The bundled file with one line changed by the function `change`."""
    lines = BUNDLED.read_text(encoding="utf-8").splitlines()
    lines[line - 1] = change(lines[line - 1])  # type: ignore[operator]
    path = folder / "damaged.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda line: "nan" + line[line.index(",") :], ["line 7", "column 1", "'nan'", "not finite"]),
        (lambda line: "inf" + line[line.index(",") :], ["line 7", "column 1", "'inf'", "not finite"]),
        (lambda line: "n/a" + line[line.index(",") :], ["line 7", "column 1", "'n/a'", "not a number"]),
        (lambda line: line[:-1] + "2", ["line 7", "label '2'", "0 or 1"]),
        (lambda line: line + ",1", ["line 7", "32 columns", "30 features"]),
        (lambda line: line[line.index(",") + 1 :], ["line 7", "30 columns", "30 features"]),
        (lambda line: "", ["line 7", "1 columns", "30 features"]),
    ],
    ids=["nan", "infinite", "text", "label", "column-too-many", "column-too-few", "empty-line"],
)
def test_a_damaged_line_is_named_with_its_cause(tmp_path: Path, change: object, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"Try: ") as error:
        load_breast_cancer(damaged(tmp_path, 7, change))
    for word in words:
        assert word in str(error.value)


def test_an_undamaged_copy_is_read_like_the_bundled_file(tmp_path: Path) -> None:
    copy = load_breast_cancer(damaged(tmp_path, 7, lambda line: line))
    np.testing.assert_array_equal(copy.X, load_breast_cancer().X)


@pytest.mark.parametrize("text", ["", "only,a,header\n"])
def test_a_file_without_examples_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="no examples"):
        load_breast_cancer(path)


def test_a_fifth_is_held_back_and_every_example_is_in_one_part() -> None:
    parts = split(load_breast_cancer(), np.random.default_rng(3))
    assert parts.train_X.shape == (30, 455)
    assert parts.test_X.shape == (30, 114)
    assert parts.train_Y.sum() + parts.test_Y.sum() == 212
    columns = np.concatenate([parts.train_X, parts.test_X], axis=1)
    assert len(np.unique(columns, axis=1).T) == len(np.unique(load_breast_cancer().X, axis=1).T)


def test_the_training_part_alone_is_exactly_standard() -> None:
    parts = split(load_breast_cancer(), np.random.default_rng(3))
    np.testing.assert_allclose(parts.train_X.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(parts.train_X.std(axis=1), 1, rtol=1e-12)
    assert np.abs(parts.test_X.mean(axis=1)).max() > 1e-3  # its own statistics were not used


def test_the_split_follows_the_seed() -> None:
    data = load_breast_cancer()
    first, same, other = (split(data, np.random.default_rng(seed)).test_X for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_a_constant_feature_becomes_zero_not_nan() -> None:
    data = xor(np.random.default_rng(0), examples=20)
    data.X[1] = 5.0
    assert (split(data, np.random.default_rng(0)).train_X[1] == 0).all()


def test_xor_labels_are_the_exclusive_or_of_the_corner() -> None:
    data = xor(np.random.default_rng(0), spread=0.0)
    assert set(map(tuple, np.vstack([data.X, data.Y]).T)) == {(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)}


def test_no_line_separates_xor() -> None:
    data = xor(np.random.default_rng(0))
    design = np.vstack([data.X, np.ones((1, data.examples))])
    weights, *_ = np.linalg.lstsq(design.T, 2 * data.Y[0] - 1, rcond=None)
    assert np.mean((weights @ design > 0) == data.Y[0]) < 0.8


def test_each_spiral_is_the_other_one_turned_by_half_a_circle() -> None:
    data = two_spirals(np.random.default_rng(0), spread=0.0)
    radius = np.hypot(*data.X)
    angle = np.arctan2(data.X[1], data.X[0]) - 2 * np.pi * radius
    np.testing.assert_allclose(np.cos(angle), np.where(data.Y[0] == 1, -1, 1), atol=1e-12)
