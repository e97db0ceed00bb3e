"""The commands as a new user runs them."""

import json

import pytest
import xarray as xr

from uncertain_scale.inputs.catalog import find_prior_file, scenario_names, shipped_folder
from uncertain_scale.inputs.document import PriorFile
from uncertain_scale.inputs.toml import parse_toml

SCENARIOS = {
    "base",
    "h100-dense-bf16",
    "h100-dense-fp8",
    "h100-sparse-fp8",
    "post-reading",
    "gb200-dense-fp8",
    "post-2024-07",
    "frontier-2026",
}


def test_the_first_command_answers_what_a_budget_buys(cli):
    code, out, err = cli("report", "--budget", "100M")
    assert (code, err) == (0, "")
    for name in ("gpu_hours", "training_time", "facility_power", "training_flop", "gpt4_multiple"):
        assert name in out


@pytest.mark.slow
def test_report_in_every_format_and_on_disk(cli, tmp_path):
    code, out, _ = cli(
        "report", "--budget", "1B", "--format", "json", "--output", tmp_path, "--prob", "0.8"
    )
    assert code == 0
    document = json.loads(out)
    assert document == json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {i["prob"] for i in document["outputs"]["gpus"]["intervals"]} == {0.8}
    _, markdown, _ = cli("report", "--budget", "1B", "--format", "md", "--prob", "0.8")
    assert markdown == (tmp_path / "report.md").read_text(encoding="utf-8")
    with xr.open_datatree(tmp_path / "draws.nc", engine="h5netcdf") as tree:
        assert set(tree["prior_predictive"].data_vars) == set(document["outputs"])


def test_outputs_wanted_are_the_only_ones(cli):
    _, out, _ = cli(
        "report", "--budget", "1B", "--format", "json", "--outputs", "gpus, training_flop"
    )
    assert list(json.loads(out)["outputs"]) == ["gpus", "training_flop"]


@pytest.mark.slow
def test_all_outputs_are_more_than_the_headline(cli):
    options = ("report", "--budget", "1B", "--format", "json", "--draws", "64")
    headline, every = (
        json.loads(cli(*options, *more)[1])["outputs"] for more in ([], ["--outputs", "all"])
    )
    assert set(headline) < set(every)


def test_sample_writes_draws_that_xarray_opens(cli, tmp_path):
    code, out, _ = cli("sample", "--budget", "100M", "--output", tmp_path / "d.nc", "--draws", "32")
    assert code == 0
    assert "16 chains x 32 draws" in out
    with xr.open_datatree(tmp_path / "d.nc", engine="h5netcdf") as tree:
        assert tree["prior_predictive/training_flop"].shape == (16, 32)


def test_model_prints_equations_with_units_and_sources(cli):
    _, out, _ = cli("model")
    assert "  Training compute (FLOP)\n      training_flop(gpu_hours, effective_flops)\n" in out
    assert "https://arxiv.org/abs/2203.15556" in out
    data = json.loads(cli("model", "--format", "json")[1])
    assert data["variables"]["hourly_rate"]["units"] == "USD/gpu/hour"


def test_model_draws_a_graph_of_the_whole_and_of_a_question(cli):
    whole = cli("model", "--format", "mermaid")[1]
    assert whole.startswith("flowchart LR")
    assert "  gpu_hours --> training_flop" in whole
    asked = cli("model", "--budget", "1M", "--outputs", "training_flop", "--format", "mermaid")[1]
    assert '  budget[["Budget"]]' in asked
    assert "gpu_price" not in asked


def test_explain_tells_which_way_a_variable_was_reached(cli):
    _, out, _ = cli(
        "model", "--gpus", "25k", "--training-time", "80day", "--explain", "training_flop"
    )
    assert out.splitlines()[:4] == [
        "Training compute (FLOP): training_flop(gpu_hours, effective_flops), compute",
        "  GPU-hours (gpu-hours): gpu_hours__from_cluster(gpus, training_time), cluster",
        "    GPUs (gpus, GPUs): given",
        "    Training time (training_time, days): given",
    ]


def test_what_model_prints_fits_a_terminal(cli):
    whole = cli("model")[1]
    explained = cli("model", "--budget", "100M", "--outputs", "all")[1]
    assert (
        "GPU's training speed (FLOP/s/gpu): effective_flops(peak_flops, sparsity_factor,\n"
        "      precision_factor, mfu), compute\n"
        "  Peak speed of a GPU (peak_flops, FLOP/s/gpu): prior\n"
    ) in explained
    for text in (whole, explained):
        assert max(map(len, text.splitlines())) <= 80


def test_priors_list_names_every_scenario(cli):
    _, out, _ = cli("priors", "list")
    assert {line.split()[0] for line in out.splitlines()} == SCENARIOS == set(scenario_names())
    assert all(len(line.split()) > 3 for line in out.splitlines())


@pytest.mark.slow_but("base")
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_shipped_scenario_is_well(cli, name):
    code, out, err = cli("priors", "check", name)
    assert code == 0, err
    assert "all well" in out
    code, out, err = cli("report", "--scenario", name, "--budget", "100M", "--draws", "64")
    assert code == 0, err


def test_priors_show_prints_distributions(cli):
    _, out, _ = cli("priors", "show", "base")
    assert "hourly_rate" in out
    assert "lognormal(" in out


def test_priors_copy_makes_files_that_work_and_overwrites_none(cli, tmp_path):
    folder = tmp_path / "mine"
    code, _, _ = cli("priors", "copy", folder)
    assert code == 0
    assert (folder / "base.toml").exists()
    assert cli("priors", "check", *sorted(folder.glob("*.toml")))[0] == 0
    assert (
        cli(
            "report", "--scenario", folder / "h100-dense-fp8.toml", "--budget", "1M", "--draws", "8"
        )[0]
        == 0
    )
    before = (folder / "base.toml").read_bytes()
    code, _, err = cli("priors", "copy", folder)
    assert code == 2
    assert "already holds base.toml" in err
    assert (folder / "base.toml").read_bytes() == before


def test_the_shipped_schema_is_the_one_that_the_code_generates(cli):
    shipped = json.loads((shipped_folder() / "schema.json").read_text(encoding="utf-8"))
    assert shipped == PriorFile.editor_schema() == json.loads(cli("priors", "schema")[1])


def test_a_users_overlay_beside_the_shipped_base(cli, tmp_path):
    """A user's own file extends the shipped scenario by name and changes one input."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'schema_version = 1\ntitle = "Mine"\nextends = "h100-dense-fp8"\n'
        '[inputs.mfu]\nkind = "uniform"\nlower = 0.3\nupper = 0.4\n',
        encoding="utf-8",
    )
    _, out, _ = cli(
        "report", "--scenario", path, "--budget", "1M", "--format", "json", "--draws", "64"
    )
    document = json.loads(out)
    assert document["scenario"] == "mine"
    assert document["inputs"]["mfu"]["distribution"] == "uniform(lower=0.3, upper=0.4)"
    assert document["inputs"]["hourly_rate"]["source"]


def test_any_subject_works_with_own_equations_and_priors(cli, specimens):
    _, out, _ = cli(
        "report",
        "--equations",
        specimens / "equations" / "ishigami.py",
        "--priors",
        specimens / "priors" / "ishigami.toml",
        "--format",
        "json",
    )
    document = json.loads(out)
    assert list(document["outputs"]) == ["ishigami"]
    assert set(document["inputs"]) == {"x1", "x2", "x3"}
    assert document["outputs"]["ishigami"]["mean"] == pytest.approx(3.5, abs=0.01)


def test_shipped_files_are_complete_toml_with_sources():
    for name in scenario_names():
        _, document = parse_toml(find_prior_file(name))
        for prior in document.get("inputs", {}).values():
            assert prior["source"]
            assert prior["as_of"]


LABORATORY = """print("read")
from typing import Annotated as A
def budget(
    staff: A[float, "person"], salary: A[float, "USD/person/year"]
) -> A[float, "USD/year"]:
    print("called")
    return staff * salary
"""
STAFF = """schema_version = 1
title = "A laboratory"
[inputs.staff]
kind = "uniform"
lower = {lower}
upper = 14
units = "person"
[inputs.salary]
kind = "uniform"
lower = 50000
upper = 80000
units = "USD/person/year"
"""
MEMO = """schema_version = 1
title = "Memo"
scenario = "own.toml"
[[claims]]
name = "cost"
variable = "budget"
value = "1M USD/year"
scenario = "own.toml"
"""


@pytest.fixture
def laboratory(tmp_path):
    """Write a model of another subject, which uses a name of the built-in one and prints."""
    for name, text in (
        ("own.py", LABORATORY),
        ("own.toml", STAFF.format(lower=8)),
        ("more.toml", STAFF.format(lower=12)),
        ("memo.toml", MEMO),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "report --priors {}/own.toml",
        "report --scenario {}/own.toml --no-draws",
        "report --priors {}/own.toml --event budget<700k",
        "report --priors {}/own.toml --set salary=60k",
        "sensitivity --priors {}/own.toml",
        "sweep --priors {}/own.toml --given staff=8..14 --points 3",
        "compare {0}/own.toml {0}/more.toml",
        "claims {}/memo.toml",
        "model --priors {}/own.toml",
        "model --priors {}/own.toml --explain budget",
        "model",
    ],
)
def test_another_subject_runs_in_every_command_and_prints_beside_the_answer(
    cli, laboratory, command
):
    words = command.format(laboratory).split()
    few = [] if words[0] == "model" else ["--draws", "64", "--chains", "2"]
    code, out, err = cli(*words, "--equations", laboratory / "own.py", "--format", "json", *few)
    assert code == 0, err
    assert "read" in err.split()
    assert "budget" in json.dumps(json.loads(out))


@pytest.mark.parametrize(
    "command", ["priors check {}", "priors show {}", "plot priors {} --output {}.svg"]
)
def test_priors_of_another_subject_are_looked_at_with_their_equations(cli, laboratory, command):
    own = laboratory / "own.toml"
    words = command.format(own, own).split()
    code, out, err = cli(*words, "--equations", laboratory / "own.py")
    assert code == 0, err
    assert str(own) in out or "staff" in out
    code, _, err = cli(*words)
    assert code == 2
    assert err.endswith("variables of your own come with their equations: --equations FILE.py")


def test_what_is_ranked_may_be_of_the_built_in_model(cli, tmp_path):
    """Under priors of one's own, which name only variables of one's own equation."""
    (tmp_path / "own.py").write_text(
        "from typing import Annotated as A\n"
        'def half(budget: A[float, "USD"], hourly_rate: A[float, "USD/gpu/hour"]\n'
        ') -> A[float, "gpu*hour"]:\n    return budget / hourly_rate / 2\n',
        encoding="utf-8",
    )
    (tmp_path / "own.toml").write_text(
        'schema_version = 1\ntitle = "Rent"\n'
        '[inputs.budget]\nkind = "uniform"\nlower = 1e6\nupper = 2e6\nunits = "USD"\n'
        '[inputs.hourly_rate]\nkind = "constant"\nvalue = 2\nunits = "USD/gpu/hour"\n',
        encoding="utf-8",
    )
    asked = ("--priors", tmp_path / "own.toml", "--equations", tmp_path / "own.py", "--draws", 64)
    ranked = ("sensitivity", *asked, "--of", "gpu_hours", "--format", "json")
    code, _, err = cli(*ranked)
    assert code == 2
    assert "'gpu_hours' is in no equation of yours" in err
    folder = tmp_path / "out"
    code, out, err = cli(*ranked, "--extends-builtin", "--output", folder)
    assert code == 0, err
    assert list(json.loads(out)["outputs"]) == ["gpu_hours"]
    code, out, err = cli("verify", folder, "--run-equations")
    assert (code, out[:9]) == (0, "identical"), err
    assert "--extends-builtin" in (folder / "sensitivity.html").read_text(encoding="utf-8")


@pytest.mark.slow_but("beneath2")
@pytest.mark.parametrize("beneath", [(), ("--scenario", "h100-dense-fp8"), ("extends",)])
def test_own_equations_on_a_shipped_scenario_are_replayed_with_the_built_in_ones(
    cli, tmp_path, beneath
):
    """Although the priors that a record merges extend nothing."""
    (tmp_path / "own.py").write_text(
        "from typing import Annotated as A\n"
        'def double(gpus: A[float, "gpu"]) -> A[float, "gpu"]:\n    return 2.0 * gpus\n',
        encoding="utf-8",
    )
    if beneath == ("extends",):
        text = (
            'schema_version = 1\nextends = "base"\n[inputs.mfu]\nkind = "constant"\nvalue = 0.4\n'
        )
        (tmp_path / "own.toml").write_text(text, encoding="utf-8")
        beneath = ("--priors", tmp_path / "own.toml")
    asked = ("report", "--budget", "1M", "--equations", tmp_path / "own.py", *beneath)
    few = ("--draws", 64, "--chains", 2, "--output", tmp_path / "out")
    code, out, err = cli(*asked, "--outputs", "double", *few)
    assert code == 0, err
    record = tmp_path / "out" / "run.json"
    for told in (True, False):  # as before there was the option
        stated = json.loads(record.read_text(encoding="utf-8"))
        assert ("--extends-builtin" in stated["command"]) == told
        code, out, err = cli("verify", tmp_path / "out", "--run-equations")
        assert (code, out[:9]) == (0, "identical"), err
        stated["command"] = [one for one in stated["command"] if one != "--extends-builtin"]
        record.write_text(json.dumps(stated), encoding="utf-8")


@pytest.mark.slow
def test_another_subject_is_replayed(cli, laboratory):
    asked = ("report", "--priors", laboratory / "own.toml", "--equations", laboratory / "own.py")
    assert cli(*asked, "--draws", 64, "--output", laboratory / "out")[0] == 0
    code, out, err = cli("verify", laboratory / "out", "--run-equations")
    assert (code, out[:9]) == (0, "identical"), err


@pytest.mark.parametrize("draws", [[], ["--no-draws"]])
def test_all_outputs_without_finite_numbers_are_told(cli, tmp_path, draws):
    text = "import numpy as np\nfrom uncertain_scale.units.aliases import empirical\n"
    for name in ("low", "high"):
        text += f"@empirical\ndef {name}(mfu):\n    return np.log(mfu - 0.35)\n"
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    code, out, err = cli(
        "report", "--equations", tmp_path / "own.py", "--outputs", "low,high,mfu", *draws
    )
    assert (code, out) == (2, "")
    assert err.startswith("error: outputs 'low', 'high' are nan in ")
    assert len(err.splitlines()) == 1


@pytest.mark.slow_but("command1")
@pytest.mark.parametrize(
    "command", [("report", "--budget", "1M"), ("claims", "--claim", "gpu-price")]
)
def test_a_page_that_is_saved_and_printed_is_drawn_once(cli, tmp_path, monkeypatch, command):
    from uncertain_scale.report.render import html as renderer

    pages, draw = [], renderer.html
    monkeypatch.setattr(renderer, "html", lambda *a, **k: pages.append(draw(*a, **k)) or pages[-1])
    asked = (*command, "--draws", "64", "--chains", "2", "--output", tmp_path / "out")
    code, out, err = cli(*asked, "--format", "html")
    assert (code, err, len(pages)) == (0, "", 1)
    assert out == pages[0] == next((tmp_path / "out").glob("*.html")).read_text(encoding="utf-8")
