"""The page of priors before and now has the figures of the prior files."""

import csv
import re
from pathlib import Path

import pytest

from uncertain_scale.inputs import load_priors

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "priors-2026.md").read_text(encoding="utf-8")
QUANTILES = {0.05: 1e-3, 0.5: 6e-3, 0.95: 1e-3}  # and what rounding leaves of each
COMPUTED = {"optimal_tokens_per_param"}  # by the scaling laws, where nothing states it


def tables():
    """Give each table's rows as cells, by its first heading."""
    for block in re.findall(r"(?m)(?:^\|.*\n)+", PAGE):
        rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in block.splitlines()]
        yield rows[0], rows[2:]


def table(*headings):
    (rows,) = [rows for heads, rows in tables() if heads[: len(headings)] == [*headings]]
    return {row[0].split("`")[1] if "`" in row[0] else row[0]: row[1:] for row in rows}


def assert_states(cell, prior):
    if prior.distribution.kind == "bernoulli":
        assert cell == f"probability {prior.distribution.p:g}"
        return
    figures = [float(part.replace(",", "")) for part in cell.split(" / ")]
    if len(figures) == 1:
        assert prior.distribution.kind == "constant"
        figures *= len(QUANTILES)
    for figure, (prob, off) in zip(figures, QUANTILES.items(), strict=True):
        assert figure == pytest.approx(float(prior.ppf(prob)), rel=off)


BASE = table("input", "before", "now")
FRONTIER = table("input", "`base`", "`frontier-2026`")
GB200 = table("input of `gb200-dense-fp8`", "own file", "catalogue", "now")


def test_every_input_of_base_has_its_figures():
    priors = load_priors("base").inputs
    assert set(BASE) - COMPUTED == set(priors)
    for name in set(BASE) - COMPUTED:
        assert_states(BASE[name][1], priors[name])


def test_what_moved_is_told_as_moved():
    for name, (before, now, *_) in BASE.items():
        assert before != now, name
    moved = {name for name, row in BASE.items() if row[0] != "same"}
    assert {"mfu", "precision_factor", "moe", "alpha"} <= moved
    assert not {"hourly_rate", "gpu_price", "gpt4_flop"} & moved


def test_every_input_that_the_two_scenarios_state_differently_has_its_figures():
    base, late = load_priors("base").inputs, load_priors("frontier-2026").inputs
    other = {n for n in late if "frontier-2026" in late[n].provenance.where}
    other |= {n for n in late if late[n].distribution != base[n].distribution}
    assert set(FRONTIER) == other
    for name, (before, now, *_) in FRONTIER.items():
        assert_states(before, base[name])
        assert_states(now, late[name])


def test_the_chip_has_its_figures():
    priors = load_priors("gb200-dense-fp8").inputs
    assert set(GB200) >= {"mfu", "precision_factor", "hourly_rate", "gpu_price", "gpu_power"}
    for name, (_, _, now, *_) in GB200.items():
        assert_states(now, priors[name])


def test_families_have_the_intervals_of_the_catalogue_and_the_runs_of_its_fit():
    rows = table("family", "before", "now")
    with (ROOT / "priors" / "chips" / "families.csv").open(encoding="utf-8") as file:
        families = list(csv.DictReader(file))
    assert {name.partition(",")[0] for name in rows} == {one["family"] for one in families}
    for one in families:
        (row,) = [row for name, row in rows.items() if name.partition(",")[0] == one["family"]]
        assert row[1] == f"{one['mfu_q05']} to {one['mfu_q95']}"
        found = re.search(rf"\b{one['family']} (\d+)", one["source"])
        assert row[2].partition(",")[0] == (found[1] if found else "")


@pytest.mark.parametrize("said", re.findall(r"\]\(\.\./priors/README\.md#([\w-]+)\)", PAGE))
def test_links_lead_to_headings(said):
    text = (ROOT / "priors" / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    assert said in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
