"""What one reader of files refuses, all refuse: each malformed file is given to every reader."""

import pytest

from uncertain_scale.errors import DataError, EvidenceError, PriorError, UncertainScaleError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.claim_files import load_claims
from uncertain_scale.inputs.observations import read_evidence
from uncertain_scale.inputs.runs import read_runs
from uncertain_scale.reading import parse_json

VARIABLES = {"mfu": "1", "budget": "USD", "training_flop": "FLOP"}


def runs(folder, rows):
    """Read a runs table and return the two numbers of its rows, or raise what is wrong."""
    head = "name,hardware,gpu_hours [gpu*hour],training_flop [FLOP]"
    path = folder / "runs.csv"
    path.write_bytes(rows(head, ["one,H100 SXM,{},6e23", "two,H100 SXM,{},7e23"], "1900000"))
    table = read_runs(path)
    if table.faults:
        raise DataError("\n".join(map(str, table.faults)))
    return sorted(run.gpu_hours for run in table.runs)


def joint(folder, rows):
    """Read a joint sample and return the numbers of its first column, or raise what is wrong."""
    (folder / "rows.csv").write_bytes(rows("a,b", ["{},2", "{},4"], "1900000"))
    path = folder / "joint.toml"
    text = 'schema_version = 1\n[[joint]]\ninputs = ["a", "b"]\nsamples = "rows.csv"\n'
    path.write_text(text, encoding="utf-8")
    return sorted(load_priors(path).joints[0].rows[:, 0].tolist())


CSV_READERS = {"runs": runs, "joint": joint}


def table(number=None, *, change=lambda text: text, encoding="utf-8"):
    """Return what makes a file of a header and two rows, of which the first has this number."""

    def rows(head, lines, plain):
        first = plain if number is None else number
        body = [lines[0].format(first), lines[1].format(plain)]
        return change("\n".join([head, *body, ""])).encode(encoding)

    return rows


MALFORMED_TABLES = {
    "empty": (table(change=lambda _: ""), "is empty; expected a header"),
    "blank": (table(change=lambda _: "\n\n  \n"), "is empty; expected a header"),
    "doubled column": (
        table(change=lambda t: "\n".join(f"{x},{x.split(',')[0]}" for x in t.split())),
        "the header names '(a|name)' twice",
    ),
    "semicolons": (
        table("1,9", change=lambda t: t.replace(",", ";")),
        "parted by semicolons; expected",
    ),
    "tabs": (table(change=lambda t: t.replace(",", "\t")), "parted by tabs; expected commas"),
    "bars": (table(change=lambda t: t.replace(",", "|")), "parted by bars; expected commas"),
    "a column less": (
        table(change=lambda t: t.replace("b", "c").replace("hardware", "chip")),
        "the header lacks the column '(b|hardware)'",
    ),
    "a long row": (table("1,9"), "has . cells where the header names . columns"),
    "a short row": (table(change=lambda t: t.rpartition(",")[0] + "\n"), "cells where the header"),
    "an open quote": (table('"1'), "is not a CSV file in UTF-8"),
    "UTF-16": (table(encoding="utf-16"), "is UTF-16, not UTF-8"),
    "latin-1": (table("1\u00e9", encoding="latin-1"), "is not UTF-8"),
    "a NUL": (table("1\0"), "holds a NUL character"),
    "a decimal comma": (table('"1,9e6"'), "write 1.9e6 or 19e6"),
    "a zero before a comma": (table('"0,400"'), r"write 0\.400 \("),
    "points for thousands": (table('"1.900.000"'), "write 1900000 "),
    "both marks, the other way": (table('"1.900.000,5"'), "write 1900000.5 "),
    "an apostrophe": (table("1900'000"), "write 1900000 "),
    "a space": (table("1 900 000"), "write 1900000 "),
    "nan": (table("nan"), "is not a value|not finite"),
    "inf": (table("inf"), "is not a value|not finite"),
    "too large": (table("1e999"), "is too large|not finite"),
    "words": (table("many"), "is not a value|holds no number"),
}


@pytest.mark.parametrize("reader", CSV_READERS)
@pytest.mark.parametrize("variant", MALFORMED_TABLES)
def test_every_table_reader_refuses_what_is_malformed(tmp_path, reader, variant):
    rows, message = MALFORMED_TABLES[variant]
    with pytest.raises(UncertainScaleError, match=message):
        CSV_READERS[reader](tmp_path, rows)


@pytest.mark.parametrize("reader", CSV_READERS)
@pytest.mark.parametrize(
    "rows",
    [
        table(),
        table('"1,900,000"'),
        table("1_900_000"),
        table("1.9e6"),
        table("1.9M"),
        table("1.9 million"),
        table("1.9x10^6"),
        table(encoding="utf-8-sig"),
        table(change=lambda text: text.replace("\n", "\r\n")),
        table(change=lambda text: text.replace("\n", "\n\n")),
        table(change=lambda text: text.replace(",", " , ", 1)),
        table(change=lambda text: text.replace("\n", ",,\n")),
    ],
    ids=[
        *("plain", "commas", "underscores", "e", "M", "million", "power"),
        *("BOM", "CRLF", "gaps", "spaces", "blanks"),
    ],
)
def test_every_table_reader_takes_what_is_well_written(tmp_path, reader, rows):
    assert CSV_READERS[reader](tmp_path, rows) == [1.9e6, 1.9e6]


def priors(path):
    return load_priors(path, variables=VARIABLES)


def evidence(path):
    _, faults = read_evidence([path], VARIABLES)
    if faults:
        raise EvidenceError(faults)


def claims(path):
    found = load_claims(path, VARIABLES)
    if found.faults:
        raise PriorError(found.faults)


TABLES = {
    priors: "[inputs.mfu]\nkind = 'constant'\nvalue = 0.4\n",
    evidence: "[[observations]]\nname = 'x'\nvariable = 'mfu'\nvalue = 0.4\nerror = 0.1\n",
    claims: "[[claims]]\nname = 'x'\nvariable = 'mfu'\nvalue = 0.4\n",
}
HEAD = "schema_version = 1\ntitle = 'A title'\n"


def read(folder, reader, head, body, encoding="utf-8"):
    path = folder / "file.toml"
    path.write_bytes(f"{head}{body}".encode(encoding))
    reader(path)


@pytest.mark.parametrize("reader", TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_every_reader_of_toml_takes_the_plain_file(tmp_path, reader, encoding):
    read(tmp_path, reader, HEAD, TABLES[reader], encoding)


@pytest.mark.parametrize("reader", TABLES)
@pytest.mark.parametrize("version", ["true", "1.0", "'1'", "2", "[1]", "0x2", "-1"])
def test_every_reader_of_toml_refuses_another_version(tmp_path, reader, version):
    head = HEAD.replace("schema_version = 1", f"schema_version = {version}")
    with pytest.raises(UncertainScaleError, match=r"file\.toml:1 schema_version = .*1"):
        read(tmp_path, reader, head, TABLES[reader])


@pytest.mark.parametrize("reader", TABLES)
@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "'schema_version' is missing"),
        (HEAD.replace("title", "titel"), ":2 'titel' is not a key here; did you mean 'title'"),
        (HEAD * 2, "not valid TOML"),
        (HEAD.replace("'A title'", "3"), ":2 title = 3: "),
    ],
    ids=["missing", "misspelt", "doubled", "a number"],
)
def test_every_reader_of_toml_refuses_a_faulty_head(tmp_path, reader, head, message):
    with pytest.raises(UncertainScaleError, match=message):
        read(tmp_path, reader, head, TABLES[reader])


@pytest.mark.parametrize("reader", TABLES)
def test_every_reader_of_toml_refuses_a_table_stated_twice(tmp_path, reader):
    with pytest.raises(UncertainScaleError):
        read(tmp_path, reader, HEAD, TABLES[reader] * 2)


@pytest.mark.parametrize("reader", TABLES)
@pytest.mark.parametrize("number", ["0,4", "4,5 × 10^-1", "0,4 bn"])
def test_every_reader_of_toml_points_to_the_key_at_fault(tmp_path, reader, number):
    body = TABLES[reader].replace("0.4", f"'{number}'")
    line = (HEAD + body).splitlines().index(f"value = '{number}'") + 1
    with pytest.raises(UncertainScaleError, match=rf"file\.toml:{line} .*; write "):
        read(tmp_path, reader, HEAD, body)


@pytest.mark.parametrize(
    "lines",
    ["value = '1e26 ± 1,5e25 FLOP'", "value = 1e26\nerror = '1,5e25 FLOP'"],
    ids=["behind the value", "by itself"],
)
def test_a_comma_in_an_observations_error_is_told(tmp_path, lines):
    body = f"[[observations]]\nname = 'x'\nvariable = 'training_flop'\n{lines}\n"
    with pytest.raises(UncertainScaleError, match="error = '1,5e25 FLOP'.*; write 1.5e25 FLOP"):
        read(tmp_path, evidence, HEAD, body)


PAIR = "[inputs.a]\nkind='normal'\nmu=0\nsigma=1\n[inputs.b]\nkind='normal'\nmu=0\nsigma=1\n"
TIED = "[[correlations]]\nrank = {}\ninputs = ['{}', '{}']\n"


@pytest.mark.parametrize("second", [("a", "b"), ("b", "a")])
def test_a_pair_is_correlated_once_in_a_file(tmp_path, second):
    path = tmp_path / "one.toml"
    body = PAIR + TIED.format(0.5, "a", "b") + TIED.format(-0.5, *second)
    path.write_text(HEAD + body, encoding="utf-8")
    with pytest.raises(PriorError, match=r"one\.toml:16 .* are correlated at .*one\.toml:11 too"):
        load_priors(path)


def test_an_overlay_replaces_the_correlation_of_a_pair(tmp_path):
    base, over = tmp_path / "base_.toml", tmp_path / "over.toml"
    base.write_text(HEAD + PAIR + TIED.format(0.5, "a", "b"), encoding="utf-8")
    over.write_text(HEAD + TIED.format(-0.5, "b", "a"), encoding="utf-8")
    found = load_priors(base, overlays=[over]).correlations
    assert [correlation.rank for correlation in found] == [-0.5]


def test_an_input_is_tied_to_another(tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(HEAD + PAIR + TIED.format(0.5, "a", "a"), encoding="utf-8")
    with pytest.raises(PriorError, match=r"one\.toml:13 .*'a' with itself"):
        load_priors(path)


@pytest.mark.parametrize("spelling", ["over.toml", "./over.toml", "inner/../over.toml"])
def test_a_file_is_laid_over_others_once(tmp_path, monkeypatch, spelling):
    """The second time would count for nothing, whatever was laid over it in between."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner").mkdir()
    for name, value in (("base_", 1), ("over", 2), ("last", 3)):
        text = f"{HEAD}[inputs.a]\nkind='constant'\nvalue={value}\n"
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PriorError, match=r"over\.toml is laid over files that it is among"):
        load_priors("base_.toml", overlays=["over.toml", "last.toml", spelling])


def test_units_that_do_not_fit_are_told_by_the_line_of_the_units(tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(HEAD + TABLES[priors] + "units = 'MW'\n", encoding="utf-8")
    with pytest.raises(PriorError, match=r"one\.toml:6 \[inputs.mfu\] units 'MW' are incompatible"):
        priors(path)


def test_units_that_are_not_stated_are_told_by_the_table(tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(HEAD + "[inputs.budget]\nkind='constant'\nvalue=1\n", encoding="utf-8")
    message = r"one\.toml:3 \[inputs.budget\] a number without units .* give it in USD"
    with pytest.raises(PriorError, match=message):
        priors(path)


@pytest.mark.parametrize("spelling", ["file.toml", "./file.toml", "inner/../file.toml"])
def test_an_evidence_file_is_named_once(tmp_path, monkeypatch, spelling):
    """The second time would count for nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner").mkdir()
    (tmp_path / "file.toml").write_text(HEAD + TABLES[evidence], encoding="utf-8")
    seen, faults = read_evidence(["file.toml", spelling], VARIABLES)
    assert [one.name for one in seen] == ["x"]
    assert faults == (f"{spelling} is named twice, and counts once; drop one",)


def test_own_inputs_of_an_observation_are_not_told_by_truth_values(tmp_path):
    body = TABLES[evidence] + "own = { mfu = false }\n"
    with pytest.raises(UncertainScaleError, match=r":8 .*such as \{ mfu = 0\.5 \}"):
        read(tmp_path, evidence, HEAD, body)


def test_json_with_a_doubled_key_is_refused():
    with pytest.raises(ValueError, match="the key 'a' stands there twice"):
        parse_json('{"a": 1, "b": {"a": 2}, "a": 3}')
    assert parse_json('{"a": 1, "b": {"a": 2}}') == {"a": 1, "b": {"a": 2}}
