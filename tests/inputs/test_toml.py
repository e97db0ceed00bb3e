"""Line numbers of TOML tables and keys."""

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uncertain_scale.errors import FileError
from uncertain_scale.inputs.toml import line_numbers, parse_toml

TEXT = '''\
# a comment with [brackets] = and an "open quote
schema_version = 1
title = """
[inputs.not_a_table]
x = 1
"""

[inputs.mfu]          # whole-run
kind = "mixture"
components = [
  { kind = "constant", value = 1 }, # ] in a comment
  { kind = "beta", alpha = 2, note = "]" },
]
weights = [0.5, 0.5]
"quoted key" = 3
note = \'\'\'one line\'\'\'

[[correlations]]
inputs = ["a", "b"]
rank = 0.5
[[correlations]]
rank = 0.4
[ inputs . "pue" ]
value = 1
'''


def test_finds_each_table_and_key():
    lines = line_numbers(TEXT)
    text = TEXT.splitlines()
    expected = {
        ("schema_version",): "schema_version",
        ("title",): "title",
        ("inputs", "mfu"): "[inputs.mfu]",
        ("inputs", "mfu", "components"): "components",
        ("inputs", "mfu", "weights"): "weights",
        ("inputs", "mfu", "quoted key"): '"quoted key"',
        ("inputs", "mfu", "note"): "note",
        ("correlations", 0, "rank"): "rank = 0.5",
        ("correlations", 1, "rank"): "rank = 0.4",
        ("inputs", "pue"): "[ inputs",
        ("inputs", "pue", "value"): "value",
    }
    for path, start in expected.items():
        assert text[lines[path] - 1].startswith(start), path
    assert ("inputs", "not_a_table") not in lines


@pytest.mark.slow
@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,6}", fullmatch=True),
        st.one_of(st.integers(0, 9), st.text(st.characters(codec="ascii"), max_size=20)),
        max_size=6,
    )
)
def test_every_key_of_a_parsed_document_has_its_line(values):
    """Each key of a flat table is found on the line that holds it, whatever the strings hold."""
    body = [f"{key} = {_written(value)}" for key, value in values.items()]
    text = "\n".join(["[table]", *body])
    parsed = tomllib.loads(text)
    lines = line_numbers(text)
    for number, key in enumerate(parsed["table"], start=2):
        assert lines["table", key] == number


def _written(value):
    if isinstance(value, int):
        return str(value)
    return (
        '"'
        + "".join(f"\\u{ord(c):04x}" if c in '"\\' or not c.isprintable() else c for c in value)
        + '"'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nmu = 1,5\n", r"x\.toml:2 not valid TOML: .* \(column 7\); write 1\.5: decimals"),
        ("inputs.x = { mu = -0,25 }\n", r"x\.toml:1 not valid TOML: .*; write -0\.25: decimals"),
        (
            "a = 1\nb = [1,5\n",
            r"x\.toml:\d+ not valid TOML: [^;]*$|x\.toml: not valid TOML: [^;]*$",
        ),
    ],
)
def test_what_is_no_toml_is_told_by_its_line_and_decimal_commas_by_their_points(
    tmp_path, text, said
):
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as caught:
        parse_toml(path)
    assert re.search(said, str(caught.value)), caught.value
