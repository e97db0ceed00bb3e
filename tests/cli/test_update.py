"""`update` and `--evidence`: what is shown in every format, saved, and refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from uncertain_scale.inputs.catalog import shipped_folder

SPECIMENS = Path(__file__).parents[1] / "specimens" / "evidence"
SMALL = ("--draws", "512", "--chains", "8")
SOUND_IN_PART = {"rows"}  # answered from the other observations
BAD = sorted((SPECIMENS / "bad").glob("*.toml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_evidence_file_is_told_with_file_and_line(cli, path):
    """Each specimen says on its first lines what its error must say, and all of them are said."""
    expected = re.findall(r"^# expect: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    code, out, err = cli("update", path, "--budget", "1M")
    assert (code, bool(out)) == (2, path.stem in SOUND_IN_PART)
    for pattern in expected:
        assert re.search(pattern, err), f"{pattern!r} is not in {err!r}"
    assert len(err.splitlines()) == len(expected)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_what_is_wrong_is_wrong_for_every_command(cli, path):
    for command in (["report"], ["sensitivity"], ["sample", "--output", "none.nc"]):
        code, out, err = cli(*command, "--evidence", path, "--budget", "1M", *SMALL)
        assert (code, out) == (2, "")
        assert path.name in err
    assert not Path("none.nc").exists()


def evidence(folder, *tables):
    path = folder / "facts.toml"
    path.write_text("\n".join(["schema_version = 1", *tables]), encoding="utf-8")
    return path


def fact(name, value, given="gpus = '100k'", variable="facility_power", more=""):
    return (
        f"[[observations]]\nname = '{name}'\nvariable = '{variable}'\nvalue = '{value}'\n"
        f"given = {{ {given} }}\n{more}\n"
    )


@pytest.mark.slow
def test_sound_observations_are_used_and_the_faulty_are_told(cli, tmp_path):
    """The answer is that of the sound ones alone, and every fault is in the report too."""
    sound = fact("A", "150 MW ± 10 MW")
    faulty = [fact("B", "5 parsec ± 1 parsec"), fact("C", "160 MW ± 0 MW")]
    both = evidence(tmp_path, sound, *faulty)
    form = ("--gpus", "100k", *SMALL, "--format", "json")
    code, out, err = cli("update", both, *form)
    assert code == 2
    assert [re.search("'(.)'", line)[1] for line in err.splitlines()] == ["B", "C"]
    assert all("facts.toml:" in line for line in err.splitlines())
    told = json.loads(out)
    assert len(told["evidence"]["left_out"]) == 2
    assert all(fault in err for fault in told["evidence"]["left_out"])
    code, out, err = cli("update", evidence(tmp_path, sound), *form)
    assert (code, err) == (0, "")
    assert told["outputs"] == json.loads(out)["outputs"]
    both = evidence(tmp_path, sound, *faulty)
    code, out, err = cli("update", both, "--gpus", "100k", *SMALL, "--format", "md")
    assert out.count("left out: ") == 2
    for command in (["report"], ["sensitivity"]):  # an answer needs all of its evidence
        assert cli(*command, "--evidence", both, "--gpus", "100k", *SMALL)[:2] == (2, "")


@pytest.mark.slow
def test_json_holds_the_evidence_and_what_moved(cli):
    arguments = ("h100-clusters", "--budget", "100M", *SMALL)
    code, out, err = cli("update", *arguments, "--format", "json")
    assert code == 0, err
    document = json.loads(out)
    found = document["evidence"]
    assert found["method"] in {"importance", "smc"}
    assert found["k_hat"] < 0.7
    assert 0 < found["effective"] < 512 * 8
    power, speed = found["observations"]
    assert (power["variable"], power["given"], power["own"]) == (
        "facility_power",
        {"gpus": "100k"},
        {},
    )
    assert speed["own"] == {"dense_model_mfu": 0.5}
    assert power["source"]
    assert power["prior_predictive"][1] == pytest.approx(182, abs=3)
    assert power["posterior_predictive"][1] == pytest.approx(181, abs=3)
    reached = {"dense_model_mfu", "moe_factor", "gpu_price", "gpu_power", "pue"}
    assert set(found["moved"]) == reached
    mfu = found["moved"]["dense_model_mfu"]
    width = {when: np.log(mfu[when]["q95"] / mfu[when]["q05"]) for when in ("prior", "posterior")}
    assert width["posterior"] < 0.95 * width["prior"]
    assert mfu["bits"] > 2 * mfu["bits_mcse"] > 0
    before, now = found["before"]["training_flop"], document["outputs"]["training_flop"]
    assert now["median"] != before["median"]
    same = cli("report", "--evidence", *arguments, "--format", "json")[1]
    assert json.loads(same)["outputs"] == document["outputs"]
    plain = json.loads(cli("report", "--budget", "100M", "--format", "json", *SMALL)[1])
    assert plain["evidence"] is None
    # A fact of dense runs opens `mfu` into a dense run's and what a mixture of experts makes of it:
    # the same belief, to the digits of the prior file.
    assert before["median"] == pytest.approx(plain["outputs"]["training_flop"]["median"], rel=1e-3)
    opened = {"dense_model_mfu", "moe_factor", "moe"}
    assert set(document["inputs"]) == set(plain["inputs"]) - {"mfu"} | opened
    kept = set(document["inputs"]) & set(plain["inputs"])
    assert all(document["inputs"][name] == plain["inputs"][name] for name in kept)


@pytest.mark.slow
def test_terminal_and_markdown_tell_what_moved(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    arguments = ("h100-clusters", "--budget", "100M", "--event", "training_flop >= 5e25", *SMALL)
    code, out, err = cli("update", *arguments, "--output", tmp_path)
    assert code == 0, err
    flat = " ".join(out.split())
    for words in (
        "Colossus 1: facility power (facility_power) = 181 MW ± 4%, given GPUs = 100k",
        "its own utilisation, dense model (dense_model_mfu) (rank 0.5)",
        "k-hat",
        "of the prior's draws count by weight",
        "learnt about all inputs together",
        "what moved",
        "P(training compute >= 5e25)",
    ):
        assert words in flat
    assert max(map(len, out.splitlines())) <= 80
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    for heading in ("## Evidence", "## What moved", "## Answers before the evidence"):
        assert heading in markdown
    assert "xai\\_datacenter\\_timelines.csv" in markdown
    assert "k-hat" in markdown
    report = cli("report", "--evidence", *arguments)[1]
    assert "Evidence" in report
    assert "input, before" in report


@pytest.mark.slow
def test_saved_draws_have_both_groups_and_arviz_reads_them(cli, tmp_path):
    import xarray as xr
    from arviz_stats import summary

    path = tmp_path / "draws.nc"
    code, _, err = cli(
        "sample", "--evidence", "h100-clusters", "--gpus", "10k", "--output", path, *SMALL
    )
    assert code == 0, err
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        assert set(tree.children) >= {
            "prior",
            "prior_predictive",
            "posterior",
            "posterior_predictive",
        }
        assert set(tree["posterior"].data_vars) == set(tree["prior"].data_vars)
        assert tree["posterior/dense_model_mfu"].dims == ("chain", "draw")
        row = summary(tree, var_names=["dense_model_mfu"], group="posterior")
        assert float(row["mean"].iloc[0]) == pytest.approx(0.265, abs=0.02)


@pytest.mark.slow
def test_a_fact_that_the_priors_exclude_is_refused_with_the_numbers(cli, tmp_path):
    path = evidence(tmp_path, fact("Odd", "900 ± 10 MW"), fact("Even", "181 ± 10 MW"))
    code, out, err = cli("update", path, "--budget", "1M")
    assert (code, out) == (2, "")
    assert re.search(
        r"facts\.toml:5 .*'Odd' contradicts the prior: facility_power is observed as 900 MW ± "
        r"10 MW, but .* 148 to 224 MW \(90%; .* p < 1e-06\); check its value, units and givens",
        err,
    )
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_two_facts_that_cannot_both_hold_are_named(cli, tmp_path):
    path = evidence(tmp_path, fact("One", "165 ± 2 MW"), fact("Two", "200 ± 2 MW"))
    code, out, err = cli("update", path, "--budget", "1M")
    assert (code, out) == (2, "")
    assert re.search(r"'(One|Two)' and '(Two|One)' \(.*facts\.toml:\d+\) cannot both hold", err)
    assert re.search(r"let one of them own gpu_power or pue", err)
    own = fact("Two", "200 ± 2 MW", more="own = ['gpu_power']")
    path = evidence(tmp_path, fact("One", "165 ± 2 MW"), own)
    assert cli("update", path, "--budget", "1M", *SMALL)[0] == 0


@pytest.mark.slow
def test_weights_that_cannot_be_trusted_are_refused_with_advice(cli, tmp_path):
    path = evidence(tmp_path, fact("Sharp", "240 ± 0.05 MW"))
    code, out, err = cli("update", path, "--budget", "1M", "--method", "importance", *SMALL)
    assert (code, out) == (2, "")
    assert re.search(r"k-hat is (0\.[7-9]|[1-9]|infinite).*the method smc answers", err)
    code, out, _ = cli("update", path, "--budget", "1M", *SMALL)
    assert code == 0
    assert "sequential Monte Carlo" in out


def test_a_missing_file_is_told(cli):
    code, out, err = cli("update", "h100-cluster", "--budget", "1M")
    assert (code, out) == (2, "")
    assert "did you mean 'h100-clusters'" in err


def test_evidence_that_bears_on_nothing_asked_says_so(cli, tmp_path):
    path = evidence(tmp_path, fact("Power", "181 ± 9 MW"))
    code, out, _ = cli(
        "update", path, "--budget", "1M", "--outputs", "gpu_hours,training_flop", *SMALL
    )
    assert code == 0
    assert "bears on no input that the answers rest on" in " ".join(out.split())


@pytest.mark.slow
def test_compare_tells_which_scenario_the_evidence_speaks_for(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    run = fact("Pilot", "8e23 FLOP ± 10%", "gpu_hours = '1M'", "training_flop")
    path = evidence(tmp_path, run)
    arguments = ("h100-dense-fp8", "h100-sparse-fp8", "--budget", "100M", "--evidence", path)
    arguments = (*arguments, "--outputs", "training_flop,gpu_hours", *SMALL)
    code, out, err = cli("compare", *arguments, "--output", tmp_path)
    assert code == 0, err
    flat = " ".join(out.split())
    assert re.search(
        r"evidence is 5(\.\d)? times likelier under h100-dense-fp8 than under h100-sp", flat
    )
    assert "draws have no twins" in flat
    assert max(map(len, out.splitlines())) <= 80
    document = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    (one,) = document["comparisons"]
    assert one["log_bayes_factor"] == pytest.approx(-1.68, abs=0.1)  # log 5.37, by plain draws
    # The same run leaves the same speed whichever peak it is told by: the ratio of 2 is gone.
    flop = one["ratios_of_medians"]["training_flop"]
    assert flop["value"] == pytest.approx(1.04, abs=0.05)
    assert one["ratios_of_medians"]["gpu_hours"] == {"value": 1.0, "mcse": 0.0}
    markdown = (tmp_path / "comparison.md").read_text(encoding="utf-8")
    assert "## h100-sparse-fp8 against h100-dense-fp8" in markdown
    narrow = evidence(tmp_path, fact("Pilot", "8e23 FLOP ± 2%", "gpu_hours = 100", "training_flop"))
    code, out, err = cli("compare", *arguments[:5], narrow, *SMALL)
    assert (code, out) == (2, "")
    assert err.startswith("error: h100-dense-fp8: ")
    assert "contradicts the prior" in err


def test_sensitivity_given_evidence_says_what_is_defined(cli, tmp_path):
    arguments = ("--evidence", "h100-clusters", "--gpus", "100k", "--of", "facility_power", *SMALL)
    code, out, err = cli("sensitivity", *arguments, "--output", tmp_path)
    assert code == 0, err
    flat = " ".join(out.split())
    assert "Sobol' indices, Shapley effects and swings of one input alone are not given" in flat
    document = json.loads((tmp_path / "sensitivity.json").read_text(encoding="utf-8"))
    inputs = document["outputs"]["facility_power"]["inputs"]
    power, overhead = inputs["gpu_power"], inputs["pue"]
    # Known together they fix the power; known alone, each is made up for by the other.
    assert 0.05 < power["variance_reduction"] < 0.3
    assert power["variance_reduction"] + overhead["variance_reduction"] < 0.5
    assert power["rank_correlation_mcse"] > 0
    assert "What moved" in (tmp_path / "sensitivity.md").read_text(encoding="utf-8")
    code, out, err = cli("sensitivity", *arguments, "--group", "power=gpu_power,pue")
    assert (code, out) == (2, "")
    assert re.search(r"--group needs inputs .*drop --group or --evidence", err)


def test_the_schema_is_printed_and_an_empty_update_is_told(cli):
    code, out, _ = cli("update", "--schema")
    assert code == 0
    assert json.loads(out)["title"] == "Evidence file of uncertain_scale"
    code, out, err = cli("update", "--budget", "1M")
    assert (code, out) == (2, "")
    assert "shipped: h100-clusters" in err


@pytest.mark.slow
def test_a_joint_sample_of_which_few_rows_are_left_is_told(cli, tmp_path):
    """Of one that is drawn at its rows."""
    rows = (shipped_folder() / "chinchilla_bootstrap.csv").read_text(encoding="utf-8")
    (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
    names = rows.splitlines()[0].split(",")
    units = ", ".join(f"{name} = '1'" for name in names)
    (tmp_path / "own.toml").write_text(
        'schema_version = 1\ntitle = "Rows"\nextends = "base"\n[[joint]]\n'
        f"inputs = {names}\nsamples = 'rows.csv'\n"
        f"units = {{ {units} }}\n",
        encoding="utf-8",
    )
    path = evidence(tmp_path, fact("Exponent", "0.35 ± 0.00002", "", "alpha"))
    asked = ("--scenario", tmp_path / "own.toml", "--budget", "1B", "--outputs", "optimal_params")
    code, out, err = cli("update", path, *asked, *SMALL)
    assert code == 0, err
    assert re.search(r"leaves the worth of \d+ rows of the joint sample", " ".join(out.split()))


def bound(folder, *lines):
    table = ["[[observations]]", "name = 'Pilot'", "variable = 'training_flop'", *lines]
    return evidence(folder, "\n".join([*table, "given = { budget = '200M' }"]))


BOUNDED = {
    "loguniform": "value = 'loguniform(lower=1e26, upper=1e30) FLOP'",
    "wider": "value = 'loguniform(lower=1e26, upper=1e32) FLOP'",
    "uniform": "value = 'uniform(lower=1e26, upper=1e32) FLOP'",
    "beta": "value = 'beta(alpha=1.5, beta=5, lower=1e26, upper=1e27) FLOP'",
    "truncated": "value = 'lognormal(mu=61, sigma=2, truncate=[1e26, 1e40]) FLOP'",
    "pert": "value = 'pert(lower=1e26, mode=2e26, upper=1e29) FLOP'",
    "at least": "lower = '1e26 FLOP'",
    "between": "lower = '1e26 FLOP'\nupper = '1e27 FLOP'",
}


@pytest.mark.slow_but("importance-uniform", "smc-between")
@pytest.mark.parametrize("stated", BOUNDED.values(), ids=BOUNDED)
@pytest.mark.parametrize("method", ["importance", "smc"])
def test_no_draw_is_left_outside_a_bound(cli, tmp_path, stated, method):
    path = bound(tmp_path, stated)
    arguments = (
        "update",
        path,
        "--budget",
        "200M",
        "--outputs",
        "training_flop",
        "--method",
        method,
    )
    event = ("--event", "training_flop < 1e26")
    code, out, err = cli(*arguments, *event, *SMALL, "--format", "json")
    assert code == 0, err
    document = json.loads(out)
    assert document["events"][0]["probability"] == 0
    (one,) = document["evidence"]["observations"]
    assert one["p_value"] > 0.01  # 47% of the prior is within
    assert not any("surprises" in note for note in document["evidence"]["notes"])


@pytest.mark.slow
def test_a_bound_is_shown_in_every_format(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    path = bound(tmp_path, "lower = '1e26 FLOP'")
    arguments = ("update", path, "--budget", "200M", "--outputs", "training_flop", *SMALL)
    code, out, err = cli(*arguments, "--output", tmp_path / "saved")
    assert code == 0, err
    flat = " ".join(out.split())
    said = "Pilot: training compute (training_flop) at least 1e26 FLOP, given budget = 200M"
    assert said in flat
    assert re.search(r"by the priors \(90%, p = 0\.(29|3)\d?\), now 1\.0\d?e26 to", flat)
    assert max(map(len, out.splitlines())) <= 80
    markdown = (tmp_path / "saved" / "report.md").read_text(encoding="utf-8")
    assert "| training\\_flop | at least 1e26 FLOP |" in markdown
    page = (tmp_path / "saved" / "report.html").read_text(encoding="utf-8")
    assert re.search(r"Training compute( \(training_flop\))? at least 1", page)
    (one,) = json.loads(cli(*arguments, "--format", "json")[1])["evidence"]["observations"]
    shown = {key: one[key] for key in ("stated", "observed", "lower", "upper", "error_on")}
    assert shown == {
        "stated": "at least 1e26 FLOP",
        "observed": None,
        "lower": 1e26,
        "upper": None,
        "error_on": None,
    }
    rows = cli(*arguments, "--format", "csv")[1].splitlines()
    (row,) = (row for row in rows if ",observed," in row)
    assert "lower" in row
    assert "1e+26" in row
    both = ("h100-dense-fp8", "h100-sparse-fp8", "--budget", "200M", "--evidence", path)
    code, out, err = cli("compare", *both, "--outputs", "training_flop", *SMALL)
    assert code == 0, err
    said = r"Evidence: Pilot: training compute( \(training_flop\))? at least 1e26 FLOP"
    assert re.search(said, " ".join(out.split()))


@pytest.mark.slow
@pytest.mark.usefixtures("plain_pages")
def test_a_bound_is_drawn_again_from_its_record(cli, tmp_path):
    path = bound(tmp_path, "upper = '4e25 FLOP'")
    saved = tmp_path / "saved"
    code, _, err = cli("update", path, "--budget", "200M", *SMALL, "--output", saved)
    assert code == 0, err
    path.unlink()
    code, out, err = cli("verify", saved)
    assert code == 0, err + out


def test_what_has_atoms_is_no_error(cli, tmp_path):
    mixed = "mixture(components=[constant(value=1e26), lognormal(mu=60, sigma=1)])"
    for text in ("constant(value=1e26)", "empirical(values=[1e26, 2e26])", mixed):
        path = bound(tmp_path, f"value = '{text} FLOP'")
        code, out, err = cli("update", path, "--budget", "1M", *SMALL)
        assert (code, out) == (2, "")
        assert re.search(r"'Pilot' value = '.*' has no density.*; state", err)


@pytest.mark.slow
def test_a_bound_that_no_draw_meets_is_refused(cli, tmp_path):
    path = bound(tmp_path, "lower = '1e30 FLOP'")
    code, out, err = cli("update", path, "--budget", "1M", *SMALL)
    assert (code, out) == (2, "")
    assert re.search(
        r"facts\.toml:5 .*'Pilot' contradicts the prior: training_flop is observed as at least "
        r"1e30 FLOP, but .* FLOP \(90%; .* p < 1e-06\)",
        err,
    )
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_contradiction_hides_no_other_fault_of_its_file(cli, tmp_path):
    path = bound(tmp_path, "lower = '1e30 FLOP'")
    text = path.read_text(encoding="utf-8") + "\n"
    bad = '[[observations]]\nname = "B"\nvariable = "mfu"\n'
    text += f'{bad}value = "0,3 ± 1%"\n{bad.replace("B", "C")}lower = 0.5\nupper = 0.4\n'
    path.write_text(text, encoding="utf-8")
    for command in (("update", path), ("report", "--evidence", path)):
        code, out, err = cli(*command, "--budget", "1M", *SMALL)
        assert (code, out) == (2, "")
        lines = err.splitlines()
        assert len(lines) == 3
        for said in ("'Pilot' contradicts the prior", "'B' value = '0,3", "'C' lower = 0.5 is not"):
            assert sum(said in line for line in lines) == 1, (said, err)
