"""What `reports/` holds is what its commands make now, and what is stale is found."""

import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from uncertain_scale.inputs.runs import published_runs

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("make")]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "reports"
NAMES = sorted(path.parent.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("run.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_fresh(name):
    from folders import REPORTS
    from making import report_faults

    (report,) = [one for one in REPORTS if one.name == name]
    assert list(report_faults(report, FOLDER)) == [], "run: python reports/make"


def test_the_page_is_fresh_and_every_report_is_there():
    from folders import REPORTS
    from making import page_faults

    assert list(page_faults(FOLDER)) == [], "run: python reports/make"
    assert sorted(report.name for report in REPORTS) == NAMES


def test_a_report_runs_again_from_its_record(cli):
    code, out, err = cli("verify", FOLDER / "budget-100M")
    assert (code, err) == (0, "")
    assert re.match("identical|the same within Monte Carlo error", out)


@pytest.fixture
def pair(tmp_path):
    """Give a report, a copy of its folder, and what a run of it would leave."""
    from folders import REPORTS

    (report,) = [one for one in REPORTS if one.name == "fp8"]
    committed, made = tmp_path / "committed", tmp_path / "made"
    for folder in (committed, made):
        shutil.copytree(FOLDER / report.name, folder)
    for name in (report.page, "figure.svg"):
        (made / name).unlink()
    return report, committed, made


def found(pair):
    from freshness import faults

    return list(faults(*pair))


def edited(path, *changes):
    text = path.read_text(encoding="utf-8")
    for pattern, instead in changes:
        text, count = re.subn(pattern, instead, text, count=1)
        assert count == 1, pattern
    path.write_text(text, encoding="utf-8")


def scaled(folder, factor, place=("outputs", "optimal_params", "ratio", "median")):
    """Multiply a figure of a new result."""
    path = folder / "comparison.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    part = document["comparisons"][0]
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] *= factor
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def test_a_copy_is_fresh(pair):
    assert found(pair) == []


def test_a_figure_that_moved_is_named_and_rounding_is_none(pair):
    _, _, made = pair
    scaled(made, 1 + 1e-12)
    assert found(pair) == []
    scaled(made, 1 + 1e-6)
    (fault,) = found(pair)
    assert fault.startswith(
        "fp8/comparison.json: comparisons.0.outputs.optimal_params.ratio.median is 1.4"
    )


def test_figures_may_be_off_by_a_thousandth_of_their_errors_and_no_more(pair):
    from freshness import result_fault

    document = json.loads((pair[1] / "comparison.json").read_text(encoding="utf-8"))
    ratio = document["comparisons"][0]["outputs"]["optimal_params"]["ratio"]
    other = json.loads(json.dumps(document))
    moved = other["comparisons"][0]["outputs"]["optimal_params"]["ratio"]
    moved["median"] = ratio["median"] + 5e-4 * ratio["median_mcse"]
    assert result_fault(document, other) == ""
    moved["median"] = ratio["median"] + 5e-3 * ratio["median_mcse"]
    assert "optimal_params.ratio.median is" in result_fault(document, other)


def test_errors_that_moved_are_named_unless_they_are_few_and_moved_little(pair):
    from freshness import result_fault

    document = json.loads((pair[1] / "comparison.json").read_text(encoding="utf-8"))

    def with_errors(part, factor, every):
        """Multiply one in so many errors."""
        count = 0

        def walk(one):
            nonlocal count
            if isinstance(one, list):
                return [walk(item) for item in one]
            if not isinstance(one, dict):
                return one
            new = {}
            for key, item in one.items():
                new[key] = walk(item)
                if key.endswith("_mcse") and item:
                    count += 1
                    new[key] = item * (factor if count % every == 0 else 1)
            return new

        return walk(part)

    assert result_fault(document, with_errors(document, 1.03, 100)) == ""
    assert "_mcse is" in result_fault(document, with_errors(document, 1.03, 10))
    assert "_mcse is" in result_fault(document, with_errors(document, 1.3, 100))


@pytest.mark.parametrize(
    ("file", "pattern", "instead", "fault"),
    [
        ("comparison.md", "exactly 2 times", "exactly 3 times", "line 7 is .*exactly 3.*exactly 2"),
        ("comparison.md", r"\n\Z", "", "ends otherwise"),
        ("priors/post-reading.toml", "sparse rating", "other rating", r"line \d+ is .*other"),
        ("figure.svg", "<!-- h100-sparse-fp8 over", "<!-- h100 over", "has 'h100 over"),
        ("run.json", r'("--seed",\s*)"0"', r'\1"1"', "command.* is '1', now '0'"),
        ("run.json", '"sha256": "..', '"sha256": "zz', "is of another comparison.json"),
    ],
)
def test_what_was_changed_by_hand_is_named(pair, file, pattern, instead, fault):
    edited(pair[1] / file, (pattern, instead))
    (one,) = found(pair)
    assert re.match(f"fp8/{file}: {fault}", one), one


def test_who_made_it_does_not_count(pair):
    edited(pair[1] / "run.json", (r'"numpy": "[^"]+"', '"numpy": "2.0.0"'))
    edited(pair[1] / "run.json", (r'"machine": "[^"]+"', '"machine": "other"'))
    edited(pair[2] / "comparison.json", (r'"scipy": "[^"]+"', '"scipy": "1.15.0"'))
    assert found(pair) == []


def test_of_a_picture_marks_and_words_count_and_outlines_do_not(pair):
    from freshness import picture_fault

    old = (pair[1] / "figure.svg").read_text(encoding="utf-8")
    moved = re.compile(r"M (\d+\.\d+) (\d+\.\d+)")
    start = old.index("</defs>")
    far = moved.sub(lambda m: f"M {float(m[1]) + 2:g} {m[2]}", old[start:], count=1)
    near = moved.sub(lambda m: f"M {float(m[1]) + 0.3:g} {m[2]}", old[start:], count=1)
    assert "mark at" in picture_fault(old, old[:start] + far)
    assert picture_fault(old, old[:start] + near) == ""
    assert picture_fault(old, re.sub(r'id="p', 'id="other-p', old)) == ""
    assert "#0072b2" in picture_fault(old, old.replace("#0072b2", "#0072b3", 1))
    assert picture_fault(old, re.sub(r"(?s)<defs>.*?</defs>", "<defs></defs>", old)) == ""


def test_what_is_missing_and_what_nobody_made_is_named(pair):
    _, committed, _ = pair
    (committed / "figure.svg").unlink()
    (committed / "draws.nc").write_bytes(b"")
    assert found(pair) == ["fp8/figure.svg is missing", "fp8/draws.nc is made by no report"]


def test_a_sentence_that_is_no_longer_true_stops_the_page():
    from folders import REPORTS, read
    from paper import PremiseError, paper

    results = {report.name: read(report, FOLDER / report.name) for report in REPORTS}
    for one in results["claims"]["claims"]:
        if one["name"] == "power-100k":
            one["judged"][0]["prob"] = 0.95
    with pytest.raises(PremiseError, match="figures of money, machines, time and power"):
        paper(results)


def test_figures_in_the_prose_follow_the_results():
    from folders import REPORTS, read
    from paper import paper

    results = {report.name: read(report, FOLDER / report.name) for report in REPORTS}
    before = paper(results)
    results["budget-1B"]["outputs"]["training_flop"]["median"] *= 1.1
    results["backtest"]["scores"]["training_flop"]["left_out"]["coverage"][2]["inside"] = 27
    after = paper(results)
    lines = zip(before.splitlines(), after.splitlines(), strict=True)
    changed = [new for old, new in lines if old != new]
    assert len(changed) >= 4
    assert any(" 4.21e26 FLOP (90%: " in line for line in changed)
    assert any("27 of 65" in line for line in changed)


def test_a_report_written_twice_is_written_once(tmp_path, capsys):
    from folders import Report
    from making import write_report

    report = Report("few", "compare base post-reading --budget 1M --draws 64 --chains 4")
    write_report(report, tmp_path)
    assert "few/comparison.md: written" in capsys.readouterr().out
    (tmp_path / "few" / "comparison.html").write_text("left over")
    write_report(report, tmp_path)
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "few" / "comparison.html").exists()


def test_a_result_that_differs_by_rounding_stays_as_it_is(tmp_path, capsys):
    from folders import Report
    from making import write_report

    report = Report("few", "report --budget 1M --draws 64 --chains 4 --no-draws")
    write_report(report, tmp_path)
    path = tmp_path / "few" / "report.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["outputs"]["gpus"]["mean"] *= 1 + 1e-13
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    edited(tmp_path / "few" / "run.json", (r'"sha256": "\w+"', f'"sha256": "{digest}"'))
    capsys.readouterr()
    write_report(report, tmp_path)
    assert capsys.readouterr().out == ""
    assert path.read_text(encoding="utf-8") == text


def test_reports_are_small_and_tell_nothing_of_where_they_were_made():
    from folders import REPORTS

    files = [path for path in FOLDER.rglob("*") if path.is_file() and "make" not in path.parts]
    # Each keeps the joint sample of scaling laws that it was drawn from, 0.24 MB.
    sizes = {path: path.stat().st_size for path in files}
    samples = [size for path, size in sizes.items() if path.name.endswith("-joint-1.csv")]
    assert len(samples) == len(REPORTS)
    assert max(samples) < 2.5e5
    runs = sum(size for path, size in sizes.items() if "backtest" in path.parts)
    assert runs - max(samples) < 12.5e3 * len(published_runs())
    assert sum(sizes.values()) - sum(samples) - runs + max(samples) < 2.5e5 * (len(REPORTS) - 1)
    assert {path.suffix for path in files} == {".csv", ".json", ".md", ".svg", ".toml"}
    for path in files:
        text = path.read_text(encoding="utf-8")
        for place in (ROOT, Path.home(), tempfile.gettempdir()):
            assert f"{place}/" not in text, path
        assert "<dc:date>" not in text, path


def test_a_date_of_a_cost_is_as_likely_as_the_cost_at_that_date():
    """Two reports of one question: the dates by cost, and the costs by date."""
    from folders import COSTS, REPORTS, read

    results = {one.name: read(one, FOLDER / one.name) for one in REPORTS}
    points = {one["at"]["date"]: one for one in results["when/cost"]["points"]}
    for cost, dates in zip(COSTS, results["when/dates"]["points"], strict=True):
        quantiles = dates["outputs"]["date"]["intervals"]
        (piece,) = [i for i in quantiles if (i["kind"], i["prob"]) == ("eti", 0.5)]
        event = f"largest_run_cost >= {cost}B"
        chances = {
            year: one["probability"]
            for year, point in points.items()
            for one in point["events"]
            if one["event"] == event
        }
        for end, share in ((piece["low"], 0.25), (piece["high"], 0.75)):
            before, after = float(int(end)), float(int(end) + 1)
            if before >= min(chances) and after <= max(chances):
                assert chances[before] - 0.01 <= share <= chances[after] + 0.01, (cost, end)


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (("when/cost", "points", 9, "events"), 0.9, "money binds until the end of 2026"),
        (("when/dates", "points", 0, "outputs"), 2030.0, "1 billion dollars is possible already"),
    ],
)
def test_sentences_on_dates_stand_behind_premises(place, value, sentence):
    from folders import REPORTS, read
    from paper import PremiseError, paper

    results = {one.name: read(one, FOLDER / one.name) for one in REPORTS}
    part = results
    for key in place:
        part = part[key]
    if isinstance(part, list):
        (event,) = [one for one in part if one["event"] == "spending_limit <= largest_run"]
        event["probability"] = value
    else:
        part["date"]["median"] = value
    with pytest.raises(PremiseError, match=sentence):
        paper(results, "when/README.md")
