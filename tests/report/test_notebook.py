"""Results as notebooks show them: the report's figures, and other people's words as text."""

import re
from html.parser import HTMLParser

import pytest

import uncertain_scale as us
from uncertain_scale.analysis.comparison import compare
from uncertain_scale.analysis.sensitivity import sensitivity

FEW = us.Design(draws=256, chains=4)
_TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
_TAGS = _TABLE | {"div", "p", "span", "strong", "small", "details", "summary", "a"}
HOSTILE = '<script>alert(1)</script> [x](javascript:alert(1)) "quoted" & https://a.example/?b=1'


class _Tables(HTMLParser):
    """Gathers rows of cells, and every tag and attribute."""

    def __init__(self):
        super().__init__()
        self.rows, self.tags, self.links, self.cell = [], set(), [], None

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name in {"href", "src"}]
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.cell = ""

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.rows[-1].append(self.cell)
            self.cell = None


def _read(shown):
    parser = _Tables()
    parser.feed(shown._repr_html_())
    assert parser.tags <= _TAGS
    return parser


def _asked(outputs, scenario="base", given=None):
    model = us.default_model()
    priors = us.load_priors(scenario, variables=model.variables)
    return model, priors, us.ask(model, given or {"budget": "100M"}, outputs=outputs)


def test_a_report_shows_the_figures_of_the_terminal(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    asked = (
        "--budget",
        "100M",
        "--outputs",
        "training_flop,gpus",
        "--draws",
        "256",
        "--chains",
        "4",
    )
    _, printed, _ = cli("report", *asked)
    shown = us.show(us.run(given={"budget": "100M"}, outputs=["training_flop", "gpus"], design=FEW))
    lines = [line.rstrip() for line in printed.splitlines() if not line.startswith("--format")]
    assert repr(shown) == "\n".join(lines).strip()
    for row in _read(shown).rows[1:3]:
        label, name, median, interval, units, *_ = row
        assert re.search(rf"{label} +{name} +{median} +{interval} +{units}", printed), row


def test_a_scenario_shows_its_sources_with_links():
    shown = us.show(us.load_priors("base"))
    parser = _read(shown)
    assert "https://arxiv.org/abs/2203.15556" in parser.links
    assert [row[1] for row in parser.rows[1:]] == list(us.load_priors("base").inputs)


def test_a_comparison_says_what_doubles():
    model, dense, question = _asked(["training_flop", "gpu_hours"], "h100-dense-fp8")
    sparse = us.load_priors("h100-sparse-fp8", variables=model.variables)
    shown = us.show(*compare(model, dense, question, [sparse], FEW))
    assert _read(shown).rows[1:] == [["Training compute", "training_flop", "x2", "x2", "100%"]]
    assert "unchanged in every draw: GPU-hours (gpu_hours)" in shown.html
    assert "exactly 2 times in every draw" in " ".join(repr(shown).split())


def test_a_ranking_shows_shares_in_order():
    asked = _asked(["training_flop"])
    found = sensitivity(*asked, FEW)
    shown = us.show(us.sample(*asked, FEW), found)
    rows = _read(shown).rows[1:]
    assert [row[1] for row in rows] == ["mfu", "hourly_rate", "precision_factor"]
    assert rows[1][0] == "Rental rate"
    share = found["shapley"].sel(output="training_flop", input="mfu", scale="value").item()
    assert float(rows[0][2].partition("%")[0]) == pytest.approx(100 * share, abs=1)


def test_a_sweep_shows_a_row_for_each_point():
    found = us.sweep(
        "post-2024-07", given={"budget": [1e8, 2e8]}, outputs=["gpu_hours", "gpu_price"]
    )
    rows = _read(us.show(found)).rows
    assert rows[0] == ["Budget", "answer", "name", "median", "90% interval", "units"]
    assert rows[1] == ["100M USD", "GPU-hours", "gpu_hours", "50M", "50M", "gpu-hours"]
    assert rows[3] == ["200M USD", "GPU-hours", "gpu_hours", "100M", "100M", "gpu-hours"]


def test_a_summary_shows_a_row_for_each_output():
    tree = us.run(given={"budget": "100M"}, outputs=["gpus", "training_flop"], design=FEW)
    summary = us.summarize(tree, probs=[0.9])
    rows = _read(us.show(summary)).rows
    report = {row[0]: row[1:5] for row in _read(us.show(tree)).rows[1:3]}
    assert {row[0]: row[1:] for row in rows[1:]} == report


def test_words_of_others_are_text(tmp_path):
    path = tmp_path / "hostile.toml"
    quoted = HOSTILE.replace('"', '\\"')
    path.write_text(
        'schema_version = 1\nextends = "base"\n'
        f'title = "{quoted}"\n[inputs.mfu]\nkind = "constant"\nvalue = 0.3\n'
        f'source = "{quoted}"\nlong_name = "{quoted}"\nnote = "{quoted}"\n',
        encoding="utf-8",
    )
    model = us.default_model()
    priors = us.load_priors(path, variables=model.variables)
    tree = us.run(path, given={"budget": "100M"}, outputs=["training_flop", "mfu"], design=FEW)
    for shown in (us.show(priors), us.show(tree)):
        parser = _read(shown)  # which allows no script
        assert "<script" not in shown.html
        assert all(link.startswith("https://") for link in parser.links)
        assert any("<script>alert(1)</script>" in cell for row in parser.rows for cell in row)


def test_what_is_no_result_is_refused():
    with pytest.raises(TypeError, match="show takes draws, a scenario"):
        us.show({"median": 1})


def test_a_figure_displays_itself_without_and_with_pyplot():
    from io import BytesIO

    import numpy as np
    from matplotlib.image import imread

    from uncertain_scale.report import figures

    tree = us.run(given={"budget": "100M"}, outputs=["training_flop"], design=FEW)
    figure = figures.plot_density(us.report_document(tree))
    picture = imread(BytesIO(figure._repr_png_()))
    assert len(np.unique(picture.reshape(-1, picture.shape[-1]), axis=0)) > 50
    assert figure.axes or figure.lines  # or `%matplotlib inline` shows nothing
