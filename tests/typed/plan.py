"""A user's script over the public names: it runs, and its types hold for mypy and for pyright."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uncertain_scale as us

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from matplotlib.figure import Figure

QUESTION: Mapping[str, str | float] = {"budget": "100M USD", "training_time": "80 day"}
OUTPUTS = ["gpus", "training_flop"]


def median(summary: xr.Dataset, output: str) -> float:
    """Return one output's median."""
    return float(summary["median"].sel(output=output))


def answer(design: us.Design) -> xr.DataTree:
    """Ask in the shortest way."""
    return us.run(
        "h100-dense-fp8",
        given=QUESTION,
        believed={"mfu": "0.3 to 0.5"},
        outputs=OUTPUTS,
        design=design,
    )


def by_parts(design: us.Design) -> xr.DataTree:
    """Ask the same by the parts that `run` is made of, and change a prior in between."""
    model: us.Model = us.default_model()
    priors: us.Priors = us.load_priors("h100-dense-fp8", variables=model.variables)
    utilisation: us.Prior = priors.inputs["mfu"]
    if utilisation.provenance.source is None:
        raise SystemExit("mfu has no source")
    question: us.Question = us.ask(model, QUESTION, outputs=OUTPUTS)
    return us.sample(model, us.believe(priors, model, {"mfu": "0.3 to 0.5"}), question, design)


def refined(design: us.Design) -> xr.DataTree:
    """Ask given observed facts."""
    model = us.default_model()
    priors = us.load_priors("base", variables=model.variables)
    question = us.ask(model, {"gpus": 100_000}, outputs=["facility_power"])
    return us.condition(model, priors, question, design, ["h100-clusters"])


def curve(design: us.Design) -> dict[float, float]:
    """Return median FLOP by budget."""
    found: xr.Dataset = us.sweep(
        given={"budget": [1e8, 1e9]},
        outputs=["training_flop"],
        design=design,
        events=["training_flop >= 1e26"],
    )
    medians = found["median"].sel(output="training_flop").values.tolist()
    return dict(zip(found["budget"].values.tolist(), medians, strict=True))


def on_one_road(folder: Path) -> int:
    """Ask in the words of the command line, and a model of functions in memory."""
    question: us.Problem = us.ask(budget="100M", set={"mfu": us.to(0.3, 0.5)}, draws=512)
    answer: us.Answer = question.run()
    draws: xr.DataArray = answer["training_flop"]
    likely: float = answer.probability("training_flop >= 1e25").value
    ranked: us.Result = question.sensitivity("training_flop")
    figure: Figure = ranked.plot.tornado("training_flop")
    model = us.Model({"cost": lambda price: 2 * price}, inputs={"price": us.to(2, 5, "USD")})
    cost: us.Answer = model.ask(event="cost >= 5 USD").run()
    if not (draws.sizes["draw"] and likely and figure.get_label() and cost.save(folder)):
        raise SystemExit("nothing came back")
    return len(ranked.to_frame())


def main(folder: Path) -> int:
    """Write a report's document and text; say what is wrong with a question that has no answer."""
    design = us.Design(kind="sobol", draws=512, chains=4, seed=1)
    tree = answer(design)
    summary = us.summarize(tree, probs=[0.9])
    parts = by_parts(design)
    again = us.summarize(parts, probs=[0.9])
    if median(summary, "training_flop") != median(again, "training_flop"):
        return 1
    # Draws alone do not say which equations made them: their quantiles are counted.
    counted = us.summarize(parts["prior_predictive"].to_dataset(), probs=[0.9])
    if not 0.95 < median(counted, "training_flop") / median(summary, "training_flop") < 1.05:
        return 1
    if not refined(design)["posterior_predictive"].to_dataset().sizes["draw"] or not curve(design):
        return 1
    if not on_one_road(folder):
        return 1
    document: dict[str, Any] = us.report_document(tree, probs=[0.9])
    (folder / "plan.txt").write_text(
        f"{document['question']}\n{us.show(tree).text}\n", encoding="utf-8"
    )
    try:
        us.run(given={"gpu": "25k"})
    except us.UncertainScaleError as error:
        (folder / "error.txt").write_text(str(error), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
