"""The page that answers by itself: its tables are the commands' figures, its refusals clear."""

import html
import json
import re
import shlex

import numpy as np
import pytest

FEW = ("--draws", "128", "--chains", "4")


def tables(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


@pytest.fixture
def export(cli, tmp_path):
    def made(*words):
        path = tmp_path / "page.html"
        code, out, err = cli("explore", "--export", path, *FEW, *words)
        assert (code, err) == (0, ""), err
        assert out.startswith(f"{path}: ")
        return path

    return made


def point_of(page, index):
    sizes = [len(axis["values"]) for axis in page["axes"]]
    places = np.unravel_index(index, sizes)
    return [axis["typed"][k] for axis, k in zip(page["axes"], places, strict=True)]


@pytest.mark.slow
def test_figures_are_the_commands_at_every_kind_of_point(export, in_every_format):
    path = export("--budget", "10M..1B", "--given", "mfu=0.2..0.5", "--against", "gb200-dense-fp8")
    page = tables(path)
    assert [axis["name"] for axis in page["axes"]] == ["mfu", "budget"]
    last = len(page["rows"][0]["values"][0]) - 1
    for scenario, index in ((0, 0), (0, 37), (1, 40), (1, last)):
        line = page["scenarios"][scenario]["command"]
        for n, text in enumerate(point_of(page, index)):
            line = line.replace(f"AXIS{n}", text)
        printed, err = in_every_format(*shlex.split(line)[1:], forms=("json", "md"))
        assert err == ""
        outputs = json.loads(printed["json"])["outputs"]
        assert [row["name"] for row in page["rows"]] == list(outputs)
        for row in page["rows"]:
            one = outputs[row["name"]]
            (piece,) = [p for p in one["intervals"] if p["kind"] == "eti"]
            want = [one["median"], piece["low"], piece["high"]]
            assert row["values"][scenario][index] == pytest.approx(want, rel=1e-8)
            median, low, _, _ = row["texts"][scenario][index]
            assert all(with_exponents(cell) in printed["md"] for cell in (median, low))


def with_exponents(text):
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    return re.sub(r"×10([⁻⁰-⁹¹²³]+)", lambda m: f"e{m[1].translate(raised)}", text)


def test_the_stated_error_is_found_where_nobody_looked(export, cli):
    """Powers are interpolated exactly; what is not a power is off by at most what is stated."""
    page = tables(export("--budget", "10M..1B"))
    rows = {row["name"]: row for row in page["rows"]}
    assert rows["training_flop"]["error"] == "none"
    assert 0 < rows["optimal_params"]["off"] < 0.01
    axis = page["axes"][0]
    for cell, part in ((2, 0.5), (5, 0.3), (9, 0.7)):
        low, high = axis["values"][cell : cell + 2]
        value = low * (high / low) ** part
        line = page["scenarios"][0]["command"].replace("AXIS0", repr(value))
        outputs = json.loads(cli(*shlex.split(line)[1:], "--format", "json")[1])["outputs"]
        for name, row in rows.items():
            ends = np.log([row["values"][0][cell][0], row["values"][0][cell + 1][0]])
            shown = np.exp(ends @ [1 - part, part])
            assert shown == pytest.approx(outputs[name]["median"], rel=row["off"] + 1e-8)


def test_an_event_has_the_commands_probability_and_is_off_by_no_more_than_is_stated(export, cli):
    path = export("--budget", "10M..1B", "--outputs", "gpus", "--event", "training_flop >= 1e26")
    page = tables(path)
    row = page["rows"][-1]
    assert (row["title"], row["chance"]) == ("P(training compute [training_flop] >= 1e26)", True)
    assert 0 < row["off"] < 3
    line, axis = page["scenarios"][0]["command"], page["axes"][0]
    for place in (8, 9.4, 10.5):
        cell, part = int(place), place % 1
        low, high = axis["values"][cell : cell + 2]
        words = shlex.split(line.replace("AXIS0", repr(low * (high / low) ** part)))[1:]
        chance = json.loads(cli(*words, "--format", "json")[1])["events"][0]["probability"]
        odds = [np.log(v / (100 - v)) for [v] in row["values"][0][cell : cell + 2]]
        shown = 1 / (1 + np.exp(-(odds[0] * (1 - part) + odds[1] * part)))
        assert 100 * shown == pytest.approx(100 * chance, abs=row["off"] + 1e-6)


def test_a_wrong_table_would_be_found_out():
    from uncertain_scale.analysis.swept import Axis
    from uncertain_scale.explore.static import _Grid, _halfway, _off

    axis = Axis("x", (1.0, 2.0, 4.0), None, "log", "1..4")

    def grid(axis, power, curve):
        documents = [
            {
                "probs": [0.9],
                "outputs": {
                    "y": {
                        "median": x**power + curve * (x - 1) * (x - 4),
                        "intervals": [
                            {"kind": "eti", "prob": 0.9, "low": x**power, "high": 2 * x**power}
                        ],
                    }
                },
            }
            for x in axis.values
        ]
        return _Grid([axis], [{"x": x} for x in axis.values], documents)

    for curve, least, most in ((0.0, 0.0, 0.0), (-0.3, 0.01, 0.5)):
        log, off = _off([(grid(axis, 1.5, curve), grid(_halfway(axis), 1.5, curve))], "y")
        assert log
        assert least <= off <= most


def test_words_of_others_end_no_element_and_the_policy_names_what_runs(export, tmp_path):
    import base64
    import hashlib

    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    own = tmp_path / "own.toml"
    own.write_text(
        f'schema_version = 1\nextends = "base"\ntitle = "{evil}"\n[inputs.pue]\n'
        f'kind = "constant"\nvalue = 1.2\nsource = "{evil}"\n'
    )
    text = export("--budget", "10M..1B", "--scenario", own).read_text(encoding="utf-8")
    assert text.count("<script") == text.count("</script>") == 2
    assert "<img" not in text
    for kind, element in (("script", "<script>"), ("style", "<style>")):
        inner = text.split(element)[1].split(f"</{kind}>")[0]
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text
    assert "connect-src" not in text
    assert "http" not in text.split("<main")[0].replace("http-equiv", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--budget", "100M"), "no given is a range; give what the page's sliders move"),
        ((), "no given is a range"),
        (("--budget", "10M, 30M"), "no given is a range"),
        (("--budget", "10M..1B", "--given", "mfu=0.2, 0.3"), "is a list"),
        (("--budget", "1B..10M"), "reversed"),
        (("--budget", "10M..x"), "budget"),
        (("--budget", "-1..5"), "budget"),
        (("--budget", "10M..1B", "--gpus", "1k..2k", "--training-time", "1..9"), "hourly_rate"),
        (
            (
                *("--budget", "10M..1B", "--given", "mfu=0.2..0.5"),
                *("--given", "pue=1.1..1.3", "--given", "gpu_price=1k..2k"),
            ),
            "4 givens are swept",
        ),
        (
            ("--budget", "1B", "--given", "pue=1.1..1.3", "--outputs", "training_flop"),
            "no answer depends on it",
        ),
        (("--budget", "10M..1B", "--against", "nowhere"), "'nowhere' is unknown"),
        (("--budget", "10M..1B", "--event", "nothing >= 1e26"), "'nothing' is not a variable"),
        (("--budget", "10M..1B", "--draws", "0"), "draws"),
    ],
)
def test_what_cannot_be_exported_is_one_error_and_no_file(cli, tmp_path, words, told):
    path = tmp_path / "page.html"
    code, out, err = cli("explore", "--export", path, *FEW, *words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.startswith("error: ")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_and_a_page_too_large_are_told_before_anything_is_drawn(
    cli, tmp_path, monkeypatch
):
    code, _, err = cli("explore", "--export", tmp_path / "no" / "page.html", "--budget", "1M..1B")
    assert (code, "cannot be written" in err) == (2, True)
    monkeypatch.setattr("uncertain_scale.explore.static.MOST_BYTES", 1000)
    code, _, err = cli("explore", "--export", tmp_path / "page.html", "--budget", "1M..1B")
    assert (code, "more than 0.001 MB" in err) == (2, True)


@pytest.mark.slow
def test_edits_belong_to_the_scenario_that_answers(export):
    page = tables(export("--budget", "10M..1B", "--set", "mfu=0.4", "--against", "base"))
    assert [one["name"] for one in page["scenarios"]] == ["explored"]
    page = tables(export("--budget", "10M..1B", "--set", "mfu=0.4", "--against", "h100-dense-fp8"))
    lines = [one["command"] for one in page["scenarios"]]
    assert ["--set mfu=0.4" in line for line in lines] == [True, False]


def test_the_page_names_the_command_that_makes_it_again(export, cli, tmp_path, monkeypatch):
    path = export("--budget", "10M..1B", "--set", "mfu=0.4", "--outputs", "training_flop,gpus")
    first = path.read_text(encoding="utf-8")
    line = html.unescape(re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", first)[-1])
    path.unlink()
    monkeypatch.chdir(tmp_path)
    code, _, err = cli(*shlex.split(line)[1:])
    assert (code, err) == (0, "")
    assert path.read_text(encoding="utf-8") == first


@pytest.mark.slow
def test_what_is_doubtful_at_some_points_is_told_as_such(export):
    text = export("--budget", "10M..1B", "--given", "mfu=0.2..0.5").read_text(encoding="utf-8")
    assert "<li>at some of the points: warning: the utilisation" in text
    assert "<li>Training time (training_time) is not determined by what is given" in text
