"""Tables of dated values: what is read, the revisions of a day, and every fault at once."""

import datetime as dt
import math

import pytest

from uncertain_scale.errors import DataError
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.series import find_series, read_series, shipped_series
from uncertain_scale.inputs.tables import read_table
from uncertain_scale.units import conversion_factor

HEADER = "name,date,value [FLOP],low,high,known\n"


def table(tmp_path, rows, header=HEADER):
    path = tmp_path / "own.csv"
    path.write_text(header + rows, encoding="utf-8")
    return path


def test_a_value_has_its_day_units_and_the_error_that_its_interval_tells(tmp_path):
    series = read_series(table(tmp_path, "a,2024-02-29,2e25,1e25,4e25,2024-06-30\n"))
    (one,) = series.values
    assert (one.name, one.date, one.value) == ("a", dt.date(2024, 2, 29), 2e25)
    assert one.known == dt.date(2024, 6, 30)
    assert one.error == pytest.approx(math.log(4) / (2 * 1.6448536), rel=1e-7)
    assert (series.name, series.units) == ("own", "FLOP")


def test_units_of_cells_are_converted_and_ends_take_those_of_the_value(tmp_path):
    path = table(tmp_path, "a,2024-01-01,3 d,2 d,96 h,\n", HEADER.replace("FLOP", "hour"))
    (one,) = read_series(path).values
    assert one.value == pytest.approx(72)
    assert one.error == pytest.approx(math.log(2) / (2 * 1.6448536), rel=1e-7)


def test_a_day_knows_each_value_in_its_last_revision_until_then(tmp_path):
    rows = (
        "late,2022-03-01,5e24,,,2023-12-31\n"
        "revised,2022-01-01,1e24,,,\n"
        "revised,2022-01-01,3e24,,,2024-11-30\n"
    )
    series = read_series(table(tmp_path, rows))

    def known(*day):
        return [(one.name, one.value) for one in series.known_at(dt.date(*day)).values]

    assert known(2021, 12, 31) == []
    assert known(2022, 12, 31) == [("revised", 1e24)]
    assert known(2023, 12, 31) == [("revised", 1e24), ("late", 5e24)]
    assert known(2024, 12, 31) == [("revised", 3e24), ("late", 5e24)]
    assert series.known_at() == series.known_at(dt.date(2030, 1, 1))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,2024,1,,,\n", ":2 'a' [date] is '2024'; expected a day such as 2024-07-23"),
        ("a,,1,,,\n", ":2 'a' [date] is empty"),
        ("a,2024-01-01,,,,\n", ":2 'a' [value] is empty"),
        ("a,2024-01-01,-1,,,\n", ":2 'a' [value] is -1; expected more than zero"),
        ("a,2024-01-01,1,1,,\n", ":2 'a' [high] is empty where low is stated"),
        ("a,2024-01-01,5,1,2,\n", ":2 'a' [low] low, value and high are 1, 5, 2"),
        ("a,2024-01-01,1 USD,,,\n", ":2 'a' [value] "),
        ("a,2024-01-01,1,,,\na,2024-01-01,2,,,\n", ":3 'a' [name] stands on line 2"),
        ("a,2024-01-01\n", ":2 'a' has 2 cells"),
    ],
)
def test_a_fault_of_a_row_tells_where_found_and_expected(tmp_path, rows, message):
    with pytest.raises(DataError) as error:
        read_series(table(tmp_path, rows))
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    with pytest.raises(DataError) as error:
        read_series(table(tmp_path, "a,2024-13-01,1,,,\nb,2024-01-01,x,,,\nc,2024-01-01,1,,,\n"))
    first, second = str(error.value).splitlines()
    assert ":2 'a' [date]" in first
    assert ":3 'b' [value]" in second


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("name,date,value\n", "[value] has no units; name them in the header"),
        ("date,name,value [FLOP]\n", "the first column is 'date', not 'name'"),
        ("name,day,value [FLOP]\n", "the header lacks the column 'date'"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(tmp_path, header, message):
    with pytest.raises(DataError, match=":1 ") as error:
        read_series(table(tmp_path, "a,2024-01-01,1\n", header))
    assert message in str(error.value)


def test_an_unknown_series_is_refused_with_the_nearest_name():
    with pytest.raises(DataError, match="is unknown; did you mean 'frontier_flop'"):
        find_series("frontier_flops")


def test_every_shipped_table_is_in_the_index_and_each_row_has_its_source():
    folder = shipped_folder() / "trends"
    tables = {path.stem for path in folder.glob("*.csv")} - {"series"}
    assert tables == set(shipped_series())
    for name in tables:
        rows = read_table(folder / f"{name}.csv", required=("source",)).rows
        assert all(len(row.cells["source"]) > 10 for row in rows), name


def test_units_of_shipped_series_are_those_of_their_quantity():
    units = {
        "hourly_rate": "USD/gpu/hour",
        "gpu_price": "USD/gpu",
        "training_time": "day",
        "energy_efficiency": "GFLOP/J",
    }
    for series in shipped_series().values():
        if series.variable in units:
            assert conversion_factor(series.units, units[series.variable]) == pytest.approx(1)


def test_shipped_values_of_today_hold_no_earlier_vintage():
    """Megatron-BERT was printed as 6.0e23 FLOP at the end of 2023 and as 2.2e22 since 2024-11."""
    series = shipped_series()["frontier_flop"]

    def value(day):
        return next(one.value for one in day.values if one.name == "Megatron-BERT")

    assert value(series.known_at(dt.date(2023, 12, 31))) == pytest.approx(6.027e23)
    assert value(series.known_at()) == pytest.approx(2.2e22)
    assert "GPT-3.5 (davinci-002)" not in {
        one.name for one in series.known_at(dt.date(2022, 12, 31)).values
    }
