"""Results: shown, as tables, drawn, saved, and what they say when asked for something else."""

import json

import jsonschema
import numpy as np
import pytest

import uncertain_scale as us
from uncertain_scale.report.schema import json_schema
from uncertain_scale.report.store import as_json

FEW = {"draws": 128, "chains": 4}


@pytest.fixture(scope="module")
def results():
    """Give results by kind, each made once when it is asked for."""
    asked = us.ask(budget="100M", outputs=["gpus", "training_flop"], **FEW)
    known = us.ask(gpus="100k", outputs="facility_power", **FEW)
    makers = {
        "report": asked.run,
        "update": lambda: known.update("h100-clusters"),
        "sensitivity": asked.sensitivity,
        "sensitivity given evidence": lambda: known.sensitivity(evidence="h100-clusters"),
        "compare": lambda: asked.compare("h100-dense-fp8"),
        "compare given evidence": lambda: known.compare("base", evidence="h100-clusters"),
        "sweep": lambda: asked.sweep(budget="10M..1B", points=3),
        "decide": lambda: us.ask(**FEW).decide(
            budget=["1B", "2B"], maximise="training_flop", minimise="budget"
        ),
        "claims": lambda: us.claims(claim=["flop-bf16", "flop-fp8"], **FEW),
        "backtest": lambda: us.backtest(**FEW),
        "backtest of trends": lambda: us.backtest(trends=True),
    }

    class Made(dict):
        def __missing__(self, kind):
            self[kind] = made = makers[kind]()
            assert made.kind == kind
            return made

    return Made()


KINDS = {
    "report": "report",
    "update": "update",
    "sensitivity": "sensitivity",
    "sensitivity given evidence": "sensitivity",
    "compare": "compare",
    "compare given evidence": "compare",
    "sweep": "sweep",
    "decide": "decide",
    "claims": "claims",
    "backtest": "backtest",
    "backtest of trends": "backtest",
}


@pytest.mark.slow_but("report", "sweep", "decide", "claims")
@pytest.mark.parametrize("kind", KINDS)
def test_every_result_is_shown_tabulated_drawn_and_plain(kind, results, tmp_path):
    result = results[kind]
    document = result.to_dict()
    jsonschema.validate(json.loads(as_json(document)), json_schema(KINDS[kind]))
    frame = result.to_frame()
    assert len(frame) > 0
    assert not frame.columns.str.contains("Unnamed").any()
    html = result._repr_html_()
    assert html.count("<table>") == html.count("</table>") >= 1
    assert "<script" not in html
    assert repr(result).splitlines()[0]
    assert max(map(len, repr(result).splitlines())) <= 80
    for name in dir(result.plot):
        options = {"output": "training_flop"} if name == "tornado" else {}
        figure = getattr(result.plot, name)(**options)
        assert figure.get_label()
        assert figure._repr_png_()
    if dir(result.plot):
        assert result.plot().get_label()
    else:
        with pytest.raises(us.UncertainScaleError, match="no figure"):
            result.plot()
    saved = result.save(tmp_path / "out")
    assert {path.suffix for path in saved} >= {".json", ".md", ".html"}
    assert all(path.stat().st_size > 0 for path in saved)
    (kept,) = (one for one in saved if one.suffix == ".json" and one.name != "run.json")
    assert json.loads(kept.read_text(encoding="utf-8")) == json.loads(as_json(document))


def test_text_has_no_codes_of_terminals(results, monkeypatch):
    """Although notebooks pass for terminals that have colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    again = us.Result("sweep", results["sweep"].document)
    assert "\x1b" not in repr(again)
    assert again.plot()._repr_png_()


def test_a_table_holds_the_figures_of_the_document(results):
    result = results["report"]
    frame = result.to_frame().set_index(["name", "measure"]).sort_index()
    output = result.to_dict()["outputs"]["gpus"]
    assert frame.loc[("gpus", "median"), "value"].item() == output["median"]


def test_figures_take_one_name_or_several_and_refuse_others(results):
    plot = results["report"].plot
    one, listed = (plot.density(names).get_label() for names in ("gpus", ["gpus"]))
    assert one == listed
    assert "Training compute" not in one
    assert "Training compute" in plot.density().get_label()
    assert "Utilisation (MFU)" in plot.priors(["mfu"]).get_label()
    with pytest.raises(us.UncertainScaleError, match="'gpu' is not drawn here; .*'gpus'"):
        plot.density("gpu")
    with pytest.raises(AttributeError, match="no figure 'densty'; did you mean 'density'"):
        plot.densty  # noqa: B018 (asked for)
    with pytest.raises(us.UncertainScaleError, match="outputs: found int 3"):
        plot.density(3)
    ratio = results["compare"].plot.compare("h100-dense-fp8").get_label()
    assert "h100-dense-fp8" in ratio
    with pytest.raises(us.UncertainScaleError, match="did you mean 'h100-dense-fp8'"):
        results["compare"].plot.compare("h100-dense-fp")
    assert results["sweep"].plot.sweep("gpus").get_label().startswith("GPUs")


def test_what_a_result_cannot_give_is_refused_with_what_it_can(results):
    with pytest.raises(AttributeError, match="a result of sweep has no 'probability'; it has data"):
        results["sweep"].probability  # noqa: B018 (asked for)
    with pytest.raises(AttributeError, match="did you mean 'to_frame'"):
        results["sweep"].to_frames  # noqa: B018 (asked for)
    answer = results["report"]
    with pytest.raises(us.UncertainScaleError, match="pue was not drawn; ask for it: outputs"):
        answer["pue"]
    with pytest.raises(us.UncertainScaleError, match="'gpuss' was not drawn; did you mean 'gpus'"):
        answer["gpuss"]
    with pytest.raises(us.UncertainScaleError, match="pue was not drawn; ask with event="):
        answer.probability("pue >= 1.2")
    with pytest.raises(us.UncertainScaleError, match="found Result; expected what run or sample"):
        us.summarize(results["sweep"])
    assert us.summarize(answer).identical(us.summarize(answer.tree))
    assert us.summarize(answer)["median"].sel(output="gpus") > 0


@pytest.mark.slow
def test_an_update_has_the_draws_given_the_evidence(results):
    answer = results["update"]
    before = answer.tree["prior_predictive/facility_power"]
    assert (answer["facility_power"] == answer.tree["posterior_predictive/facility_power"]).all()
    assert answer["facility_power"].std() < before.std()


def test_saved_draws_are_read_back(results, tmp_path):
    import xarray as xr

    results["report"].save(tmp_path)
    with xr.open_datatree(tmp_path / "draws.nc") as tree:
        assert np.array_equal(tree["prior_predictive/gpus"], results["report"]["gpus"])
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("<svg") >= 3


def _known():
    return us.ask(gpus="100k", outputs="facility_power", **FEW)


def _ranged():
    return us.ask(training_time=us.to(60, 90, "day"), chip="GB300", gpus=9e3, **FEW)


SAVED = {
    "report": lambda: us.ask(budget="100M", set={"mfu": "0.3 to 0.5"}, **FEW).run(prob=[0.8, 0.5]),
    "dated": lambda: us.ask(date=2027, budget="10B", design="lhs", **FEW).run(),
    "when": lambda: us.ask(training_flop=2e28, budget="50B", **FEW).run(),
    "range": lambda: _ranged().run(),
    "evidence": lambda: _known().run(evidence=["h100-clusters"]),
    "update": lambda: _known().update("h100-clusters"),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_answer_is_run_again_by_its_record(cli, tmp_path, name):
    SAVED[name]().save(tmp_path)
    code, out, err = cli("verify", tmp_path)
    assert (code, err) == (0, "")
    assert out.startswith("identical")


def test_a_saved_answer_that_was_altered_is_not_identical(cli, tmp_path):
    _known().run().save(tmp_path)
    (tmp_path / "report.md").write_text("other")
    assert cli("verify", tmp_path)[0] == 1


def test_a_saved_answer_of_files_of_ones_own_has_them_with_it(cli, tmp_path):
    (tmp_path / "law.py").write_text(
        "from typing import Annotated\n"
        "def y(x: Annotated[float, '1']) -> Annotated[float, '1']:\n    return 2 * x\n"
    )
    prior = "[inputs.x]\nkind = 'uniform'\nlower = 0\nupper = 1\nunits = '1'\n"
    (tmp_path / "my.toml").write_text(f"schema_version = 1\n{prior}")
    files = {"equations": tmp_path / "law.py", "priors": tmp_path / "my.toml"}
    us.ask(outputs="y", **files, **FEW).run().save(tmp_path / "out")
    (tmp_path / "law.py").unlink()
    assert cli("verify", tmp_path / "out")[0] == 2
    assert cli("verify", tmp_path / "out", "--run-equations")[0] == 0


def test_an_answer_of_functions_in_memory_says_that_it_is_not_run_again(cli, tmp_path):
    model = us.Model({"y": lambda x: 2 * x}, inputs={"x": us.to(1, 2, "MW")})
    model.ask(**FEW).run().save(tmp_path)
    code, out, _ = cli("verify", tmp_path)
    assert code == 0
    assert "it is not run again; its files are as they were" in " ".join(out.split())
    assert json.loads(cli("verify", tmp_path, "--format", "json")[1])["grade"] == "not run"
    (tmp_path / "report.json").write_text("{}")
    assert cli("verify", tmp_path)[0] == 1
