"""Figures: complete in words, the same each time, and with no two labels over one another."""

import re

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from uncertain_scale import report_document
from uncertain_scale.errors import DataError, QuestionError
from uncertain_scale.report import figures
from uncertain_scale.report.figures.graph import lay_out
from uncertain_scale.report.figures.style import VERMILLION, rendering

KINDS = (
    "intervals",
    "density",
    "sensitivity",
    "tornado",
    "claims",
    "compare",
    "sweep",
    "two",
    "priors",
    "graph",
)


@pytest.fixture(scope="session")
def drawn(asked, report, ranking, comparison, swept, plan, claims):  # noqa: PLR0913, PLR0917
    fan = swept({"budget": "10M..100B"}, "training_flop", 5)
    two = swept({"budget": "100M, 1B", "gpus": "10k..100k"}, "training_time", 3)
    return {
        "intervals": figures.plot_intervals(report),
        "density": figures.plot_density(report),
        "sensitivity": figures.plot_sensitivity(ranking),
        "tornado": figures.plot_tornado(ranking, "training_flop"),
        "claims": figures.plot_claims(claims),
        "compare": figures.plot_compare(comparison),
        "sweep": figures.plot_sweep(
            fan,
            guides={"GPT-4": 1.9e25, "10× GPT-4": 1.9e26},
            points=[("somebody", 1e8, 9e25)],
        ),
        "two": figures.plot_sweep(two),
        "priors": figures.plot_priors(asked[1].inputs),
        "graph": figures.plot_graph(plan),
    }


def texts_of(figure):
    found = [one for one in figure.findobj(Text) if one.get_text() and one.get_visible()]
    return {id(one): one for one in found}.values()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_label_lies_over_another_or_leaves_the_figure(drawn, kind):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = drawn[kind]
    assert isinstance(figure, Figure)
    with rendering():
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts_of(figure)]
    width, height = renderer.get_canvas_width_height()
    assert len(boxes) > 5
    for place, (words, box) in enumerate(boxes):
        assert box.x0 > -0.5 and box.y0 > -0.5, words  # noqa: PT018
        assert box.x1 < width + 0.5 and box.y1 < height + 0.5, words  # noqa: PT018
        for others, other in boxes[place + 1 :]:
            apart = (
                min(box.x1, other.x1) - max(box.x0, other.x0) < 1
                or min(box.y1, other.y1) - max(box.y0, other.y0) < 1.5
            )
            assert apart, f"{words} over {others}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["intervals", "density"])
def test_a_figure_says_its_numbers_in_words(drawn, report, kind):
    label = drawn[kind].get_label()
    for output in report["outputs"].values():
        assert output["label"] in label
    assert "47.2M gpu-hours (90%: " in label


@pytest.mark.slow
def test_a_ranking_and_a_comparison_say_their_numbers(drawn):
    label = drawn["sensitivity"].get_label()
    assert re.search(r"training_flop: mfu 6\d(\.\d)?% ± ", label)
    assert "Training compute exactly ×2" in drawn["compare"].get_label()
    assert "GPU-hours unchanged" in drawn["compare"].get_label()


def _named(judged):
    assert (judged["scenario"], judged["in_place_of"]) == ("base", "post-2024-07")
    return f"base, in place of post-2024-07: {judged['verdict']}"


@pytest.mark.slow
def test_claims_are_drawn_from_understated_to_overstated_with_what_is_outside_marked(drawn, claims):
    label = drawn["claims"].get_label()
    apart = {"peak-bf16", "old-price"}
    told = {c["says"]: c["judged"][0] for c in claims["claims"] if c["name"] not in apart}
    shown = {said: label.index(f"{said}: {_named(judged)}") for said, judged in told.items()}
    factors = [told[said]["asserted_over_median"] for said in sorted(shown, key=shown.get)]
    assert len(factors) == 4
    assert factors == sorted(factors)
    words = {one.get_text(): one.get_color() for one in texts_of(drawn["claims"])}
    for judged in told.values():
        factor = judged["asserted_over_median"]
        side, size = ("over", factor) if factor >= 1 else ("under", 1 / factor)
        (colour,) = [
            colour
            for text, colour in words.items()
            if (found := re.fullmatch(rf"{side}stated ([\d.]+)x \(base\)", text))
            and abs(float(found[1]) - size) < 0.08
        ]
        assert (colour == VERMILLION) == (judged["place"] != "inside")


@pytest.mark.slow
def test_what_cannot_be_drawn_of_claims_is_refused(claims):
    none = {**claims, "claims": [{**one, "implied": True} for one in claims["claims"]]}
    with pytest.raises(DataError, match="no claim is a positive figure"):
        figures.plot_claims(none)


@pytest.mark.slow
def test_a_fan_says_its_ends_and_draws_its_guides_and_points(drawn):
    assert "Budget 10M USD" in drawn["sweep"].get_label()
    assert "Marked: somebody, 9e+25." in drawn["sweep"].get_label()
    (axes,) = drawn["sweep"].axes
    marks = [line for line in axes.lines if line.get_marker() == "D"]
    assert [line.get_xydata().tolist() for line in marks] == [[[1e8, 9e25]]]
    words = {text.get_text() for text in texts_of(drawn["sweep"])}
    assert {"GPT-4", "10× GPT-4", "median", "50% interval", "95% interval", "somebody"} <= words


def test_fan_bands_are_the_documents_intervals(swept):
    """The polygon of each band passes through the ends that the document holds."""
    document = swept({"budget": "10M..1B"}, "gpu_hours", 3)
    figure = figures.plot_sweep(document)
    (axes,) = figure.axes
    widest = axes.collections[0].get_paths()[0].vertices
    for point in document["points"]:
        ends = [p for p in point["outputs"]["gpu_hours"]["intervals"] if p["prob"] == 0.95]
        low, high = next((p["low"], p["high"]) for p in ends if p["kind"] == "eti")
        at = widest[abs(widest[:, 0] / point["at"]["budget"] - 1) < 1e-12][:, 1]
        assert at.min() == pytest.approx(low)
        assert at.max() == pytest.approx(high)


@pytest.mark.slow_but("svg")
@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_files_are_the_same_bytes_each_time(plan, tmp_path, ending):
    first, again = (
        figures.save_figure(figures.plot_graph(plan), tmp_path / f"{name}.{ending}").read_bytes()
        for name in "ab"
    )
    assert first == again
    assert len(first) > 1000
    assert not re.search(rb"20\d\d-\d\d-\d\dT|CreationDate", first)


def test_a_users_own_settings_do_not_reach_a_figure(report, tmp_path):
    import matplotlib as mpl

    plain = figures.save_figure(figures.plot_intervals(report), tmp_path / "a.svg").read_bytes()
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "none", "font.family": "serif"}):
        own = figures.save_figure(figures.plot_intervals(report), tmp_path / "b.svg").read_bytes()
        assert mpl.rcParams["font.size"] == 30
    assert plain == own


def test_the_graph_goes_from_left_to_right_and_drops_nothing(plan):
    layout = lay_out(plan)
    layer = {name: k for k, names in enumerate(layout.layers) for name in names}
    assert set(plan.reached) <= set(layer)
    wanted = {
        (argument, name)
        for name, way in plan.reached.items()
        if way.equation
        for argument in way.equation.arguments
    }
    assert set(layout.paths) == wanted
    for (source, target), path in layout.paths.items():
        assert (path[0], path[-1]) == (source, target)
        assert [layer[name] for name in path] == list(range(layer[source], layer[target] + 1))


@pytest.mark.slow
def test_what_cannot_be_drawn_is_said(report, ranking, swept, tmp_path):
    with pytest.raises(QuestionError, match=r"written as \.svg, \.png, \.pdf; found '\.gif'"):
        figures.save_figure(figures.plot_intervals(report), tmp_path / "a.gif")
    with pytest.raises(DataError, match="8 values, a line each"):
        figures.plot_sweep(swept({"budget": "1M..1B", "gpus": "10k..100k"}, "training_time", 8))
    still = {**ranking["outputs"]["gpus"], "swing": {}}
    with pytest.raises(DataError, match="nothing to draw"):
        figures.plot_tornado({**ranking, "outputs": {"gpus": still}})


@pytest.mark.slow
def test_pyplot_is_not_loaded():
    import subprocess
    import sys

    code = (
        "import sys\nfrom uncertain_scale.report import figures\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from uncertain_scale.sampling.sample import prepare\n"
        "figures.plot_priors(prepare('base')[1].inputs, ['mfu', 'site_power'])\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


OWN = """
def ratio(x, y):
    return x / y
def twice(coin):
    return 2 * coin
def größe(x):
    return x - 5
"""
BELIEVED = """
schema_version = 1
inputs.x = { kind = "normal", mu = 0, sigma = 1 }
inputs.y = { kind = "normal", mu = 0, sigma = 1 }
inputs.coin = { kind = "bernoulli", p = 0.3 }
"""


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """Answers about 0, of two values only, without a mean, and named beyond ASCII."""
    from uncertain_scale.analysis.sensitivity import sensitivity
    from uncertain_scale.model import ask, solve
    from uncertain_scale.report.sensitivity_report import sensitivity_document
    from uncertain_scale.sampling import Design, sample
    from uncertain_scale.sampling.sample import prepare

    folder = tmp_path_factory.mktemp("odd")
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    (folder / "own.toml").write_text(BELIEVED, encoding="utf-8")
    model, priors = prepare(equations=[folder / "own.py"], priors=[folder / "own.toml"])
    asked = model, priors, ask(model, {})
    design = Design(draws=256, chains=8)
    tree = sample(*asked, design)
    ranking = sensitivity_document(tree, sensitivity(*asked, design), "value", [])
    return {
        "intervals": figures.plot_intervals(report_document(tree)),
        "density": figures.plot_density(report_document(tree)),
        "sensitivity": figures.plot_sensitivity(ranking),
        "tornado": figures.plot_tornado(ranking, "größe"),
        "graph": figures.plot_graph(solve(*asked)),
    }


@pytest.mark.parametrize("kind", ["intervals", "density", "sensitivity", "tornado", "graph"])
def test_odd_answers_are_drawn_as_well(odd, kind):
    test_no_label_lies_over_another_or_leaves_the_figure(odd, kind)
    words = {text.get_text().lower() for text in texts_of(odd[kind])}
    assert "größe" in words or kind == "tornado"
