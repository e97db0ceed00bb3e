"""The road in Python: the figures of the command line to the bit, and names that are refused."""

import inspect
import json

import pytest

import uncertain_scale as us
from uncertain_scale.model import Problem as PlainProblem
from uncertain_scale.report.store import as_json

DAY = "2026-11-30"
FEW = {"draws": 128, "chains": 4, "as_of": DAY}
TYPED_FEW = ("--draws", 128, "--chains", 4, "--as-of", DAY)
ASKED = {"budget": "100M", "outputs": "training_flop,gpus", **FEW}
TYPED = ("--budget", "100M", "--outputs", "training_flop,gpus", *TYPED_FEW)
EVENT = "training_flop >= 5e25"

SAME = {
    "report": (
        lambda: us.ask(**ASKED, event=EVENT, set={"mfu": "0.3 to 0.5"}).run(),
        ("report", *TYPED, "--event", EVENT, "--set", "mfu=0.3 to 0.5"),
    ),
    "report of a chip": (
        lambda: us.ask(**ASKED, chip="GB200").run(prob=0.5),
        ("report", *TYPED, "--chip", "GB200", "--prob", 0.5),
    ),
    "report with a date that is sought": (
        lambda: us.ask(budget="100M", training_flop="1e26", **FEW).run(),
        ("report", "--budget", "100M", "--training-flop", "1e26", *TYPED_FEW),
    ),
    "report given evidence": (
        lambda: us.ask(gpus=100_000, outputs="facility_power", **FEW).run(evidence="h100-clusters"),
        (
            "report",
            "--gpus",
            "100000",
            "--outputs",
            "facility_power",
            *TYPED_FEW,
            "--evidence",
            "h100-clusters",
        ),
    ),
    "update": (
        lambda: us.ask(gpus="100k", outputs="facility_power", **FEW).update("h100-clusters"),
        ("update", "h100-clusters", "--gpus", "100k", "--outputs", "facility_power", *TYPED_FEW),
    ),
    "sensitivity": (
        lambda: us.ask(**ASKED, event=EVENT).sensitivity(
            "training_flop",
            on="log",
            group={"price": ["hourly_rate"]},
            loss="false yes=20M USD, false no=5M USD",
        ),
        (
            "sensitivity",
            *TYPED,
            "--event",
            EVENT,
            "--of",
            "training_flop",
            "--on",
            "log",
            "--group",
            "price=hourly_rate",
            "--loss",
            "false yes=20M USD, false no=5M USD",
        ),
    ),
    "sensitivity given evidence": (
        lambda: us.ask(gpus="100k", outputs="facility_power", **FEW).sensitivity(
            evidence="h100-clusters"
        ),
        (
            "sensitivity",
            "--gpus",
            "100k",
            "--outputs",
            "facility_power",
            *TYPED_FEW,
            "--evidence",
            "h100-clusters",
        ),
    ),
    "compare": (
        lambda: us.ask(**ASKED, scenario="h100-dense-fp8", event=EVENT).compare(
            "gb200-dense-fp8", "base", couple=["mfu=shared"]
        ),
        (
            "compare",
            "h100-dense-fp8",
            "gb200-dense-fp8",
            "base",
            *TYPED,
            "--event",
            EVENT,
            "--couple",
            "mfu=shared",
        ),
    ),
    "compare chips": (
        lambda: us.ask(**ASKED).compare(chips="GB200"),
        ("compare", "base", "--chips", "GB200", *TYPED),
    ),
    "compare given evidence": (
        lambda: us.ask(gpus="100k", outputs="facility_power", **FEW).compare(
            "h100-dense-fp8", evidence="h100-clusters"
        ),
        (
            "compare",
            "base",
            "h100-dense-fp8",
            "--gpus",
            "100k",
            "--outputs",
            "facility_power",
            *TYPED_FEW,
            "--evidence",
            "h100-clusters",
        ),
    ),
    "sweep": (
        lambda: us.ask(**ASKED, event=EVENT).sweep(budget="10M..1B", points=3),
        ("sweep", *TYPED[2:], "--budget", "10M..1B", "--points", 3, "--event", EVENT),
    ),
    "decide": (
        lambda: us.ask(budget="1B", **FEW).decide(
            chip=["H100", "GB200"],
            gpus="10k..20k:2",
            maximise="training_flop",
            limit="facility_power <= 150 MW with 50%",
            pilot="mfu +- 10%",
        ),
        (
            "decide",
            "--budget",
            "1B",
            *TYPED_FEW,
            "--option",
            "chip=H100,GB200",
            "--option",
            "gpus=10k..20k:2",
            "--maximise",
            "training_flop",
            "--limit",
            "facility_power <= 150 MW with 50%",
            "--pilot",
            "mfu +- 10%",
        ),
    ),
    "claims": (
        lambda: us.claims(claim=["flop-bf16"], scenario="h100-dense-fp8", chip="GB200", **FEW),
        (
            "claims",
            "post-2024-07",
            "--claim",
            "flop-bf16",
            "--scenario",
            "h100-dense-fp8",
            "--chip",
            "GB200",
            *TYPED_FEW,
        ),
    ),
    "backtest": (
        lambda: us.backtest(scenario="h100-dense-bf16", one_prior=True, **FEW),
        ("backtest", "--scenario", "h100-dense-bf16", "--one-prior", *TYPED_FEW),
    ),
}


@pytest.mark.slow_but("report", "sensitivity", "decide")
@pytest.mark.parametrize("name", SAME)
def test_each_analysis_gives_the_document_of_its_command_to_the_bit(name, cli):
    analyse, typed = SAME[name]
    code, printed, _ = cli(*typed, "--format", "json")
    assert code == 0
    printed = printed.replace('"--set', '"set')  # what stated it, in the source of an input
    assert json.loads(as_json(analyse().to_dict())) == json.loads(printed)


def test_the_draws_are_made_once_and_are_those_of_run():
    answer = us.ask(**ASKED, set={"mfu": "0.3 to 0.5"}).run()
    tree = us.run(
        given={"budget": "100M"},
        believed={"mfu": "0.3 to 0.5"},
        outputs=["training_flop", "gpus"],
        design=us.Design(draws=128, chains=4),
    )
    assert answer.tree is answer.tree
    assert (answer["training_flop"] == tree["prior_predictive/training_flop"]).all()
    assert (answer["mfu"] == tree["prior/mfu"]).all()
    assert list(answer)[:2] == answer.keys()[:2] == ["training_flop", "gpus"]
    assert "mfu" in answer
    assert "pue" not in answer
    assert answer.summary(probs=0.9).equals(us.summarize(tree, probs=0.9))
    counted = (answer["training_flop"] >= 5e25).mean().item()
    chance = answer.probability(EVENT)
    assert abs(float(chance) - counted) < 0.02
    assert chance.low <= chance.value <= chance.high


def test_a_problem_of_parts_has_the_same_methods():
    asked = us.ask(**ASKED)
    parts = us.Problem(asked.model, asked.priors, asked.question, asked.design)
    assert isinstance(parts, PlainProblem)
    assert parts.run().document == asked.run().document
    assert parts.sensitivity("gpus").document == asked.sensitivity("gpus").document
    swept = [one.sweep(budget=["1M", "2M"]).document for one in (parts, asked)]
    assert swept[0] == swept[1]
    other = us.ask(**ASKED, scenario="h100-dense-fp8")
    held = [parts.compare(one).data[0] for one in ("h100-dense-fp8", other, other.priors)]
    assert len({float(one.ratio["median"][0]) for one in held}) == 1
    chosen = parts.decide(budget=["1M", "2M"], maximise="training_flop")
    assert "Best to maximise training compute (training_flop): budget 2M" in repr(chosen)


def test_faults_of_some_observations_are_a_warning(tmp_path):
    path = tmp_path / "some.toml"
    path.write_text(
        "schema_version = 1\n"
        '[[observations]]\nname = "good"\nvariable = "mfu"\nvalue = 0.4\nerror = 0.02\n'
        '[[observations]]\nname = "bad"\nvariable = "mfuu"\nvalue = 0.4\nerror = 0.02\n',
        encoding="utf-8",
    )
    asked = us.ask(budget="100M", outputs="training_flop", draws=512, chains=4)
    with pytest.warns(UserWarning, match=r"left out:\n.*'mfuu'"):
        answer = asked.update(path)
    assert "mfu" in answer


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: us.ask(budgt="100M"), "'budgt' is neither .* did you mean 'budget'"),
        (lambda: us.ask(scenaro="base"), "'scenaro' is neither .* did you mean 'scenario'"),
        (lambda: us.ask(hourly_rat=2), "'hourly_rat' is not a variable.*'hourly_rate'"),
        (lambda: us.ask(set={"mfuu": 0.4}), "set: 'mfuu' is not a variable.*'mfu'"),
        (lambda: us.ask(set=["mfu"]), "set: found list"),
        (lambda: us.ask(budget="1M", given={"budget": "2M"}), "budget is given twice"),
        (lambda: us.ask(chip="GB200", scenario="base"), "drop it or base"),
        (lambda: us.ask(number_format="fp8"), "name it by chip"),
        (lambda: us.ask(outputs="gpuss"), "did you mean 'gpus'"),
        (lambda: us.ask(event="gpus >> 3"), "event"),
        (lambda: us.ask(budget=us.to(1, 2, "MW")), "given budget = '1 to 2 MW'"),
        (lambda: us.ask(draws="many"), "draws = 'many' must be a whole number"),
        (lambda: us.ask().compare(), "at least one other scenario"),
        (lambda: us.ask().compare("bas"), "did you mean 'base'"),
        (lambda: us.ask().compare(3), "others: found int 3"),
        (lambda: us.ask().update(), "update takes evidence"),
        (lambda: us.ask().sensitivity(loss="false yes=1 USD"), "loss is of one event; found 0"),
        (lambda: us.ask(budget="1M").sweep(), "nothing is swept"),
        (lambda: us.ask().decide(gpus=["1k", "2k"]), "decide has 0 goals"),
        (lambda: us.ask().decide(gpus=["1k"], maximise="budget"), "^option gpus has one value"),
        (lambda: us.ask(5), "ask: found int 5; expected words"),
        (lambda: us.ask().sensitivity(on="x"), "on = 'x'; expected one of value, log"),
        (lambda: us.claims(claim="flop-bf61"), "did you mean 'flop-bf16'"),
        (lambda: us.backtest(trends=True, scenario="base"), "drop all else"),
    ],
)
def test_what_is_wrong_is_one_clear_error(call, words):
    with pytest.raises(us.UncertainScaleError, match=words) as told:
        call()
    assert len(str(told.value).splitlines()) == 1


def test_everything_is_found_by_tab_and_help():
    problem = us.ask(**ASKED)
    answer = problem.run()
    assert {"run", "sensitivity", "compare", "sweep", "update", "decide"} <= {*dir(problem)}
    public = {name for name in dir(answer) if not name.startswith("_")}
    assert {"plot", "probability", "save", "summary", "to_dict", "to_frame", "tree"} <= public
    assert dir(answer.plot) == ["density", "graph", "intervals", "priors"]
    named = inspect.signature(us.ask).parameters
    assert {"budget", "scenario", "set", "event", "extends_builtin", "draws"} <= named.keys()
    assert [*inspect.signature(answer.plot.density).parameters] == ["outputs", "columns"]
    for one in (us.ask, us.claims, us.backtest, us.Model, us.to, us.beta, us.Problem, us.Answer):
        assert "Parameters" in inspect.getdoc(one) or "q05" in inspect.getdoc(one)
    for name in ("run", "sensitivity", "compare", "sweep", "decide", "update"):
        assert "Parameters" in inspect.getdoc(getattr(us.Problem, name))
    with pytest.raises(AttributeError, match="did you mean 'ask'"):
        us.aks  # noqa: B018 (asked for)


def test_a_problem_and_its_parts_are_told_in_a_line():
    problem = us.ask(budget="100M", free="mfu", training_flop=1e25, outputs=["mfu", "gpus"])
    count = len(problem.model.equations), len(problem.model.variables)
    model = f"Model({count[0]} equations, {count[1]} variables)"
    priors = f"Priors('base', {len(problem.priors.inputs)} inputs)"
    assert (repr(problem.model), repr(problem.priors)) == (model, priors)
    given = "budget = 100M USD; training_flop = 1e+25 FLOP; mfu solved for; mfu, gpus"
    assert repr(problem) == f"Problem({given}; {priors}; {model})"
