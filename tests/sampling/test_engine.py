"""Equations that mix draws are refused, and runs that are stopped give what was finished."""

import threading
import time

import numpy as np
import pytest

from uncertain_scale import Design, ask, default_model, load_priors, sample, stream
from uncertain_scale.analysis.sensitivity.study import make_study
from uncertain_scale.errors import ModelError
from uncertain_scale.model import Problem
from uncertain_scale.sampling import engine, run
from uncertain_scale.sampling.engine import each
from uncertain_scale.sampling.limits import Stop, StoppedError

SMALL = Design(draws=64, chains=2)
HEAD = """import numpy as np
from uncertain_scale.units.aliases import empirical
_buffer = np.zeros(1000)
@empirical
"""


def answer(tmp_path, text):
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    return run(equations=[tmp_path / "own.py"], given={"x": "1 to 3"}, outputs=["y"], design=SMALL)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("x / np.max(x)", "other draws stand beside it"),
        ("x - np.mean(x)", "other draws stand beside it"),
        ("(x - x.mean()) / x.std()", "other draws stand beside it"),
        ("x - np.median(x)", "other draws stand beside it"),
        ("np.where(x > np.mean(x), 1.0, 0.0)", "other draws stand beside it"),
        ("x > np.quantile(x, 0.9)", "other draws stand beside it"),
        ("np.minimum(x, np.quantile(x, 0.99))", "other draws stand beside it"),
        ("np.argsort(np.argsort(x)) / x.size", "other draws stand beside it"),
        ("x * len(x)", "other draws stand beside it"),
        ("np.where(np.max(x) > 4.7, 2 * x, x)", "other draws stand beside it"),
        ("x if np.all(x > 0.6) else 2 * x", "other draws stand beside it"),
        ("np.where(x > 3.4, x / np.max(x), x)", "other draws stand beside it"),
        ("np.sort(x)", "another order"),
        ("np.cumsum(x)", "another order"),
        ("x * np.random.default_rng(0).random(x.size)", "another order"),
        ("x * np.random.default_rng().random(x.size)", "another result when it is called again"),
        ("np.multiply(x, 2, out=_buffer[: x.size])", "a result that it gave before"),
    ],
)
def test_equations_that_mix_draws_are_refused(tmp_path, expression, words):
    with pytest.raises(ModelError, match=rf"own.py:4 y\(x\) .*{words}") as told:
        answer(tmp_path, f"{HEAD}def y(x):\n    return {expression}\n")
    mixes = "gives a draw another result" in str(told.value)
    assert mixes == ("drop what it takes from all draws" in str(told.value))


@pytest.mark.parametrize(
    "expression",
    [
        "np.where(x > 2, x, 2.0)",
        "x > 2",
        "np.interp(x, [0, 2, 9], [1.0, 5, 2])",
        "gammainc(3, x) + ndtri(x / 100)",
        "np.column_stack([x, x**2, x**3]) @ np.array([1.0, -2, 0.5])",
        "np.array([math.exp(v) for v in x])",
        "np.exp(np.asarray(x, dtype=np.float32))",
        "newton(lambda r: r**3 - x, np.full(x.shape, 1.0))",
        "(1 + 1e-9 * x) - 1",
        "np.log(x - 2)",
        "x",
    ],
)
def test_equations_of_each_draw_alone_pass(tmp_path, expression):
    imports = "import math\nfrom scipy.special import gammainc, ndtri\n"
    imports += "from scipy.optimize import newton\n"
    answer(tmp_path, f"{imports}{HEAD}def y(x):\n    return {expression}\n")


def test_an_equation_that_mixes_draws_is_refused_though_all_are_given(tmp_path):
    (tmp_path / "own.py").write_text("def y(x):\n    return x / max(x)\n", encoding="utf-8")
    with pytest.raises(ModelError, match="other draws stand beside it"):
        run(equations=[tmp_path / "own.py"], given={"x": 0.4}, outputs=["y"], design=SMALL)


def test_all_equations_that_are_refused_are_told(tmp_path):
    text = "def z(x):\n    return x - x.mean()\ndef w(x):\n    return 1 / x.max()\n"
    with pytest.raises(ModelError) as told:
        answer(tmp_path, f"{text}def y(z, w):\n    return z + w\n")
    assert [line.split()[1] for line in str(told.value).splitlines()] == ["z(x)", "w(x)"]


@pytest.fixture(scope="module")
def asked():
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    return model, priors, ask(model, {"budget": "100M"}, outputs=["training_flop"])


@pytest.mark.slow_but("2")
@pytest.mark.parametrize("enough", [1, 2, 5])
def test_chains_that_were_finished_are_a_run_of_so_many_chains(asked, enough, monkeypatch):
    """Streamed and held, with other chains in the making when the run is stopped."""
    monkeypatch.setattr(engine, "processors", lambda: 2)  # four chains are begun ahead
    design = Design(draws=1 << 15, chains=10, seed=3)

    def after(stop):
        return lambda chains: stop.interrupt() if chains >= enough else None

    tell = after(stop := Stop())
    streamed = stream(*asked, design, stop=stop, progress=lambda part: tell(len(part.chains)))
    chains = len(streamed.part.chains)
    assert enough <= chains < 10
    assert streamed.record.attrs["chains"] == chains
    whole = stream(*asked, Design(draws=1 << 15, chains=chains, seed=3))
    if chains > 1:
        assert streamed.summarize().identical(whole.summarize())
    held = sample(*asked, design, stop=(stop := Stop()), progress=after(stop))
    chains = held.attrs["chains"]
    assert enough <= chains < 10
    assert held.identical(sample(*asked, Design(draws=1 << 15, chains=chains, seed=3)))


@pytest.mark.parametrize("make", [sample, stream])
def test_a_run_that_is_stopped_before_its_first_chain_says_so(asked, make):
    stop = Stop()
    stop.interrupt()
    with pytest.raises(StoppedError, match="interrupted"):
        make(*asked, Design(), stop=stop)
    with pytest.raises(StoppedError, match="max-time"):
        make(*asked, Design(), stop=Stop(seconds=0))


def test_a_stop_ends_results_without_waiting_for_work_that_cannot_be_ended():
    release = threading.Event()
    stop = Stop()
    threading.Timer(0.2, stop.interrupt).start()
    begun = time.monotonic()
    found = list(each(lambda number: number or release.wait(300), range(4), threads=2, stop=stop))
    took = time.monotonic() - begun
    release.set()
    assert found == []  # the first in order was never finished
    assert took < 200


def test_a_stop_that_nobody_asks_for_changes_nothing(asked):
    design = Design(draws=2048, chains=3)
    both = [sample(*asked, design, stop=stop) for stop in (None, Stop(seconds=1e6))]
    assert both[0].identical(both[1])
    assert np.isfinite(both[0]["prior_predictive/training_flop"]).all()


def test_few_draws_are_made_without_threads_and_are_the_same(asked, monkeypatch):
    few = Design(draws=1024, chains=16)
    plain = sample(*asked, few)
    monkeypatch.setattr(engine, "processors", lambda: 2)  # with one there are no threads at all
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_ALONE", 0)
        assert sample(*asked, few).identical(plain)

    def pool(*_, **__):
        raise AssertionError

    monkeypatch.setattr(engine, "ThreadPoolExecutor", pool)
    assert sample(*asked, few).identical(plain)
    with pytest.raises(AssertionError):
        sample(*asked, Design(draws=2048, chains=16))


def test_equations_are_tried_once_for_all_that_is_asked_of_a_problem(monkeypatch):
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    question, tried = ask(model, {"budget": "100M"}), []

    def refuse(plan, inputs):
        tried.append(plan.outputs)
        return engine.propagate(plan, inputs)

    monkeypatch.setattr(engine, "refuse_mixing", refuse)
    problem = Problem(model, priors, question)
    sample(problem, SMALL)
    make_study(problem, SMALL, of=["training_flop"])
    sample(problem, SMALL)
    assert tried == [problem.plan.outputs]
    make_study(problem, SMALL, of=["cluster_flops"])  # by equations that were not needed before
    make_study(Problem(model, priors, question), SMALL, of=["training_flop"])
    assert tried[1:] == [("cluster_flops",), ("training_flop",)]
