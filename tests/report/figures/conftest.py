"""What figures are drawn of: a report, a ranking, a comparison and sweeps, small ones."""

from dataclasses import replace

import pytest

from uncertain_scale import Design, report_document
from uncertain_scale.analysis.claims import check_claims
from uncertain_scale.analysis.comparison import compare
from uncertain_scale.analysis.sensitivity import sensitivity
from uncertain_scale.analysis.sweep import Sweep
from uncertain_scale.analysis.swept import read_axes
from uncertain_scale.inputs.claim_files import load_claims
from uncertain_scale.model import Problem, ask, solve
from uncertain_scale.report.claims_report import claims_document
from uncertain_scale.report.comparison_report import comparison_document
from uncertain_scale.report.sensitivity_report import sensitivity_document
from uncertain_scale.report.sweep_report import sweep_document
from uncertain_scale.sampling import sample
from uncertain_scale.sampling.sample import prepare

DESIGN = Design(draws=256, chains=8)


@pytest.fixture(scope="session")
def asked():
    model, priors = prepare("base")
    return model, priors, ask(model, {"budget": "100M"})


@pytest.fixture(scope="session")
def report(asked):
    return report_document(sample(*asked, DESIGN))


@pytest.fixture(scope="session")
def plan(asked):
    return solve(*asked)


@pytest.fixture(scope="session")
def ranking(asked):
    found = sensitivity(*asked, DESIGN)
    return sensitivity_document(sample(*asked, DESIGN), found, "log", [])


@pytest.fixture(scope="session")
def comparison(asked):
    model, _, question = asked
    base, *others = (
        prepare(name)[1] for name in ("h100-dense-fp8", "h100-sparse-fp8", "post-reading")
    )
    probs = (0.9, 0.5, 0.95)
    tree, found = compare(model, base, question, others, DESIGN, probs=probs)
    return comparison_document(tree, found, probs)


@pytest.fixture(scope="session")
def claims(asked):
    """Four claims that can be drawn, and two that cannot: one value, and an interval."""
    model = asked[0]
    stated = load_claims("post-2024-07", model.variables)
    names = ("power-100k", "cost-80-days", "flop-bf16", "gpt4-multiple", "peak-bf16", "old-price")
    stated = replace(stated, claims=tuple(one for one in stated.claims if one.name in names))
    probs = [0.5, 0.9, 0.95]
    found = check_claims(model, stated, DESIGN, probs=probs)
    return claims_document(stated, found, model, DESIGN, probs)


@pytest.fixture(scope="session")
def swept(asked):
    model, priors, _ = asked

    def run(given, output, points):
        fixed, axes = read_axes(given, points=points)
        first = {axis.name: f"{axis.values[0]!r} {axis.units or ''}" for axis in axes}
        question = ask(model, {**fixed, **first}, outputs=[output])
        study = Sweep(Problem(model, priors, question), DESIGN, axes)
        return sweep_document(study.tree(), study.summarize(probs=(0.5, 0.8, 0.95)), axes)

    return run
