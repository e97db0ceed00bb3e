"""Names in what pages say, as labels."""

import pytest

from uncertain_scale.report.blocks import Form, Items, Table, Text
from uncertain_scale.report.spoken import in_words, names_of, spoken

NAMES = {"training_flop", "gpu_hours", "hourly_rate", "mfu", "gpus", "budget", "beta", "my_rate"}
OWN = {"outputs": {"my_rate": {}}, "points": [{"inputs": {"other_rate": {}}}]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "hourly_rate is old; so is hourly_rate",
            "Rental rate (hourly_rate) is old; so is rental rate",
        ),
        ("mfu and gpus", "MFU and GPUs"),
        ("budget, training_flop", "Budget, training compute (training_flop)"),
        ("as of (hourly_rate = 2)", "as of (rental rate [hourly_rate] = 2)"),
        ("Training compute (training_flop)", "Training compute (training_flop)"),
        ("GPU-hours, gpu_hours", "GPU-hours, gpu_hours"),
    ],
)
def test_a_name_is_said_in_words(text, said):
    assert spoken(text, NAMES) == said


@pytest.mark.parametrize(
    "text",
    [
        "state --set hourly_rate=2 or --free hourly_rate",
        "set hourly_rate to 1",
        "gpu_hours(budget, 2)",
        "my/training_flop.toml and training_flop.csv",
        "beta(alpha=2, beta=3) as before",
        "'gpu_hours'",
        "'gpu_hours <= 0.1 * gpu_hours with 90%' would hold",
        "other_name",
    ],
)
def test_what_is_typed_or_no_name_stays(text):
    assert spoken(text, NAMES) == text


def test_names_of_ones_own_are_known_from_the_result():
    assert {"my_rate", "other_rate", "training_flop", "frontier_flop"} <= names_of(OWN)


def test_a_name_stands_beside_its_label_once_in_each_form():
    blocks = [
        Text("my_rate", only=Form.terminal),
        Items(["my_rate"]),
        Text("my_rate = x", raw=True),
    ]
    short, long, raw = in_words(blocks, OWN)
    assert (short.lines, long.lines, raw.lines) == (
        "My rate (my_rate)",
        ["My rate (my_rate)"],
        "my_rate = x",
    )
    _, again = in_words([blocks[0], Items(["my_rate"], only=Form.terminal)], OWN)
    assert again.lines == ["My rate"]


def test_a_table_of_names_has_labels_and_a_column_of_names_where_these_are_new():
    table = Table(
        ("answer", "gpu_hours"), [("my_rate", "1"), ("log_A, log_B", "2")], (0,), drawn=(1,)
    )
    new, seen = in_words([table, table], OWN)
    assert (new.named, new.words, new.drawn) == (True, [0, 1], [2])
    assert new.header == ["answer", "name", "GPU-hours"]
    assert new.rows[1] == ("Parameter term, log and 1 drawn with it", "log_A+log_B", "2")
    assert [row[0] for row in seen.rows] == [row[0] for row in new.rows]
    assert len(seen.header) == 2
