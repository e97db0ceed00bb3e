"""What people see of models of their own: calendar years, ends of chains, files without titles."""

import json
import re

import pytest

SMALL = ("--draws", "64", "--chains", "4")
YEARS = """from typing import Annotated as A
def duration(end: A[float, "year"], start: A[float, "year"]) -> A[float, "year"]:
    \"\"\"From start to end.\"\"\"
    return end - start
"""
CHAIN = """from typing import Annotated as A
def energy(capacity: A[float, "MW"], hours: A[float, "hour/year"]) -> A[float, "MWh/year"]:
    return capacity * hours
def investment(capacity: A[float, "MW"], price: A[float, "USD/MW"]) -> A[float, "USD"]:
    return capacity * price
def yearly(investment: A[float, "USD"], life: A[float, "year"]) -> A[float, "USD/year"]:
    return investment / life
def lcoe(
    yearly: A[float, "USD/year"], energy: A[float, "MWh/year"]
) -> A[float, "USD/MWh"]:
    return yearly / energy
"""


def stated(**inputs):
    """Return a prior file without a title; each input's units, and its 5% and 95% or its value."""
    text = "schema_version = 1\n"
    for name, (units, *ends) in inputs.items():
        kind = "constant" if len(ends) == 1 else "normal"
        keys = ("value",) if len(ends) == 1 else ("q05", "q95")
        rows = "".join(f"{key} = {end}\n" for key, end in zip(keys, ends, strict=True))
        text += f'[inputs.{name}]\nkind = "{kind}"\n{rows}units = "{units}"\n'
    return text


@pytest.fixture
def folder(tmp_path, monkeypatch):
    start = ("year", 2019.67, 2020.09)
    files = {
        "years.py": YEARS,
        "chain.py": CHAIN,
        "years.toml": stated(start=start, end=("year", 2020.6, 2020.9)),
        "later.toml": stated(start=start, end=("year", 2021.1, 2021.9)),
        "low/priors.toml": stated(start=start, end=("year", 2020.6, 2020.9)),
        "high/priors.toml": stated(start=start, end=("year", 2021.1, 2021.9)),
        "chain.toml": stated(
            capacity=("MW", 45, 55),
            hours=("hour/year", 2800, 3200),
            price=("USD/MW", 1.4e6, 1.6e6),
            life=("year", 25),
        ),
        "lacking.toml": stated(capacity=("MW", 45, 55), hours=("hour/year", 2800, 3200)),
        "memo.toml": 'schema_version = 1\ntitle = "A memo"\nscenario = "years.toml"\n'
        '[[claims]]\nname = "late"\nvariable = "end"\nvalue = "2020.95"\n'
        '[[claims]]\nname = "span"\nvariable = "end"\nlow = "2020.95"\nhigh = "2021.2"\n'
        '[[claims]]\nname = "bound"\nvariable = "end"\nlow = "2020.5"\n'
        '[[claims]]\nname = "long"\nvariable = "duration"\nvalue = "1.25 year"\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(cli, folder):  # noqa: ARG001 (the files lie there)
    def run(*words):
        code, out, err = cli(*words, *SMALL)
        assert code == 0, err
        return out

    return run


ASKED = ("--equations", "years.py", "--priors", "years.toml")


@pytest.mark.parametrize("form", ["terminal", "md", "html"])
def test_swept_years_of_the_calendar_are_told_apart(said, form):
    words = ("--given", "start=2018..2020", "--points", "9", "--outputs", "duration")
    page = said("sweep", *ASKED, *words, "--format", form)
    years = ["2018", *(f"{2018 + k / 4:.12g}" for k in range(1, 8)), "2020"]
    assert set(years) <= set(re.findall(r"\b(20(?:18|19|20)(?:\.\d+)?) years", page))


def test_swept_values_that_lie_close_together_are_told_apart(said):
    words = ("--equations", "chain.py", "--priors", "chain.toml", "--outputs", "energy")
    page = said("sweep", *words, "--given", "capacity=1000.001..1000.003", "--points", "3")
    assert set(re.findall(r"1,?000\.00\d MW|1\.00000\d GW", page)) == {
        f"1.00000{k} GW" for k in (1, 2, 3)
    }


def test_a_given_year_keeps_its_decimals(said):
    page = said("report", *ASKED, "--given", "end=2020.75")
    assert "2020.75 years" in page
    assert "2021" not in page


@pytest.mark.parametrize("form", ["terminal", "md", "html", "csv"])
def test_years_of_the_calendar_are_compared_by_their_difference(said, form):
    words = ("years.toml", "later.toml", "--equations", "years.py", "--outputs", "end,duration")
    page = said("compare", *words, "--format", form)
    assert "End, difference" in page or form == "csv"
    assert not re.search(r"end: medians", page)
    document = json.loads(said("compare", *words, "--format", "json"))
    output = document["comparisons"][0]["outputs"]["end"]
    assert output["ratio"] is None
    assert output["ratio_of_medians"] is None
    assert output["difference"]["median"] == pytest.approx(0.75, abs=0.01)
    assert document["comparisons"][0]["outputs"]["duration"]["ratio"]["median"] > 1.5


def test_a_claimed_year_is_off_by_a_span_of_time(said):
    page = " ".join(said("claims", "memo.toml", "--equations", "years.py").split())
    assert "0.200 years less than asserted" in page
    assert "overstated by 0.200 years at the median" in page
    assert "overstated by at least 0.200 years at the median" in page
    assert "0.200 years below what is asserted" in page
    assert "overstated 1.4x at the median" in page or "overstated 1.44x at the median" in page
    assert "0.00" not in page
    assert "1.00x" not in page


def test_years_are_drawn_on_an_axis_of_years(said, folder):
    said("plot", "intervals", *ASKED, "--outputs", "start,end,duration", "--output", "a.svg")
    drawn = (folder / "a.svg").read_text(encoding="utf-8")
    assert "relative to the median" in drawn
    assert {"2019.8", "2020.2", "2020.6"} <= set(re.findall(r"20\d\d\.\d\b", drawn))


def test_a_drawing_of_claims_names_those_it_leaves_out(said, folder):
    said("plot", "claims", "memo.toml", "--equations", "years.py", "--output", "a.svg")
    drawn = (folder / "a.svg").read_text(encoding="utf-8")
    assert "not drawn, a year of the calendar: late" in drawn
    assert "not drawn, an interval: span" in drawn
    assert "not drawn, by a bound: bound" in drawn


def test_where_no_claim_can_be_drawn_the_error_says_why(cli, folder):  # noqa: ARG001
    words = ("--claim", "bound", "--claim", "late", "--output", "a.svg")
    code, _, err = cli("plot", "claims", "memo.toml", "--equations", "years.py", *words)
    assert code == 2
    assert "bound: by a bound" in err
    assert "late: a year of the calendar" in err


def test_the_ends_of_a_chain_lead_every_view(said):
    asked = ("--equations", "chain.py")
    page = said("report", *asked, "--priors", "chain.toml", "--format", "html")
    (headline,) = re.findall(r"<h1>(.*?)</h1>", page)
    assert headline.startswith("The priors alone imply lcoe of ")
    drivers = page.split('id="drivers"')[1].split("<section")[0]
    assert "lcoe" in drivers
    document = json.loads(said("report", *asked, "--priors", "chain.toml", "--format", "json"))
    assert list(document["outputs"]) == ["lcoe", "energy", "investment", "yearly"]
    said_of_two = said("compare", "chain.toml", "lacking.toml", *asked, "--outputs", "energy")
    assert "energy" in said_of_two


def test_what_lacks_a_prior_is_named(said):
    page = " ".join(said("report", "--equations", "chain.py", "--priors", "lacking.toml").split())
    why = "left out, since what is given does not determine it: no prior or value of"
    assert f"! {why} price, life: lcoe, yearly" in page
    assert f"! {why} price: investment" in page
    whole = said("report", "--equations", "chain.py", "--priors", "chain.toml")
    assert "left out" not in whole


def test_scenarios_of_one_name_are_told_apart_by_their_folders(said):
    words = ("low/priors.toml", "high/priors.toml", "--equations", "years.py")
    page = said("compare", *words)
    assert "high-priors differs from low-priors in end" in page
    assert said("compare", "years.toml", "low/priors.toml", "--equations", "years.py")
    named = said("claims", "memo.toml", "--equations", "years.py", "--scenario", words[0])
    assert "priors" in named


def test_a_comparison_of_scenarios_of_one_name_is_made_again(cli, said, folder):
    words = ("low/priors.toml", "high/priors.toml", "--equations", "years.py")
    said("compare", *words, "--outputs", "end", "--output", "kept")
    code, out, err = cli("verify", folder / "kept", "--run-equations")
    assert (code, err) == (0, "")
    assert out.startswith("identical")


@pytest.mark.parametrize("form", ["terminal", "md", "html"])
def test_a_scenario_without_a_title_has_no_empty_place_for_it(said, form):
    for words in (
        ("report", *ASKED),
        ("sweep", *ASKED, "--given", "start=2019..2020", "--points", "2", "--outputs", "duration"),
        ("compare", "years.toml", "later.toml", "--equations", "years.py"),
    ):
        text = re.sub(r"<[^>]+>", "", said(*words, "--format", form))
        assert not re.search(r"(Scenario|Base) \S+: *\.?$", text, re.MULTILINE)
        if words[0] != "compare":
            assert re.search(r"^Scenario years\.?$", text, re.MULTILINE)


def test_large_money_and_amounts_have_suffixes_in_every_unit(said):
    page = said("report", "--equations", "chain.py", "--priors", "chain.toml")
    assert re.search(r" energy +1\d\dk +1\d\dk to 1\d\dk +MWh/year", page)
    assert re.search(r" yearly +[23](\.\d+)?M .* USD/year", page)
    assert not re.search(r"^ (energy|investment|yearly) .*\de\d", page, re.MULTILINE)


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("at most 80M USD", "at most 80M USD"),
        ("81.5e6 USD ± 4e6", "81.5M USD ± 4e6"),
        ("at least 1e26 FLOP", "at least 1e26 FLOP"),
        ("at most 1234567 USD", "at most 1.234567M USD"),
        ("at most 60000 USD", "at most 60000 USD"),
    ],
)
def test_what_was_observed_is_written_as_people_write_it(tmp_path, stated, shown):
    from uncertain_scale.inputs.observations import read_evidence
    from uncertain_scale.model import default_model

    variable = "training_flop" if "FLOP" in stated else "budget"
    text = f'schema_version = 1\n[[observations]]\nname = "a"\nvariable = "{variable}"\n'
    (tmp_path / "e.toml").write_text(f'{text}value = "{stated}"\nsource = "x"\n', encoding="utf-8")
    observations, faults = read_evidence([tmp_path / "e.toml"], default_model().variables)
    assert not faults
    assert observations[0].words == shown


BOUND = """schema_version = 1
[[observations]]
name = "above"
variable = "training_flop"
value = "loguniform(lower=1e26, upper=1e30) FLOP"
given = { budget = "200M" }
source = "a stated lower bound"
"""


@pytest.fixture
def bounded(said, folder):
    (folder / "bound.toml").write_text(BOUND, encoding="utf-8")

    def run(*words):
        asked = ("--budget", "200M", "--outputs", "training_flop", "--evidence", "bound.toml")
        return said("report", *asked, *words)

    return run


@pytest.mark.parametrize("form", ["terminal", "md", "html"])
def test_what_evidence_excludes_has_no_probability(bounded, form):
    events = ("training_flop < 1e26", "training_flop >= 1e26", "training_flop > 1e31")
    page = bounded(*(word for one in events for word in ("--event", one)), "--format", form)
    assert page.count("0%, impossible") == 2
    assert page.count("100%, certain") == 1


def test_the_probability_of_what_evidence_excludes_is_exact(bounded):
    words = ("--event", "training_flop < 1e26", "--event", "training_flop > 2e26")
    no, some = json.loads(bounded(*words, "--format", "json"))["events"]
    assert (no["probability"], no["mcse"], no["low"], no["high"]) == (0, 0, 0, 0)
    assert 0 < some["low"] < some["probability"] < some["high"] < 1


def test_no_region_reaches_beyond_a_hard_bound(bounded):
    document = json.loads(bounded("--format", "json"))
    pieces = document["outputs"]["training_flop"]["intervals"]
    assert {one["kind"] for one in pieces} == {"eti", "hdi"}
    assert min(one["low"] for one in pieces) >= 1e26


def test_evidence_on_another_question_bounds_no_answer(said, folder):
    (folder / "bound.toml").write_text(BOUND, encoding="utf-8")
    words = ("--outputs", "training_flop", "--evidence", "bound.toml")
    page = said("report", "--budget", "100M", *words, "--event", "training_flop < 1e25")
    assert "impossible" not in page


def test_a_prior_with_an_end_leaves_nothing_beyond_it(said):
    words = ("--set", "mfu=uniform(lower=0.2, upper=0.5)", "--outputs", "effective_flops")
    page = said("report", "--budget", "1M", *words, "--event", "mfu > 0.5", "--event", "mfu > 0.4")
    assert "P(MFU > 0.4) = 33" in page
    streamed = said("report", "--budget", "1M", *words, "--event", "effective_flops >= 0")
    assert "P(GPU's training speed >= 0) = 100%, certain" in streamed


HEAVY = """from typing import Annotated as A
def ratio(c: A[float, "1"], u: A[float, "1"]) -> A[float, "1"]:
    return c / u
"""


def test_a_mean_that_does_not_exist_has_a_tail_index_of_at_least_one(said, folder):
    (folder / "heavy.py").write_text(HEAVY, encoding="utf-8")
    words = ("--set", "c=1 to 2", "--set", "u=normal(mu=1, sigma=1)", "--outputs", "ratio")
    page = " ".join(said("report", "--equations", "heavy.py", *words).split())
    denials = re.findall(r"no (mean|standard deviation): .*?\(tail index (\d\.\d+)\)", page)
    assert [name for name, _ in denials] == ["mean", "standard deviation"]
    assert float(dict(denials)["mean"]) >= 1
    assert float(dict(denials)["standard deviation"]) >= 0.5


def test_a_card_names_an_input_once(said):
    page = said("report", "--equations", "chain.py", "--priors", "chain.toml", "--format", "html")
    assert '<h3 id="input-1">Capacity <small>capacity</small></h3>' in page
    assert not re.search(r'<p class="what">(capacity|hours|price|life)?</p>', page)
    built_in = said("report", "--budget", "1M", "--outputs", "gpus", "--format", "html")
    assert '<p class="what">' in built_in
    assert not re.search(
        r'<h3 id="input-\d+">[^<]* <small>(\w+)</small></h3>\s*<p class="what">\1</p>', built_in
    )


def test_claims_that_all_have_faults_count_none_that_follow(cli, folder):
    bad = 'schema_version = 1\ntitle = "A memo"\nscenario = "years.toml"\n'
    bad += '[[claims]]\nname = "late"\nvariable = "end"\nvalue = "2020,95"\n'
    (folder / "bad.toml").write_text(bad, encoding="utf-8")
    code, out, _ = cli("claims", "bad.toml", "--equations", "years.py", *SMALL)
    assert code == 2
    assert "no claim can be judged: 1 kept apart for faults" in out
    assert "0 follow" not in out


def test_one_of_a_kind_is_said_in_the_singular(cli, folder):
    (folder / "one.toml").write_text(stated(mfu=("1", 0.3)), encoding="utf-8")
    assert cli("priors", "check", "one.toml")[1] == "one.toml: 1 input, all well\n"
    _, out, _ = cli("report", "--budget", "1M", "--draws", "64", "--chains", "1")
    assert "1 chain x 64 draws" in out


def test_two_runs_are_too_few_to_call_an_interval_narrow(cli, folder):
    rows = "name,hardware,precision,gpus,training_time,gpu_hours,training_flop\n"
    rows += "units,,,gpu,day,gpu*hour,FLOP\npilot,H100 SXM,bf16,1024,12,,1.1e23\n"
    rows += "main,NVIDIA GB200,fp8,,,1.9M,6.5e24\n"
    (folder / "runs.csv").write_text(rows, encoding="utf-8")
    code, out, err = cli("backtest", "runs.csv", *SMALL)
    assert code == 0, err
    assert "too narrow" not in out
    assert "too wide" not in out


def test_a_swept_figure_has_the_intervals_of_the_others(said, folder):
    words = ("--budget", "1M..1B", "--points", "3", "--of", "gpus", "--output", "fan.svg")
    said("plot", "sweep", *words)
    drawn = (folder / "fan.svg").read_text(encoding="utf-8")
    assert {"50% interval", "90% interval", "95% interval"} == set(
        re.findall(r"\d+% interval", drawn)
    )
