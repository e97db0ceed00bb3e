"""Joint samples whose rows stand for something continuous."""

import numpy as np
import pytest

from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.prior import JointSample
from uncertain_scale.inputs.writing import prior_files

GENERATOR = np.random.default_rng(7)
SLOPE = GENERATOR.normal(size=2000)
ROWS = np.stack([SLOPE, 3 * SLOPE + 1e-4 * GENERATOR.normal(size=2000)], axis=1)
ROWS = ROWS[np.lexsort(ROWS.T[::-1])]
LEVELS = (np.arange(40_000) + 0.5) / 40_000


def test_rows_are_drawn_whole_unless_they_are_smooth():
    plain = JointSample(("a", "b"), ROWS).draw(LEVELS)
    smooth = JointSample(("a", "b"), ROWS, smooth=True).draw(LEVELS)
    assert len(np.unique(plain, axis=0)) == 2000
    assert len(np.unique(smooth, axis=0)) > 39_000  # two segments may lie in one another


def test_the_middle_of_a_rows_levels_is_the_row():
    middles = (np.arange(2000) + 0.5) / 2000
    smooth = JointSample(("a", "b"), ROWS, smooth=True).draw(middles)
    np.testing.assert_allclose(smooth, ROWS, rtol=0, atol=1e-9)


def test_moments_and_what_nearly_depends_stay():
    """Segments have the rows in their middles, and lie along the rows' own covariance."""
    drawn = JointSample(("a", "b"), ROWS, smooth=True).draw(LEVELS)
    np.testing.assert_allclose(drawn.mean(axis=0), ROWS.mean(axis=0), atol=1e-9)
    wider = np.cov(drawn.T) / np.cov(ROWS.T)
    assert (wider >= 1).all()
    np.testing.assert_allclose(wider, 1, atol=0.04)
    rest = drawn[:, 1] - 3 * drawn[:, 0]
    assert rest.std() == pytest.approx(1e-4, rel=0.05)


def test_the_distribution_is_nearer_to_what_the_rows_are_a_sample_of():
    """Its density is even where that of rows has gaps: no gap of a normal is left within 2 sd."""
    drawn = np.sort(JointSample(("a", "b"), ROWS, smooth=True).draw(LEVELS)[:, 0])
    inside = np.abs(drawn) < 2
    rows = np.sort(ROWS[:, 0])
    assert np.diff(drawn[inside]).max() < np.diff(rows[np.abs(rows) < 2]).max() / 5


@pytest.mark.parametrize("count", [3, 100, 1000, 2000])
def test_a_segment_reaches_the_neighbour_that_a_naive_search_finds(count):
    """By distances where the rows' covariance is the identity, among one in some rows of many."""
    rows = ROWS[:count]
    joint = JointSample(("a", "b"), rows, smooth=True)
    alike = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[0]
    step = max(count // 512, 1)
    rank = max(round(np.sqrt(count) / step), 1)
    ends = joint.draw((np.arange(count) + 1 - 1e-9) / count)
    for row in range(0, count, max(count // 50, 1)):
        apart = ((alike[::step] - alike[row]) ** 2).sum(axis=1)
        neighbour = rows[step * np.argsort(apart)[rank]]
        np.testing.assert_allclose(ends[row], neighbour, rtol=1e-6, atol=1e-6)


def test_ends_of_levels_stay_within_the_segments():
    joint = JointSample(("a", "b"), ROWS, smooth=True)
    ends = joint.draw(np.array([0.0, np.nextafter(1.0, 0), 1.0]))
    assert np.isfinite(ends).all()
    np.testing.assert_allclose(ends[1], ends[2], atol=1e-6)


def test_files_and_digests_tell_whether_rows_are_smooth(tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n2,1\n3,5\n", encoding="utf-8")
    digests = set()
    for smooth in ("true", "false"):
        path = tmp_path / "own.toml"
        text = 'schema_version = 1\n[[joint]]\ninputs = ["a", "b"]\nsamples = "rows.csv"\n'
        path.write_text(f"{text}smooth = {smooth}\n", encoding="utf-8")
        priors = load_priors(path)
        digests.add(priors.digest())
        assert priors.joints[0].smooth is (smooth == "true")
        written = prior_files(priors, "copy")
        assert ("smooth = true" in written["copy.toml"]) is (smooth == "true")
    assert len(digests) == 2
