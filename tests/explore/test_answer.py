"""What the page says of a view is what the commands that it shows print, to the bit."""

import json
import shlex
from dataclasses import replace

import pytest

from uncertain_scale.analysis.comparison import compare
from uncertain_scale.cli.explore import commands_of
from uncertain_scale.explore.answer import answer_to
from uncertain_scale.explore.edits import moved
from uncertain_scale.explore.explorer import Explorer
from uncertain_scale.explore.view import EDITS, Scenarios, View, scenarios_for
from uncertain_scale.model import Model, default_model
from uncertain_scale.report import report_document
from uncertain_scale.report.comparison_report import comparison_document, comparison_words
from uncertain_scale.sampling import Design, sample

FEW = Design(draws=256, chains=4, seed=7)


@pytest.fixture
def scenarios():
    return Scenarios(default_model())


def view_of(scenarios, *, edits=None, **parts):
    view = View(**{"given": {"budget": "100M"}, "design": FEW, "probs": (0.9,)} | parts)
    priors = view.unedited(scenarios).inputs
    for name, values in (edits or {}).items():
        view = replace(view, edits={**view.edits, name: moved(priors[name], values)})
    return view


MFU = {"mfu": {"q05": 0.2, "q95": 0.5}}
TWO = MFU | {"gpu_price": {"q05": 30000.0, "q95": 50000.0}, "site_power": {"q05": 2.0, "q95": 6.0}}
SOME = ("training_flop", "cost_per_flop", "gpus")
CASES = {
    "a budget": {},
    "another direction": {"given": {"training_flop": "2e26", "training_time": "80day"}},
    "solved for": {
        "given": {"budget": "1B", "gpus": "25k", "training_time": "80day"},
        "free": ("hourly_rate",),
    },
    "solved for, uncertain": {
        "given": {"budget": "1B", "gpus": "20k to 30k", "training_time": "80day"},
        "free": ("hourly_rate",),
    },
    "events and outputs": {
        "events": ("training_flop >= 5e25", "gpus > gpus_purchasable"),
        "outputs": ("training_flop", "gpus"),
    },
    "an uncertain given": {"given": {"budget": "80M to 120M", "facility_power": "30 MW"}},
    "edited": {"edits": MFU, "others": ("base", "h100-dense-fp8"), "outputs": SOME},
    "edited everywhere": {
        "edits": TWO,
        "others": ("post-reading",),
        "everywhere": True,
        "outputs": (*SOME, "sites_needed", "cluster_price"),
    },
    "a date": {
        "given": {"budget": "100M", "date": "2028-07"},
        "others": ("frontier-2026",),
        "outputs": SOME,
    },
    "Latin hypercubes": {"edits": MFU, "design": replace(FEW, kind="lhs"), "probs": (0.8, 0.5)},
    "many draws": {
        "edits": MFU,
        "others": ("base",),
        "outputs": SOME,
        "design": Design(draws=8192, chains=3),
    },
}


@pytest.mark.slow_but("a budget")
@pytest.mark.parametrize("case", CASES)
def test_the_commands_give_the_figures_to_the_bit(case, cli, scenarios, tmp_path, monkeypatch):
    view = view_of(scenarios, **CASES[case])
    explorer = Explorer(view, scenarios, commands_of)
    shown = explorer.show(view)
    assert not shown.error
    monkeypatch.chdir(tmp_path)
    if shown.overlay:
        (tmp_path / EDITS).write_text(shown.overlay, encoding="utf-8")
    found = {}
    for what, command in shown.commands.items():
        if what != "This page":
            code, out, err = cli(*shlex.split(command)[1:], "--format", "json")
            assert (code, err) == (0, "")
            found[what] = json.loads(out)
    same_report(shown.answer, found["Intervals"])
    if "Ranking" in found:
        same_ranking(shown.answer, found["Ranking"])
    else:
        assert shown.answer.document["outputs"][shown.answer.of]["constant"]
    if view.others:
        same_comparison(shown.answer, found["Comparison"])


def same_report(answer, report):
    document = answer.document
    assert list(document["outputs"]) == list(report["outputs"])
    for name, output in document["outputs"].items():
        theirs = report["outputs"][name]
        for key in ("median", "median_mcse", "constant", "units", "long_name"):
            assert output[key] == theirs[key], name
        assert output["intervals"] == [i for i in theirs["intervals"] if i["kind"] == "eti"], name
    of = answer.of
    assert document["outputs"][of]["histogram"] == report["outputs"][of]["histogram"]
    kept = ("question", "scenario", "title", "notes", "warnings", "events", "suffices", "design")
    for key in (*kept, "seed", "chains", "draws", "probs"):
        assert document[key] == report[key], key
    for name, prior in document["inputs"].items():
        theirs = report["inputs"][name]
        for key in ("q05", "q50", "q95", "units", "origin", "long_name", "distribution"):
            assert prior[key] == theirs[key], name


def same_ranking(answer, theirs):
    assert answer.ranking["on"] == theirs["on"]
    mine, theirs = answer.ranking["outputs"][answer.of], theirs["outputs"][answer.of]
    assert mine["ranking"] == theirs["ranking"]
    assert mine["rank_share"] == theirs["rank_share"]
    assert mine["shapley"] == theirs["shapley"]


def same_comparison(answer, theirs):
    assert not answer.refused
    assert len(answer.comparison["comparisons"]) == len(theirs["comparisons"])
    assert answer.comparison["base"] == theirs["base"]
    for one, other in zip(answer.comparison["comparisons"], theirs["comparisons"], strict=True):
        assert one["other"] == other["other"]
        assert list(one["changed_inputs"]) == list(other["changed_inputs"])
        for name, output in one["outputs"].items():
            ratio, full = output["ratio"], other["outputs"][name]["ratio"]
            assert (ratio is None) == (full is None)
            if ratio:
                assert ratio["median"] == full["median"]
                assert ratio["median_mcse"] == full["median_mcse"]
                assert ratio["constant"] == full["constant"]
                ends = [piece for piece in full["intervals"] if piece["kind"] == "eti"]
                assert ratio["intervals"] == ends
            keys = [f"probability_greater{end}" for end in ("", "_mcse", "_low", "_high")]
            assert [output[key] for key in keys] == [other["outputs"][name][key] for key in keys]
        of, full = one["outputs"][answer.of], other["outputs"][answer.of]
        for key in ("ratio_of_medians", "attribution", "factors"):
            assert of[key] == full[key]


RARE = '''
import numpy as np


def cost(repair, outage, accident):
    """Neither a product nor a sum."""
    return np.maximum(repair, outage) * (1 + 1e5 * accident)


def net(repair, outage, accident):
    """What takes both signs."""
    return np.minimum(repair, outage) - 0.7 + 1e5 * np.maximum(accident, 0)


def flood(repair, wave):
    """A branch with a probability of exp(-11.5)."""
    return np.where(wave > 11.5, 1e5, repair)


def storm(repair, wave, tide):
    """A branch that two inputs reach together."""
    return np.where((wave > 7) & (tide > 7), 1e5, repair)


def idle(accident):
    """One number in all draws."""
    return 5 + 1e9 * accident


def spare(repair, outage, factor):
    """What large terms leave that cancel."""
    return (repair * factor + 1e15) - 1e15 - outage / 10


def dry(repair, outage, factor):
    """What a constant alone moves."""
    return np.maximum(repair, outage) * factor
'''
NAMED = {
    "cost": "a value of accident with",
    "net": "a value of accident with",
    "flood": "a value of wave with",
    "storm": "a value of tide and wave together with",
    "idle": "a value of accident with",
    "spare": "",
    "dry": "",
}


def test_a_ratio_that_no_draw_moves_is_not_settled_as_compare_says(tmp_path):
    (tmp_path / "own.py").write_text(RARE, encoding="utf-8")
    for name, accident, factor, beta in (("one", 1e-7, 1, 1.0), ("two", 2e-7, 2, 1.25)):
        (tmp_path / f"{name}.toml").write_text(
            "schema_version = 1\n"
            'inputs.repair = { kind = "uniform", lower = 0.5, upper = 1 }\n'
            'inputs.outage = { kind = "uniform", lower = 0.5, upper = 1 }\n'
            'inputs.tide = { kind = "gamma", alpha = 1, beta = 1 }\n'
            f'inputs.accident = {{ kind = "bernoulli", p = {accident} }}\n'
            f'inputs.factor = {{ kind = "constant", value = {factor} }}\n'
            f'inputs.wave = {{ kind = "gamma", alpha = 1, beta = {beta} }}\n',
            encoding="utf-8",
        )
    model = Model.of(tmp_path / "own.py")
    view = View(
        scenario=str(tmp_path / "one.toml"),
        others=(str(tmp_path / "two.toml"),),
        outputs=tuple(NAMED),
        probs=(0.9,),
        design=FEW,
    )
    scenarios = Scenarios(model)
    (mine,) = answer_to(view, scenarios).comparison["comparisons"]
    other = view.held_against(scenarios, view.others[0])
    tree, found = compare(view.problem(scenarios), [other], FEW, probs=view.probs)
    (theirs,) = comparison_document(tree, found, view.probs)["comparisons"]
    words = comparison_words(mine, "one")
    unsettled = [line for line in words if "not settled" in line]
    assert unsettled == [line for line in comparison_words(theirs, "one") if "not settled" in line]
    for name, named in NAMED.items():
        one, full = mine["outputs"][name], theirs["outputs"][name]
        pairs = [
            (one, full),
            *((one["otherwise"][k], full["otherwise"][k]) for k in full["otherwise"]),
        ]
        for page, command in pairs:
            held, same = (side["ratio"] or side["difference"] for side in (page, command))
            assert held["constant"] == same["constant"] == (name == "dry")
            assert held["median_mcse"] == same["median_mcse"]
            assert held["reason"].get("mean") == same["reason"].get("mean")
            for end in ("low", "high"):
                key = f"probability_greater_{end}"
                assert page[key] == command[key]
            if named:
                assert named in held["reason"]["mean"]
        if named:
            (line,) = (line for line in unsettled if name in line.partition(": ")[0].split(", "))
            assert named in line
    assert theirs["outputs"]["spare"]["difference"]["median_mcse"] > 0.1
    page, report = (
        answer_to(view, scenarios).document,
        report_document(sample(view.problem(scenarios), FEW), probs=view.probs),
    )
    assert page["warnings"] == report["warnings"] != []
    for key in ("constant", "median", "median_mcse"):
        for name, output in page["outputs"].items():
            assert output[key] == report["outputs"][name][key], name
    assert page["outputs"]["idle"]["reason"]["mean"].endswith("of the 1,024 draws")
    spare = page["outputs"]["spare"]
    assert spare["median_mcse"] == report["outputs"]["spare"]["median_mcse"] > 0.1
    assert "dry: exactly 2 times in every draw" in words[0]


def test_a_date_may_be_taken_away_again():
    view = View(given={"budget": "10B", "date": "2027"}, outputs=("gpus",), design=FEW)
    scenarios = scenarios_for(view)
    dated, undated, again = (
        answer_to(replace(view, given=given), scenarios, brief=True).document["outputs"]["gpus"]
        for given in (view.given, {"budget": "10B"}, view.given)
    )
    assert dated == again != undated
