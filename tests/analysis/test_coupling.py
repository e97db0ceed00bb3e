"""What two scenarios share: the rule, what files state, and what it does to a ratio."""

import itertools

import numpy as np
import pytest
from scipy.stats import norm

from uncertain_scale import Design, Model, ask, default_model, load_priors
from uncertain_scale.analysis.comparison import compare
from uncertain_scale.analysis.coupling import as_ranks, couplings
from uncertain_scale.errors import QuestionError
from uncertain_scale.model import solve

WIDE = norm.ppf(0.95)
DESIGN = Design(draws=4096, chains=16, seed=8)
LOW, HIGH = 1.0, 4.0


def written(path, *, q95=HIGH, kind="lognormal", more="", **said):
    source, peak = said.get("source", "a table"), said.get("peak")
    lines = [
        "schema_version = 1",
        "[inputs.x]",
        f"kind = '{kind}'",
        f"q05 = {LOW}",
        f"q95 = {q95}",
        f"source = '{source}'",
        more,
        "[inputs.z]",
        "kind = 'lognormal'",
        "q05 = 1",
        "q95 = 10",
    ]
    if peak is not None:
        lines += ["[inputs.peak_flops]", "kind = 'constant'", f"value = {peak}"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def model(tmp_path):
    text = "def y(x, z):\n    return x * z\n\n\ndef w(y, peak_flops):\n    return y * peak_flops\n"
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    return Model.of(tmp_path / "own.py")


def two(model, tmp_path, one, other):
    sides = [
        written(tmp_path / f"{name}.toml", **said)
        for name, said in zip("ab", (one, other), strict=True)
    ]
    return [load_priors(side, variables=model.variables) for side in sides]


def coupling(model, tmp_path, one, other, couple=()):
    base, over = two(model, tmp_path, one, other)
    plan = solve(model, base, ask(model, {}, outputs=["y"]))
    found = couplings(plan, base, over, as_ranks(couple))
    backwards = couplings(plan, over, base, as_ranks(couple))
    assert {n: c.rank for n, c in found.items()} == {n: c.rank for n, c in backwards.items()}
    return found["x"].rank if "x" in found else None


SHARED, INDEPENDENT = "coupling = 'shared'", "coupling = 'independent'"
RULE = [
    # what the two say, and the rank correlation that follows
    ({}, {"q95": 9}, 1.0),  # one kind, one source
    ({}, {"q95": 9, "source": "another table"}, 0.0),
    ({"source": ""}, {"q95": 9, "source": ""}, 0.0),  # nothing tells that it is one belief
    ({}, {"q95": 9, "kind": "loguniform"}, 0.0),
    ({"peak": 1}, {"q95": 9, "peak": 2}, 0.0),  # another chip's fact, from the same table
    ({"peak": 1}, {"q95": 9, "peak": 1}, 1.0),
    ({"peak": 1}, {"q95": 9, "peak": 2, "more": SHARED}, 1.0),
    ({}, {"q95": 9, "more": INDEPENDENT}, 0.0),
    ({"more": SHARED}, {"q95": 9, "more": INDEPENDENT}, 0.0),  # the weaker of two statements
    ({"more": "coupling = 0.5"}, {"q95": 9, "more": SHARED}, 0.5),
    ({}, {}, None),  # one belief: nothing differs
    ({}, {"source": "another table"}, None),
    ({}, {"source": "another table", "more": INDEPENDENT}, 0.0),  # equal, and yet another fact
    ({"more": INDEPENDENT}, {"more": INDEPENDENT}, None),  # the same statement, read twice
]


@pytest.mark.parametrize(("one", "other", "rank"), RULE)
def test_the_rule(model, tmp_path, one, other, rank):
    assert coupling(model, tmp_path, one, other) == rank


@pytest.mark.parametrize(
    ("couple", "rank"),
    [
        ("shared", 1.0),
        ({"x": "shared"}, 1.0),
        (["x=0.25"], 0.25),
        (["independent", "x=shared"], 1.0),
    ],
)
def test_what_is_asked_for_counts_before_the_files(model, tmp_path, couple, rank):
    one, other = {}, {"q95": 9, "more": INDEPENDENT}
    assert coupling(model, tmp_path, one, other, couple) == rank


@pytest.mark.parametrize(
    ("couple", "said"),
    [
        ("half", "'half': expected 'shared', 'independent' or a rank"),
        (["x=1.5"], "'x=1.5': expected"),
        ("0,5", "couple '0,5': '0,5' can be misread; write 0.5 "),
        (["x=0,5"], "couple 'x=0,5': '0,5' can be misread; write 0.5 "),
        (["x=0.1", "x=0.2"], "names x twice"),
        (["=0.5"], "names no input before '='"),
        ({"xx": 0.5}, "'xx' is not an input; did you mean 'x'"),
    ],
)
def test_what_is_no_coupling_is_refused(model, tmp_path, couple, said):
    with pytest.raises(QuestionError, match=said):
        coupling(model, tmp_path, {}, {"q95": 9}, couple)


def widths(*tops):
    return [np.log(top / LOW) / (2 * WIDE) for top in tops]


@pytest.mark.slow_but("0.5")
@pytest.mark.parametrize("rank", [1.0, 0.0, 0.5, -0.5])
def test_a_ratio_of_lognormals_has_its_closed_form(model, tmp_path, rank):
    """Z is one belief and cancels; the logarithms of x are normal, and so is their difference."""
    base, other = two(model, tmp_path, {}, {"q95": 9})
    question = ask(model, {}, outputs=["y"])
    couple = "shared" if rank == 1 else rank
    _, (found,) = compare(model, base, question, [other], DESIGN, couple=couple)
    s, t = widths(HIGH, 9)
    normal = 2 * np.sin(np.pi * rank / 6)
    width = np.sqrt(s**2 + t**2 - 2 * normal * s * t)
    middle = np.log(9 / HIGH) / 2
    exact = np.exp(middle + width * np.array([-WIDE, WIDE]))
    ends = found.ratio["eti"].sel(output="y", prob=0.9)
    errors = np.maximum(found.ratio["eti_mcse"].sel(output="y", prob=0.9), 1e-4 * exact)
    assert (np.abs(ends - exact) < 6 * errors).all()
    share = norm.cdf(middle / width)
    error = max(found.greater_mcse["y"], 1e-5)
    assert abs(found.greater["y"] - share) < 6 * error
    names = {"shared", "independent"} - {{1.0: "shared", 0.0: "independent"}.get(rank, "")}
    assert set(found.otherwise) == names


TIED = """
schema_version = 1
inputs.x = {{ kind = "lognormal", mu = {mu}, sigma = 1 }}
inputs.z = {{ kind = "lognormal", mu = 0, sigma = 1 }}
[[correlations]]
inputs = ["x", "z"]
rank = {rank}
"""


@pytest.mark.slow_but("0.9-0.0", "0.6-0.0")
@pytest.mark.parametrize("asked", [1.0, 0.8, 0.3, 0.0, -0.5, -0.9])
@pytest.mark.parametrize("rank", [0.9, 0.6])
def test_what_is_tied_to_a_shared_input_is_coupled_given_it(model, tmp_path, rank, asked):
    """Y is x z, z is shared: the ratio is x'/x, of which z moves nothing but what both follow."""
    sides = []
    for mu in (0, 0.3):
        (tmp_path / f"{mu}.toml").write_text(TIED.format(mu=mu, rank=rank), encoding="utf-8")
        sides.append(load_priors(tmp_path / f"{mu}.toml", variables=model.variables))
    question = ask(model, {}, outputs=["y"])
    couple = {"x": "shared" if asked == 1 else asked}
    _, (found,) = compare(model, sides[0], question, sides[1:], DESIGN, couple=couple)
    assert found.couplings["x"].given == (() if asked == 1 else ("z",))
    tie, kept = (2 * np.sin(np.pi * one / 6) for one in (rank, asked))
    width = np.sqrt(2 * (1 - tie**2) * (1 - kept))
    assert width == pytest.approx({0.9: 0.593, 0.6: 1.112}[rank] * np.sqrt(1 - kept), abs=1e-3)
    exact = np.exp(0.3 + width * np.array([-WIDE, WIDE]))
    ends = found.ratio["eti"].sel(output="y", prob=0.9)
    errors = np.maximum(found.ratio["eti_mcse"].sel(output="y", prob=0.9), 1e-7 * exact)
    assert (np.abs(ends - exact) < 6 * errors).all()
    assert (errors < 0.02 * exact).all()
    share = norm.cdf(0.3 / width) if width else 1.0
    assert abs(found.greater["y"] - share) <= 6 * np.nan_to_num(found.greater_mcse["y"])


def test_two_chips_whose_facts_are_independent_do_not_share_a_quantile():
    """By independent random draws of the same priors, without the package's own sampler."""
    model = default_model()
    names = ("h100-dense-fp8", "gb200-dense-fp8")
    base, other = (load_priors(name, variables=model.variables) for name in names)
    question = ask(model, {"budget": "250M"}, outputs=["training_flop"])
    _, (found,) = compare(model, base, question, [other], DESIGN)
    assert {name: one.kind for name, one in found.couplings.items() if one.asked} == dict.fromkeys(
        ("mfu", "hourly_rate"), "independent"
    )
    generator = np.random.default_rng(1)
    speed = [
        priors.inputs["mfu"].ppf(generator.random(1 << 20))
        / priors.inputs["hourly_rate"].ppf(generator.random(1 << 20))
        * priors.inputs["peak_flops"].distribution.value
        for priors in (base, other)
    ]
    plain = speed[1] / speed[0]
    low, high = found.ratio["eti"].sel(output="training_flop", prob=0.9).values
    assert (low, high) == pytest.approx(np.quantile(plain, [0.05, 0.95]), rel=0.01)
    assert (low, high) == pytest.approx((0.40, 4.44), rel=0.02)
    assert found.greater["training_flop"] == pytest.approx((plain > 1).mean(), abs=0.005)
    shared = found.otherwise["shared"].ratio["eti"].sel(output="training_flop", prob=0.9)
    assert shared.values == pytest.approx((1.21, 1.50), rel=0.01)


@pytest.mark.slow
def test_a_ratio_does_not_depend_on_which_other_outputs_are_asked_for():
    """Rents and prices are correlated, so that prices count though no answer rests on them."""
    model = default_model()
    names = ("h100-dense-fp8", "gb200-dense-fp8")
    base, other = (load_priors(name, variables=model.variables) for name in names)
    design = Design(draws=256, chains=4)
    ends = []
    for outputs in (["training_flop"], ["training_flop", "breakeven_time", "facility_power"]):
        question = ask(model, {"budget": "250M"}, outputs=outputs)
        _, (found,) = compare(model, base, question, [other], design)
        ends.append(found.ratio["eti"].sel(output="training_flop").values)
    assert np.array_equal(*ends)


def test_others_answers_are_those_of_their_own_reports():
    """Whatever is coupled, the chance of an event under a scenario is that of its own run."""
    from uncertain_scale import sample
    from uncertain_scale.analysis.events import parse_event, probability_in

    model = default_model()
    names = ("h100-dense-fp8", "gb200-dense-fp8")
    base, other = (load_priors(name, variables=model.variables) for name in names)
    event = parse_event("training_flop >= 1e26", model.variables)
    question = ask(model, {"budget": "250M"}, outputs=["training_flop"])
    design = Design(draws=256, chains=4)
    _, (found,) = compare(model, base, question, [other], design, events=[event])
    alone = probability_in(event, sample(model, other, question, design))
    assert found.events[event.text][1] == alone


def test_joint_samples_are_coupled_by_their_rows(tmp_path):
    (tmp_path / "own.py").write_text("def y(a, b):\n    return a + b\n", encoding="utf-8")
    rows = np.random.default_rng(3).normal(10, 1, size=(2, 500, 2))
    for name, table in zip("ab", rows, strict=True):
        lines = ["a,b", *(f"{x},{y}" for x, y in table)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
        text = f"schema_version = 1\n[[joint]]\ninputs = ['a', 'b']\nsamples = '{name}.csv'\n"
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    base, other = (
        load_priors(tmp_path / f"{name}.toml", variables=model.variables) for name in "ab"
    )
    question = ask(model, {}, outputs=["y", "a"])
    _, (found,) = compare(model, base, question, [other], DESIGN)
    (one,) = found.couplings.values()
    assert (one.inputs, one.kind) == (("a", "b"), "independent")
    sums = [np.sort(table.sum(axis=1)) for table in rows]
    pairs = np.array([y / x for x, y in itertools.product(*sums)])
    ends = found.ratio["eti"].sel(output="y", prob=0.9).values
    assert ends == pytest.approx(np.quantile(pairs, [0.05, 0.95]), rel=2e-3)
