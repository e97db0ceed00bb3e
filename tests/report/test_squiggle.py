"""A question as a Squiggle model: the medians of Squiggle itself are ours, to one per cent."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from uncertain_scale.errors import QuestionError
from uncertain_scale.inputs import load_priors
from uncertain_scale.model import Problem, ask, default_model
from uncertain_scale.model.model import Model
from uncertain_scale.report.squiggle import squiggle_model
from uncertain_scale.sampling import Design, sample

SCRIPT = Path(__file__).with_name("squiggle.mjs")
PACKAGES = Path(os.environ.get("SQUIGGLE_PACKAGES", ".bench/squiggle"))
"""A folder in which `npm install @quri/squiggle-lang` was run."""
needs_squiggle = pytest.mark.skipif(
    shutil.which("node") is None or not (PACKAGES / "node_modules/@quri/squiggle-lang").is_dir(),
    reason="node, and SQUIGGLE_PACKAGES with @quri/squiggle-lang",
)
KINDS = {
    "uniform": 'kind = "uniform"\nlower = 2.0\nupper = 5.0',
    "loguniform": 'kind = "loguniform"\nlower = 1.0\nupper = 100.0',
    "normal": 'kind = "normal"\nmu = 3.0\nsigma = 1.0',
    "lognormal": 'kind = "lognormal"\nmu = 1.0\nsigma = 0.7',
    "interval": 'kind = "lognormal"\nq05 = 1.4\nq95 = 3.2',
    "logitnormal": 'kind = "logitnormal"\nmu = -1.0\nsigma = 0.5\nlower = 1.0\nupper = 3.0',
    "student": 'kind = "student_t"\nnu = 4.0\nmu = 5.0\nsigma = 0.5',
    "gamma": 'kind = "gamma"\nalpha = 2.0\nbeta = 0.5',
    "beta": 'kind = "beta"\nalpha = 2.0\nbeta = 5.0\nlower = 1.0\nupper = 4.0',
    "pert": 'kind = "pert"\nlower = 1.0\nmode = 2.0\nupper = 7.0',
    "triangular": 'kind = "triangular"\nlower = 1.0\nmode = 2.0\nupper = 7.0',
    "metalog": 'kind = "metalog"\nq10 = 1.0\nq50 = 3.0\nq90 = 9.0',
    "log_metalog": 'kind = "metalog"\nq10 = 1.0\nq50 = 3.0\nq90 = 9.0\nlower = 0.0',
    "above": 'kind = "metalog"\nq10 = 1.0\nq50 = 3.0\nq90 = 4.0\nupper = 5.0',
    "within": 'kind = "metalog"\nq10 = 1.0\nq50 = 3.0\nq90 = 4.0\nlower = 0.0\nupper = 5.0',
    "truncated": 'kind = "lognormal"\nq05 = 1.0\nq95 = 9.0\ntruncate = [2.0, 8.0]',
    "choice": 'kind = "choice"\nvalues = [1.0, 2.0, 4.0]\nprobabilities = [0.3, 0.4, 0.3]',
    "mixture": 'kind = "mixture"\ncomponents = [{ kind = "constant", value = 1.0 }, '
    '{ kind = "uniform", lower = 2.0, upper = 4.0 }]\nweights = [1.0, 3.0]',
}


def told(problem, tmp_path, draws=100_000):
    """Return the medians that Squiggle tells of a question."""
    *lines, answers = squiggle_model(problem).splitlines()
    names = [pair.split(": ")[0] for pair in answers.strip("{}").split(", ")]
    medians = ", ".join(f"quantile({name}, 0.5)" for name in names)
    model = tmp_path / "model.squiggle"
    model.write_text("\n".join([*lines, f"[{medians}]"]), encoding="utf-8")
    command = ["node", str(SCRIPT), str(PACKAGES), str(model), str(draws)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(names, json.loads(done.stdout), strict=True))


def ours(problem):
    tree = sample(problem, Design(draws=4096, chains=16))
    return {name: float(tree["prior_predictive"][name].median()) for name in problem.plan.outputs}


def own(tmp_path, source, priors):
    (tmp_path / "own.py").write_text(source, encoding="utf-8")
    (tmp_path / "own.toml").write_text(f"schema_version = 1\n{priors}", encoding="utf-8")
    model = Model.of(tmp_path / "own.py")
    return Problem(
        model, load_priors(tmp_path / "own.toml", variables=model.variables), ask(model, {})
    )


def built_in(scenario, given, outputs):
    model = default_model()
    priors = load_priors(scenario, variables=model.variables)
    return Problem(model, priors, ask(model, given, outputs=outputs))


@needs_squiggle
@pytest.mark.parametrize("scenario", ["base", "gb200-dense-fp8"])
def test_a_question_has_the_same_medians(scenario, tmp_path):
    outputs = ["training_flop", "gpus", "facility_power", "cluster_price", "hyperscaler_share"]
    problem = built_in(scenario, {"budget": "100M"}, [*outputs, "owner_hourly_cost", "goodput"])
    assert told(problem, tmp_path) == pytest.approx(ours(problem), rel=0.01)


@needs_squiggle
def test_each_kind_has_the_same_median_and_ties_hold(tmp_path):
    laws = "".join(f"def of_{name}({name}):\n    return {name} * 1.0\n\n" for name in KINDS)
    tied = (
        "import numpy as np\n\ndef tied(normal, uniform):\n    return np.maximum(normal, uniform)\n"
    )
    inputs = "\n".join(f"[inputs.{name}]\n{text}" for name, text in KINDS.items())
    correlated = '\n[[correlations]]\ninputs = ["normal", "uniform"]\nrank = 0.95\n'
    problem = own(tmp_path, laws + tied, inputs + correlated)
    found = told(problem, tmp_path, 40_000)
    assert found == pytest.approx(ours(problem), rel=0.02)
    apart = ours(own(tmp_path, laws + tied, inputs))
    assert abs(apart["tied"] / found["tied"] - 1) > 0.03  # so that ties are seen


@needs_squiggle
def test_equations_that_sets_cannot_take_run_draw_by_draw(tmp_path):
    source = (
        "import numpy as np\n\ndef y(a, b):\n"
        "    return np.where(a > b, np.maximum(a, 2.0), np.sqrt(b)) + np.tanh(a) - np.log1p(b)\n"
    )
    inputs = '[inputs.a]\nkind = "uniform"\nlower = 1.0\nupper = 4.0\n'
    inputs += '[inputs.b]\nkind = "uniform"\nlower = 1.0\nupper = 4.0\n'
    problem = own(tmp_path, source, inputs)
    assert told(problem, tmp_path) == pytest.approx(ours(problem), rel=0.01)


@needs_squiggle
def test_rows_of_a_joint_sample_stay_together(tmp_path):
    rows = "a,b\n" + "".join(f"{k},{10 - k}\n" for k in range(1, 10))
    (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
    joint = '[[joint]]\ninputs = ["a", "b"]\nsamples = "rows.csv"\nsmooth = true\n'
    problem = own(tmp_path, "def y(a, b):\n    return a + b + a / 1000\n", joint)
    assert told(problem, tmp_path)["y"] == pytest.approx(10.005, rel=1e-4)


def test_inputs_of_one_rank_have_one_score(tmp_path):
    law = "kind = 'normal'\nmu = 1.0\nsigma = 1.0\n"
    tie = "[[correlations]]\ninputs = ['a', 'b']\nrank = -1.0\n"
    inputs = f"[inputs.a]\n{law}[inputs.b]\n{law}{tie}"
    text = squiggle_model(own(tmp_path, "def y(a, b):\n    return a + b\n", inputs))
    assert "b__score = -1 * a__own\n" in text


def test_what_squiggle_lacks_is_refused_by_name(tmp_path):
    points = '[inputs.a]\nkind = "quantiles"\nq05 = 1.0\nq50 = 3.0\nq95 = 4.0\n'
    problem = own(tmp_path, "def y(a):\n    return a * 2.0\n", points)
    with pytest.raises(QuestionError, match="prior of a, quantiles"):
        squiggle_model(problem)
    source = "import numpy as np\n\ndef y(a):\n    return np.sort(a)[::-1].mean() + a\n"
    number = '[inputs.a]\nkind = "normal"\nmu = 1.0\nsigma = 1.0\n'
    with pytest.raises(QuestionError, match=r"own.py:3 y\(a\) cannot be written"):
        squiggle_model(own(tmp_path, source, number))


def test_texts_of_strangers_stay_comments_and_names_are_squiggles(tmp_path):
    inputs = '[inputs.Max]\nkind = "constant"\nvalue = 2.0\nlong_name = "a\\nx = 1"\n'
    inputs += '[inputs.to]\nkind = "normal"\nmu = 1.0\nsigma = 1.0\nsource = "b\\r\\ny = 1"\n'
    text = squiggle_model(own(tmp_path, "def y(Max, to):\n    return Max * to\n", inputs))
    assert "// a x = 1" in text.splitlines()
    assert "// b y = 1" in text.splitlines()
    assert "y = v_Max * v_to" in text.splitlines()


def test_the_command_asks_for_a_question(cli):
    code, out, _ = cli("model", "--budget", "1M", "--outputs", "gpu_hours", "--format", "squiggle")
    assert code == 0
    assert out.endswith("gpu_hours = budget / hourly_rate\n\n{gpu_hours: gpu_hours}\n")
    assert "hourly_rate = sampled(1.4 to 3.2)" in out
    code, _, error = cli("model", "--format", "squiggle")
    assert (code, "ask one" in error) == (2, True)
