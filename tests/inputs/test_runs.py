"""Tables of runs: what is read, and what is told of rows that cannot be."""

from __future__ import annotations

import re

import pytest

from uncertain_scale.errors import DataError
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.runs import (
    COLUMNS,
    chips,
    families,
    find_chip,
    published_runs,
    read_runs,
    shipped_runs,
)

HEAD = "name,hardware,precision,gpus [gpu],gpu_hours [gpu*hour],training_time [day],"


def table(tmp_path, *rows, head=f"{HEAD}training_flop [FLOP]"):
    path = tmp_path / "runs.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return read_runs(path)


def test_the_shipped_table_has_no_fault_and_no_unknown_column():
    found = shipped_runs()
    assert (found.rows, len(found.runs), found.faults, found.unused) == (80, 80, (), ())
    runs = {run.name: run for run in published_runs()}
    assert runs["Llama 3.1 405B"].gpu_hours == 3.084e7
    assert runs["Llama 3.1 405B"].mfu == pytest.approx(0.345, abs=5e-4)
    assert runs["DeepSeek-V3 (pretraining)"].chip.family == "H100"
    assert all(run.source for run in runs.values())


def test_chips_have_their_dense_peaks():
    assert chips()["H100"].peak_flops == 989.4e12
    assert find_chip("NVIDIA H100 SXM") is chips()["H100"]
    assert find_chip("a100") is find_chip("NVIDIA A100") is chips()["A100"]
    assert [name for name, chip in chips().items() if chip.family == "TPU" and not chip.fp8] == [
        "TPU v3",
        "TPU v4",
        "TPU v5e",
    ]
    assert families()[:4] == ("V100", "A100", "H100", "B200")
    assert families()[-1] == "other"
    with pytest.raises(DataError, match="did you mean 'NVIDIA H100 SXM'"):
        find_chip("NVIDIA H100 SMX")


@pytest.mark.parametrize(
    ("chip", "precision", "expected"),
    [
        ("TPU v5p", "fp8", 1.0),  # FP8 at the rate of BF16: above it a unit is wrong
        ("GB300", "fp8", 2.0),
        ("Trainium3", "fp8", 3.75),
        ("GB300", "bf16", 1.0),
    ],
)
def test_the_most_that_a_run_can_reach_is_the_ratio_of_its_chips_peaks(
    tmp_path, chip, precision, expected
):
    most = expected * find_chip(chip).peak_flops * 3600 * 1e6
    head = "name,hardware,precision,gpu_hours [gpu*hour],training_flop [FLOP]"
    rows = (
        f"{name},{chip},{precision},1e6,{f * most:.6g}" for name, f in (("a", 0.99), ("b", 1.01))
    )
    found = table(tmp_path, *rows, head=head)
    assert [run.name for run in found.runs] == ["a"]
    assert f"0.001 to {expected:g}" in str(found.faults[0])
    assert found.runs[0].may_be_fp8 == (precision == "fp8")


def test_a_run_whose_precision_is_not_known_may_be_fp8_where_that_is_faster(tmp_path):
    head = "name,hardware,gpu_hours [gpu*hour],training_flop [FLOP]"
    found = table(
        tmp_path, "a,TPU v5p,1e6,6e23", "b,TPU v7,1e6,2e24", "c,MI300X,1e6,1e24", head=head
    )
    assert found.faults == ()
    assert [run.may_be_fp8 for run in found.runs] == [False, True, True]


@pytest.mark.parametrize(
    "lines",
    [
        ("name,hardware,gpu_hours [gpu*hour],training_flop [FLOP]", "a,A100,2e6,6e23"),
        ("name,hardware,gpu_hours,training_flop", "units,,Mgpu*hour,EFLOP", "a,A100,2,6e5"),
        ("name,hardware,gpu_hours,training_flop", "a,A100,2M gpu*hour,6e23 FLOP"),
        ("name,hardware,gpu_hours [gpu*day],training_flop [FLOP]", "a,A100,2e6 gpu*hour,6e23"),
    ],
    ids=["header", "row", "cell", "cell over header"],
)
def test_units_stand_in_the_header_in_a_row_or_in_the_cell(tmp_path, lines):
    head, *rows = lines
    found = table(tmp_path, *rows, head=head)
    assert found.faults == ()
    assert found.runs[0].gpu_hours == pytest.approx(2e6)
    assert found.runs[0].training_flop == pytest.approx(6e23)


EXPECTED = {
    "zero": r"\[gpu_hours\] is 0; expected more than zero",
    "negative": r"\[gpu_hours\] is -5; expected more than zero",
    "chip": r"\[hardware\] 'H100 SMX' is not a known chip; did you mean 'H100 SXM'",
    "too fast": r"\[training_flop\] is 9e25, an mfu of 25.3 .*expected 0.001 to 1",
    "words": r"\[(gpu_hours|training_flop)\] '(lots|many)' is not a value",
    "good one": r"\[name\] stands on line 3 already",
    "short": r"has 2 cells where the header names 10 columns",
    "mw": r"\[gpu_hours\] units 'MW' are incompatible with 'gpu\*hour'",
    "a100fp8": r"\[grade\] is 'Q'|\[precision\] is fp8, which a NVIDIA A100 does not",
    "sparse": r"\[peak_flops\] is 1.979e15; expected 9.894e\+14 .*dense BF16 peak",
    "nan": r"\[(gpu_hours|training_flop)\] '(nan|inf)' is not a value",
    "": r"\[name\] is empty",
    "mi300b": r"\[peak_flops\] is empty; a chip that is given by its family needs its peak",
    "=cmd|x": r"\[precision\] is 'int4'; expected bf16, fp16, fp8",
    "huge": r"\[gpu_hours\] '1e400' is too large",
    "tiny": r"\[training_flop\] is 1e-300; expected 1e-30 to 1e\+40 FLOP",
}


def test_each_bad_row_has_its_line_and_good_rows_are_kept(specimens):
    found = read_runs(specimens / "runs" / "bad.csv", shown="bad.csv")
    assert [run.name for run in found.runs] == [
        "good one",
        "by cluster",
        "own units",
        "mi300",
        "nohours",
    ]
    assert {fault.row for fault in found.faults} == set(EXPECTED)
    assert len(found.faults) == len(EXPECTED) + 3  # three rows have two faults
    lines = (specimens / "runs" / "bad.csv").read_text().splitlines()
    for fault in found.faults:
        assert re.search(EXPECTED[fault.row], str(fault)), fault
        assert str(fault).startswith(f"bad.csv:{fault.line}")
        assert lines[fault.line - 1].startswith(fault.row)
        assert "\n" not in str(fault)
    assert found.rows == len(found.runs) + len({fault.line for fault in found.faults})


def test_a_chip_of_ones_own_is_given_by_family_and_peak(specimens):
    runs = {run.name: run for run in read_runs(specimens / "runs" / "bad.csv").runs}
    chip = runs["mi300"].chip
    assert (chip.name, chip.family, chip.peak_flops) == ("AMD MI300X", "other", 1.3e15)


def test_a_number_without_units_is_a_fault(tmp_path):
    found = table(tmp_path, "a,A100,2e6,6e23", head="name,hardware,gpu_hours,training_flop")
    assert [fault.column for fault in found.faults] == ["gpu_hours", "training_flop"]
    assert "has no units; name them in the header, 'gpu_hours [gpu*hour]'" in str(found.faults[0])


def test_fp8_may_reach_twice_the_peak_and_others_are_told_of_it(tmp_path):
    found = table(
        tmp_path, "a,H100 SXM,fp8,,1e6,,4e24", "b,H100 SXM,,,1e6,,4e24", "c,A100,,,1e6,,4e24"
    )
    assert [run.name for run in found.runs] == ["a"]
    first, second = map(str, found.faults)
    assert first.endswith(", or say fp8 if that it was")
    assert second.endswith("check the units of both")


@pytest.mark.parametrize(
    ("cells", "made"),
    [
        ("1024,1M,12", "2.949e+05"),
        ("1024 gpu,310k,12.00", "2.949e+05"),
        ("1_000,2.4M gpu*hour,1 year", "8.766e+06"),
    ],
)
def test_hours_that_contradict_gpus_and_days_are_one_fault_of_the_row(tmp_path, cells, made):
    found = table(tmp_path, f"a,H100 SXM,bf16,{cells},6e27", "b,H100 SXM,bf16,1024,290k,12,1e23")
    assert [run.name for run in found.runs] == ["b"]
    (fault,) = map(str, found.faults)
    gpus, hours, days = cells.split(",")
    said = f"is {hours}, but gpus = {gpus} for training_time = {days} make {made} gpu*hour;"
    assert said in fault


@pytest.mark.parametrize(
    "cells",
    ["1024,295k,12", "1024,294912,12", "1000,350k,12", "512,360000,56", "2048,,12", "2048,9M,"],
)
def test_hours_that_rounding_or_idle_gpus_explain_are_read(tmp_path, cells):
    assert table(tmp_path, f"a,H100 SXM,bf16,{cells},").faults == ()


def test_lines_are_those_of_the_file_where_cells_span_several(tmp_path):
    head = "name,hardware,notes,gpu_hours [gpu*hour]"
    found = table(tmp_path, 'a,A100,"two\nlines",1', "", "b,A100,,0", head=head)
    assert found.runs[0].notes == "two lines"
    assert [fault.line for fault in found.faults] == [5]


def test_cells_cannot_steer_a_terminal(tmp_path):
    found = table(tmp_path, "a\x1b[31m,A100,bf16,,1,,")
    assert found.runs[0].name == "a[31m"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty; expected a header that names name, hardware"),
        (
            b"name,hardwere\n",
            r":1 the header lacks the column 'hardware' \(rename 'hardwere'\); found 'name'",
        ),
        (
            b"schema_version = 1\n",
            ":1 the header lacks the columns 'name' and 'hardware'; found 'schema_version = 1'",
        ),
        (b"name,hardware,gpu_hour\n", r":1 \[gpu_hour\] is not a column; did you mean 'gpu_hours'"),
        (b"name,name,hardware\n", ":1 the header names 'name' twice"),
        (b"hardware,name\n", ":1 the first column is 'hardware', not 'name'"),
        (b"\xff\xfe", "is UTF-16, not UTF-8; save it as UTF-8"),
        (b'name,hardware\n"a', "is not a CSV file in UTF-8"),
        (b"name,hardware\n" + b"a," + b"x" * 5000 + b"\n", "more than 4,000 characters"),
        (b"name,hardware\n" + b"a,b\n" * 10_001, "more than 10,000 rows; split it"),
    ],
)
def test_files_that_cannot_be_used_are_refused(tmp_path, text, message):
    path = tmp_path / "runs.csv"
    path.write_bytes(text)
    with pytest.raises(DataError, match=message):
        read_runs(path)


def test_files_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_runs(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_runs(tmp_path)


def test_the_columns_are_documented():
    readme = (shipped_folder() / "README.md").read_text(encoding="utf-8")
    for column in COLUMNS:
        assert f"| `{column}` |" in readme
