"""The catalogue of chips: every row is held to what its kind of figure must satisfy."""

import csv
import datetime as dt
import functools

import pytest

from uncertain_scale.analysis.backtest import fit_mfu, fitted_runs
from uncertain_scale.analysis.backtest.mfu_fit import CHANCE_OF_MOE
from uncertain_scale.errors import DataError, PriorError, QuestionError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.chip_scenarios import (
    LISTED,
    PRICED,
    chip_scenario,
    chip_scenarios,
    interval_of,
)
from uncertain_scale.inputs.chips import (
    FORMATS,
    KINDS,
    OTHER,
    chips,
    families,
    family_of_peak,
    find_chip,
)
from uncertain_scale.inputs.runs import published_runs
from uncertain_scale.inputs.writing import chip_text
from uncertain_scale.model import default_model

FOLDER = shipped_folder() / "chips"
RATINGS = [(chip, rating) for chip in chips().values() for rating in chip.ratings.values()]


def rows(table):
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def shipped_fit():
    return fit_mfu(fitted_runs(published_runs()))


def maker(chip):
    return chip.product.partition(" ")[0]


@pytest.mark.parametrize("rating", [one for _, one in RATINGS], ids=lambda one: one.where)
def test_a_printed_peak_is_its_ratio_times_the_dense_one(rating):
    assert rating.printed / rating.dense == pytest.approx(rating.ratio, rel=1e-3)
    assert rating.low <= rating.dense <= rating.high
    assert rating.source


@pytest.mark.parametrize(("chip", "rating"), RATINGS, ids=lambda one: getattr(one, "name", ""))
def test_the_ratio_of_each_row_is_that_of_its_kind_of_sparsity(chip, rating):
    """2 is right for BF16 and FP8 of NVIDIA and AMD, and wrong for much else."""
    if rating.sparsity == "none":
        assert rating.ratio == 1
    elif rating.format == "fp4" and chip.name in {"B300", "GB300", "Rubin"}:
        assert 1.33 <= rating.ratio <= 1.43
    elif rating.sparsity == "4:1":
        assert maker(chip) == "AWS"
        both = rating.ratio * rating.dense / chip.peak_flops  # one sparse peak for BF16 and FP8
        assert 3.75 <= both <= 3.85
    else:
        assert maker(chip) in {"NVIDIA", "AMD"}
        assert rating.ratio == pytest.approx(2, rel=0.011)  # 10.1 is printed for 2 x 5.0


def test_what_has_no_sparse_rating_is_known():
    """A rating that loses its sparsity would pass as dense."""
    dense = {(chip.name, one.format) for chip, one in RATINGS if one.sparsity == "none"}
    some = {("MI355X", "fp4"), ("Rubin", "bf16"), ("Rubin", "fp8")}
    some |= {("Trainium3", "fp8"), ("Trainium3", "fp4"), ("MI250X", "bf16")}
    whole = {"Google", "Intel"}
    older = {"V100", "V100 32GB", "Trainium1"}
    expected = some | {
        (chip.name, one.format)
        for chip, one in RATINGS
        if maker(chip) in whole or chip.name in older
    }
    assert dense == expected


@pytest.mark.parametrize(
    ("chip", "gain"),
    [
        *((name, 2.0) for name in ("H100", "H800", "H200", "GH200", "B200", "GB200", "GB300")),
        *((name, 2.0) for name in ("MI300X", "MI325X", "MI355X", "TPU v7")),
        *((name, 1.0) for name in ("TPU v5p", "TPU v6e", "Trainium1", "Gaudi 3")),
        *((name, 0.0) for name in ("V100", "A100", "A800", "MI250X", "TPU v4", "TPU v5e")),
        *(("Trainium2", 1.95), ("Trainium3", 3.75)),
    ],
)
def test_fp8_is_not_always_twice_bf16(chip, gain):
    assert chips()[chip].fp8 == gain


def test_what_is_only_announced_says_so():
    announced = {name for name, chip in chips().items() if chip.announced}
    assert announced == {"Rubin", "MI455X"}
    assert all("announced only" in load_priors(chip_scenario(name)).title for name in announced)


def test_every_figure_has_its_source():
    for row in rows("chips"):
        for figure, source in (
            ("memory [GB]", "memory_source"),
            ("bandwidth [TB/s]", "memory_source"),
            ("link [GB/s]", "link_source"),
            ("board_power [W]", "board_source"),
            ("it_power [W/gpu]", "it_source"),
            ("date", "date_source"),
        ):
            assert bool(row[figure]) <= bool(row[source]), (row["name"], figure)
    for row in rows("prices"):
        assert row["source"]
        assert row["kind"] in KINDS
        assert row["low"] or row["mid"] or row["high"]
        assert row["confidence"] in {"reported", "estimate"}
        if "computed here" in row["source"]:
            assert row["confidence"] == "estimate"
    assert {row["chip"] for table in ("peaks", "prices") for row in rows(table)} <= set(chips())
    for table in ("chips", "peaks"):
        names = [(row.get("name"), row.get("chip"), row.get("format")) for row in rows(table)]
        assert len(names) == len(set(names))


def price(chip, kind, source=""):
    found = [one for one in chip.prices if one.kind == kind and source in one.source]
    assert found
    return min(one.low for one in found), max(one.high for one in found)


def test_prices_that_are_computed_here_follow_from_their_rows():
    rack, network, building = 43_056, 54_167, 81_944
    gb200 = chips()["GB200"]
    assert {one.low for one in gb200.prices} >= {rack, network, building}
    assert (network / rack, building / rack) == pytest.approx((1.26, 1.90), abs=0.005)
    computed = [
        (chip, one)
        for chip in chips().values()
        for one in chip.prices
        if one.kind == "all_in" and "computed here" in one.source
    ]
    assert len(computed) == 11
    for chip, one in computed:
        low, high = one.low / 1.26, one.high / 1.90
        known = [end for row in chip.prices if row.kind == "server" for end in (row.low, row.high)]
        assert any(end == pytest.approx(low, rel=1e-4) for end in known), chip.name
        assert any(end == pytest.approx(high, rel=1e-4) for end in known), chip.name


def test_a_contract_costs_1_4_to_2_8_times_what_an_owner_pays():
    """The range that stands for GB300's contracts, of which none is known that counts."""
    ratios = []
    for name in ("H100", "H200", "B200", "MI300X", "MI325X", "MI355X"):
        found = [one for one in chips()[name].prices if one.date.startswith("2026-09")]
        (owner,) = (one.low for one in found if one.kind == "owner_cost")
        ratios += [one.low / owner for one in found if one.kind in {"rent_large", "rent_1yr"}]
    assert (min(ratios), max(ratios)) == pytest.approx((1.4, 2.8), rel=0.03)
    owner = price(chips()["GB300"], "owner_cost")
    low, high = price(chips()["GB300"], "rent_large", "computed here")
    assert (low, high) == pytest.approx((owner[0] * 1.4, owner[1] * 2.8), rel=0.02)


def test_power_that_is_computed_here_follows_from_board_power():
    ends = {}
    for name, chip in chips().items():
        board, power = (chip.facts[column] for column in ("board_power", "it_power"))
        if board and power:
            numbers = [[float(end) for end in text.split(" to ")] for text in (board, power)]
            ends[name] = (chip.facts["it_source"], numbers[0][0], numbers[0][-1], *numbers[1])
    middle = {"A100": 926, "GB300": 2217}  # of Epoch's table, as the ends of those two
    ratios = sorted(middle[name] / ends[name][1] for name in middle)
    assert ratios == pytest.approx([1.58, 2.32], abs=0.01)
    assert (ends["A100"][3] / 926, ends["A100"][4] / 926) == pytest.approx((0.877, 1.184), abs=1e-3)
    by_ratio = [one for one in ends.values() if one[0].startswith("board power x 1.58")]
    assert len(by_ratio) > 8
    for _, low, high, least, most in by_ratio:
        assert (least, most) == pytest.approx((1.58 * low, 2.32 * high), abs=0.6)


@pytest.mark.parametrize("row", rows("families"), ids=lambda row: row["family"])
def test_a_familys_utilisation_is_what_the_fit_to_published_runs_predicts(row):
    for moe, name in ((CHANCE_OF_MOE, "mfu"), (0.0, "dense")):
        ends = shipped_fit().predictive(row["family"], moe=moe).summary()
        stated = float(row[f"{name}_q05"]), float(row[f"{name}_q95"])
        assert stated == pytest.approx(ends, abs=5e-4)
    with_runs = {run.chip.family for run in fitted_runs(published_runs())}
    assert (row["family"] in with_runs) == (row["family"] != OTHER)


@pytest.mark.parametrize("name", chip_scenarios())
def test_every_chip_and_format_makes_a_scenario(name):
    priors = load_priors(name, variables=default_model().variables)
    assert (priors.name, priors.files[-1].stem) == (name, name)
    may_lack = {*PRICED, "gpu_power", "memory_bandwidth"}
    shared = {*load_priors("base").inputs} - may_lack
    assert shared <= set(priors.inputs)
    assert set(priors.lacking) <= may_lack
    assert not priors.lacking.keys() & priors.inputs.keys()
    for variable in ("peak_flops", "precision_factor", "mfu", *may_lack):
        if variable in priors.inputs:
            assert priors.inputs[variable].provenance.source
    peak, speed_up = (priors.inputs[key] for key in ("peak_flops", "precision_factor"))
    found = next(one for one in chips().values() if name.startswith(slug(one.name)))
    number_format = name.rpartition("-")[2]
    low, high = peak.ppf([0.0, 1.0]) if peak.varies else peak.ppf([0.5, 0.5])
    rating = found.ratings[found.formats[0]]
    assert (low, high) == pytest.approx((rating.low, rating.high))
    assert speed_up.ppf([1.0])[0] <= found.gain(number_format) * (1 + 1e-9)
    assert speed_up.ppf([0.0])[0] >= 1


def test_memory_bandwidth_is_the_catalogues():
    """One figure, an interval where sources disagree, and none where there is no source."""
    assert load_priors("h200-dense-bf16").inputs["memory_bandwidth"].ppf(0.5) == 4.8
    between = load_priors("rubin-dense-bf16").inputs["memory_bandwidth"].ppf([0.0, 1.0])
    assert between == pytest.approx([13, 22])
    assert "memory_bandwidth" in load_priors("tpu-v3-dense-bf16").lacking


def slug(name):
    return f"{name.casefold().replace(' ', '-')}-dense-"


def test_an_inputs_place_is_its_row():
    priors = load_priors("gb300-dense-fp8")
    for variable, prior in priors.inputs.items():
        file, _, line = prior.provenance.where.rpartition(":")
        if not file.startswith("priors/chips/"):
            assert file == "priors/base.toml"
            continue
        text = (FOLDER / file.rpartition("/")[2]).read_text(encoding="utf-8").splitlines()
        begins = {"mfu": "B200,", "dense_model_mfu": "B200,", "precision_factor": "fp8,"}.get(
            variable, "GB300,"
        )
        assert text[int(line) - 1].startswith(begins)


def test_the_h100_is_bases_chip():
    base = load_priors("base")
    for name in ("h100-dense-bf16", "h100-dense-fp8"):
        found = load_priors(name)
        changed = {key for key in base.inputs if found.inputs[key] != base.inputs[key]}
        assert changed == {"precision_factor"}
        assert found.lacking == {}


def test_the_gain_of_a_format_is_one_belief_and_other_facts_are_each_chips_own():
    one, other = (load_priors(f"{name}-dense-fp8") for name in ("gb200", "mi355x"))
    assert one.inputs["precision_factor"].coupling == 1
    for variable in ("mfu", "hourly_rate"):
        assert one.inputs[variable].coupling == other.inputs[variable].coupling == 0
        sources = {found.inputs[variable].provenance.source for found in (one, other)}
        assert len(sources) == 2


@pytest.mark.parametrize(
    ("chip", "variable", "expected"),
    [
        ("GB200", "hourly_rate", (1.86, 4.54)),  # no contract: the lowest on demand
        ("MI355X", "hourly_rate", (1.48, 2.9)),  # owner's cost to the contract
        ("H100 PCIe", "hourly_rate", (1.98, 4.29)),  # on demand alone: lowest to highest
        ("TPU v4", "hourly_rate", (2.03, 3.22)),  # one contract is the lowest of all
        ("GB200", "gpu_price", (54_167, 81_944)),
        ("H800", "hourly_rate", None),  # one figure
        ("MI355X", "gpu_price", None),  # a chip alone
        ("Gaudi 3", "hourly_rate", None),
    ],
)
def test_an_interval_goes_from_the_cheapest_to_the_dearest_that_large_tenants_pay(
    chip, variable, expected
):
    found = interval_of(find_chip(chip), variable)
    assert (found and tuple(end.value for end in found)) == expected


def test_dates_end_with_the_year_or_the_month_that_they_name():
    days = {one.date: one.day for chip in chips().values() for one in chip.prices}
    assert days["2024"] == dt.date(2024, 12, 31)
    assert days["2026-09"] == dt.date(2026, 9, 30)
    assert days["2026-09-28"] == dt.date(2026, 9, 28)
    assert {len(date) for date in days} == {4, 7, 10}


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        *(("gb300", "GB300"), ("GB300 NVL72", "GB300"), ("nvidia gb300", "GB300")),
        *(("TPU-v7", "TPU v7"), ("ironwood", "TPU v7"), ("tpu7x", "TPU v7"), ("Trn2", "Trainium2")),
        *(("NVIDIA A100", "A100"), ("A100 80GB SXM", "A100"), ("A100 40GB", "A100 40GB")),
        *(("mi355x", "MI355X"), ("Gaudi3", "Gaudi 3"), ("HGX B200", "B200")),
    ],
)
def test_a_chip_is_found_by_any_of_its_names(typed, name):
    assert find_chip(typed).name == name


def test_no_name_is_that_of_two_chips():
    for name, chip in chips().items():
        also = [one.strip() for one in chip.facts["also"].split(";") if one.strip()]
        for one in (name, chip.product, *also):
            assert find_chip(one) is chip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("GB30",), "did you mean 'GB300'"),
        (("A100", "fp8"), "the A100 has no peak in it; it has bf16"),
        (("V100", "bf16"), "it has fp16"),
        (("GB300", "int8"), "it has bf16, fp8, fp4"),
    ],
)
def test_a_chip_or_format_that_is_not_there_is_refused_with_what_is(arguments, words):
    with pytest.raises(QuestionError, match=words):
        chip_scenario(*arguments)


def test_a_misspelt_scenario_is_likened_to_those_of_chips():
    with pytest.raises(PriorError, match="did you mean 'mi355x-dense-fp8'"):
        load_priors("mi355-dense-fp8")
    with pytest.raises(DataError, match="not a known chip"):
        find_chip("")


@pytest.mark.parametrize("name", [*LISTED, "mi355x-dense-fp4", "trainium2-dense-fp8"])
def test_the_text_of_a_scenario_is_read_back_as_the_same(name, tmp_path):
    path = tmp_path / f"{name}.toml"
    path.write_text(chip_text(name), encoding="utf-8")
    read, shipped = load_priors(path), load_priors(name)
    assert read.digest() == shipped.digest()
    assert (read.title, read.lacking) == (shipped.title, shipped.lacking)
    sources = [{k: v.provenance.source for k, v in one.inputs.items()} for one in (read, shipped)]
    assert sources[0] == sources[1]


def test_peaks_tell_the_family_also_between_two_ratings():
    assert family_of_peak(2.4e15) == "CDNA"
    assert family_of_peak(1.23e14) == "TPU"
    assert family_of_peak(1.25e14) == "V100"
    assert family_of_peak(6e15) == "CDNA"
    assert family_of_peak(1.9e16) == OTHER
    assert set(families()) == {chip.family for chip in chips().values()} | {OTHER}
    assert set(FORMATS) == {rating.format for _, rating in RATINGS}


def test_each_name_of_a_chip_finds_the_first_chip_that_has_it():
    known = chips().values()
    names = [
        (one.strip(), chip)
        for chip in known
        for one in (chip.name, chip.product, *chip.facts["also"].split(";"))
        if one.strip()
    ]
    assert len(names) > 2 * len(known)
    for name, _ in names:
        first = next(chip for other, chip in names if other.casefold() == name.casefold())
        assert find_chip(f" {name.upper().replace(' ', '-')} ") is first
