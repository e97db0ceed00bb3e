"""Files as adversaries write them: each is one clear error, soon, and opens nothing else."""

import os
import sys
import time
from functools import partial

import numpy as np
import pytest

from uncertain_scale.errors import DataError, PriorError, UncertainScaleError
from uncertain_scale.inputs import load_priors, tables
from uncertain_scale.inputs.distributions import DistributionError, parse_distribution
from uncertain_scale.inputs.tables import read_table
from uncertain_scale.inputs.toml import DEEPEST, MOST_KEYS, line_numbers, parse_toml
from uncertain_scale.reading import UnreadableError, parse_json, read_text

HEAD = "schema_version = 1\n"
JOINT = '[[joint]]\ninputs = ["a", "b"]\nsamples = "rows.csv"\n'
slow = partial(pytest.param, marks=pytest.mark.slow)
SOON = 20  # seconds of the processor: the slowest takes a tenth, a square would take hours


@pytest.fixture(autouse=True)
def soon():
    """No test here may take long: what is quadratic or worse in the sizes used takes hours."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < SOON


def refusal(path):
    with pytest.raises(PriorError) as caught:
        load_priors(path)
    return str(caught.value)


def write(folder, text, name="one.toml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = " + "[" * 70 + "]" * 70, f":2 nests deeper than {DEEPEST} lists and tables"),
        ("x = " + "{a = " * 70 + "1" + "}" * 70, f":2 nests deeper than {DEEPEST}"),
        ("x = " + "[" * 2_000_000, "nests deeper than"),
        ("a." * 2_000_000 + "b = 1", "a key of more than 32 parts"),
        slow("[" + '"a" . ' * 1_000_000 + "b]", "a key of more than 32 parts"),
        ("\n".join(f"k{n} = 1" for n in range(MOST_KEYS)), "more than 200,000 keys; split"),
        slow("[[x]]\n" * (MOST_KEYS + 1), "more than 200,000 keys"),
        ("x = " + "9" * 100_000, "a number of more than 1,000 digits; round it"),
        ("x = 0x" + "f" * 100_000, "a number of more than 1,000 digits; round it"),
        ("x = " + '"""' * 1_000_001, "not valid TOML"),
        ("x = '" + "\\" * 1_000_000, "not valid TOML"),
        ('x = "' + "\\" * 1_000_001, "not valid TOML"),
        ("#" * 16_000_001, "is larger than 16 MB (16.0 MB); split it"),
        (" " * 1_000_000 + "x", "not valid TOML"),
        ("as_of = 2024-13-45", "not valid TOML"),
        ("a = 1\na = 2", "not valid TOML: Cannot overwrite a value"),
        ("title = 'a\0b'", ":2 holds a NUL character"),
        ("title = '" + "x" * 1_001 + "'", "at most 1000 characters"),
        (
            '[inputs.a]\nkind = "constant"\nvalue = 1\nnote = "' + "x" * 20_001 + '"',
            "at most 20000",
        ),
        (
            "".join(f"[inputs.a{n}]\n" for n in range(2_001)),
            "2,001 inputs in 1 files; expected at most 2,000 in all",
        ),
        (
            "[inputs.a]\nkind = 'normal'\n" + "".join(f"k{n} = 1\n" for n in range(1_001)),
            "normal with 1,001 keys; it may have 1,000",
        ),
        ("[[correlations]]\n" * 2_001, "'correlations' holds 2,001; expected at most 2,000"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_what_a_prior_file_may_hold_is_bounded(tmp_path, text, said):
    assert said in refusal(write(tmp_path, HEAD + text))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((HEAD + "title = 'é'").encode("utf-16"), "is UTF-16, not UTF-8; save it as UTF-8"),
        ((HEAD + "title = 'é'").encode("utf-16-le"), ":2 is not UTF-8"),
        ((HEAD + "title = 'é'").encode("latin-1"), ":2 is not UTF-8; save it as UTF-8"),
        ((HEAD + "title = 'é'").encode("utf-32"), "UTF-8"),
        (b"\x00" * 5000, "holds a NUL character"),
        (bytes(range(256)), "is not UTF-8"),
    ],
    ids=["utf-16", "utf-16 without a mark", "latin-1", "utf-32", "NULs", "bytes"],
)
def test_other_encodings_are_told(tmp_path, data, said):
    assert said in refusal(write(tmp_path, data))


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = write(tmp_path, ("\ufeff" + HEAD + "title = 'é'").encode())
    assert load_priors(path).title == "é"
    write(tmp_path, "\ufeffa,b\n1,2\n3,4\n", "rows.csv")
    (joint,) = load_priors(write(tmp_path, HEAD + JOINT)).joints
    assert joint.rows.tolist() == [[1, 2], [3, 4]]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in the file system here")
def test_pipes_devices_and_folders_are_not_opened(tmp_path):
    """A pipe without a writer would be waited for, /dev/zero read for ever."""
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    for name, sort in (("pipe", "a pipe"), ("folder", "a folder"), ("zero", "a device")):
        path = tmp_path / f"{name}.toml"
        assert "no such prior file" in refusal(path)
        for read in (parse_toml, lambda path: read_table(path, required=["a"])):
            with pytest.raises(UncertainScaleError, match=f"is {sort}; expected a regular file"):
                read(path)
    os.mkfifo(tmp_path / "rows.csv")
    assert "is a pipe; expected a regular file" in refusal(write(tmp_path, HEAD + JOINT))


@pytest.mark.parametrize(
    "there", ["../other.toml", "ABSOLUTE", "link.toml", "folder/../../other.toml"]
)
def test_no_file_outside_the_folder_is_extended(tmp_path, there):
    inner = tmp_path / "inner"
    (inner / "folder").mkdir(parents=True)
    outside = '[inputs.secret]\nkind = "constant"\nvalue = 8642197531\n'
    other = write(tmp_path, HEAD + outside, "other.toml")
    (inner / "link.toml").symlink_to(other)
    named = str(other) if there == "ABSOLUTE" else there
    said = refusal(write(inner, HEAD + f"extends = '{named}'\n"))
    assert "lies outside the folder of the file that names it; copy it there" in said
    assert "8642197531" not in said
    assert load_priors(other, overlays=[write(inner, HEAD)]).inputs  # named by the user: read


def test_folders_below_and_links_within_are_followed(tmp_path):
    (tmp_path / "below").mkdir()
    write(tmp_path / "below", HEAD + 'title = "found"\n', "two.toml")
    (tmp_path / "link.toml").symlink_to("below/two.toml")
    for named in ("below/two.toml", "link.toml"):
        assert load_priors(write(tmp_path, HEAD + f"extends = '{named}'\n")).title == "found"


@pytest.mark.parametrize(
    "named", ["a\\u0000.toml", "x" * 5000 + ".toml", "loop.toml", "", ".", ".."]
)
def test_names_that_cannot_be_are_told(tmp_path, named):
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    assert "extends" in refusal(
        write(tmp_path, HEAD + f'extends = "{named}"\n[inputs.a]\nkind = 1')
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (b"a,b\n" + b"1,2\n" * 1_001, "more than 1,000 rows of 2 columns; thin them out"),
        (
            b"a,b\n" + b"," * 1_000_001 + b"\n",
            ":2 a line of more than 1,000,000 bytes; break it up",
        ),
        (b"a,b\n1,2\n3,\xe9\n", ":3 is not UTF-8"),
        ("a,b\n1,2\n3,4\n".encode("utf-16"), "is UTF-16, not UTF-8"),
        (b"a,b\n1,nan\n3,4\n", "rows.csv:2 holds a number that is not finite"),
        (b"a,b\n1,2\n3,1e999\n", "rows.csv:3 holds a number that is not finite"),
        (b'a,b\n"1,2\n', "is not a CSV file in UTF-8: unexpected end of data"),
        (b'a,b\n"1"2,3\n', "is not a CSV file in UTF-8: ',' expected after"),
        (b"a,b\n" + b"1" * 200_000 + b",2\n", "is not a CSV file in UTF-8: field larger than"),
        (b"", "'rows.csv' is empty; expected a header that names a, b"),
    ],
    ids=["rows", "line", "latin-1", "utf-16", "nan", "inf", "a quote", "more", "field", "empty"],
)
def test_samples_are_bounded(tmp_path, rows, said, monkeypatch):
    assert tables._MOST_SAMPLES == 1_000_000
    monkeypatch.setattr(tables, "_MOST_SAMPLES", 1_000)
    write(tmp_path, rows, "rows.csv")
    assert said in refusal(write(tmp_path, HEAD + JOINT))


def test_samples_are_not_read_beyond_their_size(tmp_path):
    """A sparse file of 300 MB is refused by its size alone."""
    with (tmp_path / "rows.csv").open("wb") as file:
        file.truncate(300_000_000)
    said = refusal(write(tmp_path, HEAD + JOINT))
    assert "is larger than 256 MB (300.0 MB); thin its rows out" in said


def test_a_file_that_grows_is_not_followed(tmp_path, monkeypatch):
    path = write(tmp_path, HEAD)
    real = os.fstat

    def smaller(descriptor):
        found = list(real(descriptor))
        found[6] -= 5
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", smaller)
    with pytest.raises(UnreadableError, match="grew while it was read"):
        read_text(path, 1000)


def test_tables_are_bounded(tmp_path):
    for text, said in (
        (b"a\n" * 2_000_000, "more than 10,000 rows; split it"),
        (b"a" + b"," * 300, "more than 200 cells"),
        (b"a,b\n1,2\0\n", "holds a NUL character"),
        ("a,b\n1,2\n".encode("utf-16"), "is UTF-16"),
    ):
        with pytest.raises(DataError, match=said):
            read_table(write(tmp_path, text, "runs.csv"), required=["a"])


def test_a_circle_and_a_chain_end(tmp_path):
    write(tmp_path, HEAD + "extends = 'a.toml'", "b.toml")
    said = refusal(write(tmp_path, HEAD + "extends = 'b.toml'", "a.toml"))
    assert "extends runs in a circle" in said
    for number in range(40):
        write(tmp_path, HEAD + f"extends = 'c{number + 1}.toml'", f"c{number}.toml")
    assert "more than 16 files extend one another" in refusal(tmp_path / "c0.toml")


def nested(depth, width):
    text = "{ kind = 'constant', value = 1.0 }"
    for _ in range(depth):
        text = "{ kind = 'mixture', components = [" + ", ".join([text] * width) + "] }"
    return f"{HEAD}[inputs]\na = {text}\n"


@pytest.mark.slow
def test_mixtures_of_mixtures_are_bounded(tmp_path):
    assert load_priors(write(tmp_path, nested(8, 1))).inputs
    assert load_priors(write(tmp_path, nested(3, 8))).inputs
    assert "mixtures nest deeper than 8" in refusal(write(tmp_path, nested(9, 1)))
    assert "it may hold 1000 in all" in refusal(write(tmp_path, nested(3, 10)))
    assert "it may hold 1000 in all" in refusal(write(tmp_path, nested(6, 6)))


def test_components_that_are_slow_to_invert_are_few(tmp_path):
    slow = "{ kind = 'metalog', q05 = 1.0, q50 = 2.0, q95 = 4.0 }"
    text = f"{HEAD}[inputs.a]\nkind = 'mixture'\ncomponents = [{', '.join([slow] * 34)}]\n"
    assert "they count 1,020 and may count 1,000" in refusal(write(tmp_path, text))
    table = f"kind = 'mixture'\ncomponents = [{', '.join([slow] * 30)}]\n"
    text = HEAD + "".join(f"[inputs.a{n}]\n{table}" for n in range(6))
    said = refusal(write(tmp_path, text))
    assert "count 5,400 in all and may count 5,000" in said


def test_a_mixture_of_mixtures_is_the_mixture_of_their_components():
    flat = "normal(mu=0, sigma=1), normal(mu=3, sigma=1), beta(alpha=2, beta=3)"
    one = parse_distribution(f"mixture(components=[{flat}], weights=[2, 3, 5])")[0]
    inner = "mixture(components=[normal(mu=0, sigma=1), normal(mu=3, sigma=1)], weights=[2, 3])"
    two = parse_distribution(f"mixture(components=[{inner}, beta(alpha=2, beta=3)])")[0]
    u = np.linspace(0.001, 0.999, 101)
    np.testing.assert_allclose(two.ppf(u), one.ppf(u), rtol=1e-9)
    cut = parse_distribution(
        f"mixture(components=[mixture(components=[{flat}], truncate=[0, 1])], weights=[7])"
    )[0]
    x = np.linspace(0, 1, 11)
    whole = parse_distribution(f"mixture(components=[{flat}])")[0]
    expected = (whole.cdf(x) - whole.cdf(np.zeros(1))) / (whole.cdf(np.ones(1)) - whole.cdf(0.0))
    np.testing.assert_allclose(cut.cdf(x), expected, rtol=1e-9, atol=1e-12)


def test_inputs_that_are_tied_are_bounded(tmp_path):
    pairs = "".join(
        f"[[correlations]]\ninputs = ['a{n}', 'b{n}']\nrank = 0.1\n" for n in range(501)
    )
    inputs = "".join(f"{x}{n} = {{kind='constant', value=1}}\n" for n in range(501) for x in "ab")
    said = refusal(write(tmp_path, f"{HEAD}[inputs]\n{inputs}{pairs}"))
    assert "tie 1,002 inputs; expected at most 1,000" in said


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "0x" + "f" * 300, "true", "'x'"])
def test_numbers_are_finite(tmp_path, value):
    text = f"{HEAD}[inputs.a]\nkind = 'constant'\nvalue = {value}\n"
    said = refusal(write(tmp_path, text))
    assert "[inputs.a] value" in said
    assert len(said.splitlines()) == 1


def test_of_many_faults_the_first_hundred_are_told(tmp_path):
    text = HEAD + "".join(f"[inputs.a{n}]\nkind = 'constant'\n" for n in range(500))
    with pytest.raises(PriorError) as caught:
        load_priors(write(tmp_path, text))
    assert len(caught.value.faults) == 500
    lines = str(caught.value).splitlines()
    assert len(lines) == 101
    assert lines[-1] == "and 400 more; mend these first"


def test_of_many_values_that_are_no_numbers_the_first_is_told(tmp_path):
    values = ", ".join(["1.5"] * 200 + ["'x'"] * 50_000)
    text = f"{HEAD}[inputs.a]\nkind = 'empirical'\nvalues = [{values}]\n"
    said = refusal(write(tmp_path, text))
    assert said.endswith("values[200] = 'x' is not a number")


@pytest.mark.parametrize(
    "text",
    [
        " " * 3_000_000 + "x",
        "1" * 3_000_000 + "x",
        "normal(mu=" + "1" * 3_000_000 + "x, sigma=1)",
        slow("normal(" + " " * 3_000_000),
        "mixture(components=[" + "a" * 3_000_000,
        slow("mixture(components=[" + "f(x=1)," * 100_000),
        "f(x=" * 100_000,
        "empirical(values=[" * 100_000,
        "to " * 1_000_000,
        "(" * 1_000_000 + "1" + ")" * 1_000_000,
        "$" + " " * 3_000_000,
        "1 " + "m**1e9" * 100_000,
    ],
    ids=lambda text: text[:20],
)
def test_typed_distributions_are_read_in_time_that_grows_with_their_length(text):
    with pytest.raises((DistributionError, UncertainScaleError)) as caught:
        parse_distribution(text)
    assert len(str(caught.value)) < 400


@pytest.mark.slow
def test_a_long_list_is_read():
    values = ",".join(["1.5"] * 100_000)
    found, _ = parse_distribution(f"empirical(values=[{values}])")
    assert np.array_equal(found.values, np.full(100_000, 1.5))


@pytest.mark.parametrize(
    "line",
    [
        "x" * 1_000_000,
        " " * 1_000_000,
        " " * 1_000_000 + "# comment",
        "'" * 999_996,
        "x = [" + '"""a""", ' * 100_000 + "]",
        "x = '\u2028y z = 1'",
        "x = 'a\x0bb = c d'",
    ],
    ids=lambda line: repr(line[:8]),
)
def test_lines_are_numbered_in_time_that_grows_with_their_length(line):
    assert line_numbers(f"{line}\nlast = 1")[("last",)] == 2


def test_text_is_scanned_in_time_that_grows_with_its_length():
    for text in ("\\", '"', "'", '"""\\"', "'''", "a", "a.", " .", "1.5,\n", "# [", "\n"):
        line_numbers("x = '" + text * (1_000_000 // len(text)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "nests deeper"),
        ("[" * 500 + "]" * 500, "nests deeper"),
        ("NaN", "NaN is no finite number"),
        ("-Infinity", "no finite number"),
        ("1e999", "no finite number"),
        ("9" * 400, "more than 300 digits"),
        (r'"\ud800"', "surrogates not allowed"),
    ],
    ids=lambda text: text[:9],
)
def test_json_is_of_finite_numbers_and_bounded_depth(text, said):
    with pytest.raises(ValueError, match=said):
        parse_json(text)
    assert parse_json(r'{"a": [1, 2.5, "\ud83d\ude00"]}') == {"a": [1, 2.5, "😀"]}


def test_the_module_of_a_prior_file_is_never_imported(tmp_path, monkeypatch):
    """What looks like code stays text, wherever it stands."""
    ran = []
    monkeypatch.setitem(sys.modules, "trap", ran)
    code = "__import__('trap').append(1)"
    text = (
        f'{HEAD}title = "{code}"\n[inputs.a]\nkind = "constant"\nvalue = 1\nunits = "{code}"\n'
        f'source = "{{{{ {code} }}}}"\n'
    )
    with pytest.raises(PriorError, match="is not a unit"):
        load_priors(write(tmp_path, text), variables={"a": "1"})
    assert ran == []
