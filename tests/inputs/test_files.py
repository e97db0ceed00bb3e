"""Prior files: overlays, provenance, units, and every fault at once."""

import datetime as dt
import json
import tomllib
from functools import cache

import jsonschema
import pytest

from uncertain_scale.errors import PriorError, UnitError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.catalog import shipped_folder
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.document import PriorFile
from uncertain_scale.inputs.prior import Prior
from uncertain_scale.inputs.writing import prior_files
from uncertain_scale.units import conversion_factor

BASE = """\
schema_version = 1
title = "Base"

[inputs.price]
kind = "lognormal"
q05 = 30
q95 = 50
units = "kUSD / gpu"
long_name = "Price of a GPU"
source = "A table"
as_of = 2024-07-01
note = "tails are judgement"

[inputs.mfu]
kind = "constant"
value = 0.3

[[correlations]]
inputs = ["price", "mfu"]
rank = 0.5
"""


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@cache
def validator():
    schema = PriorFile.editor_schema()
    found = jsonschema.validators.validator_for(schema)
    found.check_schema(schema)
    return found(schema)


def faults(path, **options):
    with pytest.raises(PriorError) as caught:
        load_priors(path, **options)
    return caught.value.faults


def test_a_file_becomes_priors_with_their_provenance(tmp_path):
    priors = load_priors(write(tmp_path, "one.toml", BASE))
    assert (priors.name, priors.title) == ("one", "Base")
    said = priors.inputs["price"].provenance
    assert (said.source, said.as_of) == ("A table", dt.date(2024, 7, 1))
    assert said.where == f"{tmp_path / 'one.toml'}:4"
    assert priors.correlations[0].rank == 0.5


def test_an_input_ages_unless_its_file_says_that_it_does_not(tmp_path):
    stated = "as_of = 2024-07-01\n"
    for key, ages in (("", True), ("ages = true\n", True), ("ages = false\n", False)):
        path = write(tmp_path, "own.toml", BASE.replace(stated, stated + key))
        assert load_priors(path).inputs["price"].provenance.ages is ages
    path = write(tmp_path, "own.toml", BASE.replace(stated, stated + 'ages = "no"\n'))
    (fault,) = faults(path)
    assert "own.toml:12 [inputs.price] ages = 'no'" in fault


def test_shipped_laws_ratings_and_choices_do_not_age():
    still = {name for name, one in load_priors("base").inputs.items() if not one.provenance.ages}
    assert still == {
        *("peak_flops", "sparsity_factor", "expert_sparsity", "shrink_factor", "compute_multiple"),
        *("log_A", "log_B", "log_E", "alpha", "beta", "sparsity_exponent", "repetition_decay"),
        *("moe", "experts_per_active", "building_life", "hours_in_use", "idle_power_share"),
        *("memory_bandwidth", "total_over_active", "weight_bytes", "cache_bytes"),
        *("sequences_per_gpu", "decode_gpus", "checkpoint_time", "training_sites"),
        *("intersite_bandwidth", "exchanged_bytes", "local_steps", "batch_tokens"),
    }
    assert not load_priors("gb300-dense-fp8").inputs["peak_flops"].provenance.ages


def test_units_are_converted_once_to_the_models(tmp_path):
    path = write(tmp_path, "one.toml", BASE)
    price = load_priors(path, variables={"price": "USD/gpu", "mfu": "1"}).inputs["price"]
    assert price.factor == 1000
    assert price.facts()["q05"] == pytest.approx(30_000, rel=1e-12)


def test_an_overlay_replaces_whole_inputs_and_adds_its_own(tmp_path):
    write(tmp_path, "one.toml", BASE)
    overlay = """
    schema_version = 1
    extends = "one.toml"
    inputs.price = { kind = "constant", value = 40, units = "kUSD/gpu" }
    inputs.rate = { kind = "constant", value = 2 }
    [[correlations]]
    inputs = ["mfu", "price"]
    rank = -0.2
    """
    priors = load_priors(write(tmp_path, "two.toml", overlay))
    assert list(priors.inputs) == ["price", "mfu", "rate"]
    assert priors.inputs["price"].provenance.source == ""
    assert [c.rank for c in priors.correlations] == [-0.2]
    assert priors.title == "Base"
    assert [path.name for path in priors.files] == ["one.toml", "two.toml"]


def test_overlays_are_laid_over_in_turn(tmp_path):
    one = write(tmp_path, "one.toml", BASE)
    first = write(tmp_path, "a.toml", "schema_version = 1\ninputs.mfu = {kind='constant', value=1}")
    second = write(
        tmp_path, "b.toml", "schema_version = 1\ninputs.mfu = {kind='constant', value=2}"
    )
    priors = load_priors(one, overlays=[first, second])
    assert priors.inputs["mfu"].distribution.value == 2
    assert priors.name == "one + a + b"


def test_all_faults_of_all_files_are_told_at_once(tmp_path):
    write(tmp_path, "one.toml", BASE.replace("q05 = 30", "q05 = 60"))
    path = write(
        tmp_path,
        "two.toml",
        'schema_version = 1\nextends = "one.toml"\n[inputs.x]\nkind = "nope"\n',
    )
    found = faults(path, variables={"mfu": "1"})
    assert [fault.removeprefix(f"{tmp_path}/")[:29] for fault in found] == [
        "one.toml:6 [inputs.price] q05",
        "two.toml:4 [inputs.x] kind 'n",
        "one.toml:4 [inputs.price] 'pr",
        "two.toml:3 [inputs.x] 'x' is ",
    ]


MANY = """\
schema_version = 1
[inputs.a]
kind = "lognormal"
q05 = 5
q95 = 2
coupling = "shard"
units = "MW"
[inputs.b]
kind = "nope"
units = "MW"
as_of = 2024-01-01
[inputs.c]
kind = "constant"
value = 1
units = 5
[[correlations]]
inputs = ["a", "nothere"]
rank = 2
[[correlations]]
inputs = ["b", "b"]
rank = "x"
[[correlations]]
inputs = ["c", "e"]
rank = 0.5
[[joint]]
inputs = ["a", "d", "d"]
samples = "nofile.csv"
units = { z = "MW" }
[[joint]]
inputs = ["e", "f"]
samples = "nofile.csv"
"""


def test_a_fault_hides_no_other_fault(tmp_path):
    """And none is told that only follows from another: `c` and `e` are stated, if badly."""
    path = write(tmp_path, "many.toml", MANY)
    variables = dict.fromkeys("abcdef", "1")
    found = {fault.removeprefix(f"{path}:")[:55] for fault in faults(path, variables=variables)}
    assert found == {
        "6 [inputs.a] coupling = 'shard': expected 'shared', 'in",
        "4 [inputs.a] q05 = 5 is not below q95 = 2; swap them or",
        "9 [inputs.b] kind 'nope' is unknown; known: bernoulli, ",
        "10 [inputs.b] units 'MW' are incompatible with a number",
        "15 [inputs.c] units = 5: input should be a valid string",
        "18 [[correlations]] rank = 2: input should be less than",
        "17 [[correlations]] 'nothere' is not an input of the sc",
        "21 [[correlations]] rank = 'x': input should be a valid",
        "20 [[correlations]] correlates 'b' with itself; name tw",
        "26 [[joint]] 'd' is stated twice; keep one",
        "28 [[joint]] 'z' is not in the joint; known: a, d, d",
        "27 [[joint]] 'nofile.csv' cannot be read: No such file ",
        "31 [[joint]] 'nofile.csv' cannot be read: No such file ",
    }


def test_what_is_not_utf8_names_its_line(tmp_path):
    (tmp_path / "one.toml").write_bytes(b"schema_version = 1\ntitle = '\xff'\n")
    assert faults(tmp_path / "one.toml") == (
        f"{tmp_path / 'one.toml'}:2 is not UTF-8; save it as UTF-8",
    )


def test_a_file_too_large_or_too_deep_is_refused(tmp_path):
    large = write(tmp_path, "large.toml", "#" * 17_000_000)
    assert "larger than 16 MB" in faults(large)[0]
    deep = write(tmp_path, "deep.toml", f"schema_version = 1\nx = {'[' * 5000}{']' * 5000}\n")
    assert "deep.toml" in faults(deep)[0]


def test_a_long_chain_of_files_is_refused(tmp_path):
    for number in range(30):
        write(tmp_path, f"f{number}.toml", f'schema_version = 1\nextends = "f{number + 1}.toml"\n')
    write(tmp_path, "f30.toml", "schema_version = 1\n")
    assert "more than 16 files" in faults(tmp_path / "f0.toml")[0]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "rows.csv").symlink_to(tmp_path / "rows.csv")
    text = 'schema_version = 1\n[[joint]]\ninputs = ["a", "b"]\nsamples = "rows.csv"\n'
    assert "lies outside" in faults(write(inner, "one.toml", text))[0]


def test_joint_rows_are_kept_whole_in_the_order_of_the_first_column(tmp_path):
    (tmp_path / "rows.csv").write_text("b,x,a\n1,9,3\n2,9,1\n3,9,2\n", encoding="utf-8")
    text = 'schema_version = 1\n[[joint]]\ninputs = ["a", "b"]\nsamples = "rows.csv"\n'
    (joint,) = load_priors(write(tmp_path, "one.toml", text)).joints
    assert joint.rows.tolist() == [[1, 2], [2, 3], [3, 1]]


SHIPPED = sorted(shipped_folder().glob("*.toml"))


@pytest.mark.slow_but("base")
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_follow_the_schema_that_editors_read(path):
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    validator().validate(json.loads(json.dumps(document, default=str)))


@pytest.mark.parametrize(
    "text",
    [
        "schema_version = 2",
        "schema_version = 1\ntittle = 'x'",
        "schema_version = 1\ninputs.mfu = { kind = 'lognormall', mu = 0, sigma = 1 }",
        "schema_version = 1\ninputs.mfu = { kind = 'lognormal', mu = 0, sigmaa = 1 }",
        "schema_version = 1\ninputs.mfu = { kind = 'lognormal', mu = 'x', sigma = 1 }",
        "schema_version = 1\n[[correlations]]\ninputs = ['a']\nrank = 0.5",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(tmp_path, text):
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(tomllib.loads(text))
    faults(write(tmp_path, "one.toml", text))


@pytest.mark.parametrize(
    ("prior", "median"),
    [
        ("choice(values=[0, 2])", 1.0),
        ("choice(values=[0, 2, 7])", 2.0),
        ("mixture(components=[uniform(lower=0, upper=1), uniform(lower=2, upper=3)])", 1.5),
        ("normal(mu=2, sigma=1e-9)", 2.0),
    ],
)
def test_a_median_between_two_values_is_their_middle(prior, median):
    distribution, _ = parse_distribution(prior)
    found = Prior("x", distribution, units="1").facts()["q50"]
    assert found == pytest.approx(median, rel=1e-12)


def test_every_bad_row_of_a_joint_sample_is_told_up_to_twenty(tmp_path):
    rows = ["1,2", "x,3", "4", "5,1,5", "6,inf", "7,8"] + ["9,none"] * 20
    (tmp_path / "rows.csv").write_text("a,b\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = 'schema_version = 1\n[[joint]]\ninputs = ["a", "b"]\nsamples = "rows.csv"\n'
    (tmp_path / "joint.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PriorError) as caught:
        load_priors(tmp_path / "joint.toml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    for number, said in ((3, "no number"), (4, "1 cells"), (5, "3 cells"), (6, "not finite")):
        assert sum(f"rows.csv:{number} " in line and said in line for line in lines) == 1
    assert "rows.csv has 4 more bad rows" in lines[-1]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("sorce = 'bank'", "'sorce' is not a key here; did you mean 'source'?"),
        ("unit = 'USD'", "'unit' is not a key here; did you mean 'units'?"),
        ("sigm = 3", "normal has no parameter 'sigm'; did you mean 'sigma'?"),
    ],
)
def test_a_misspelt_key_is_likened_to_those_of_every_kind_and_of_its_own(tmp_path, key, message):
    text = f'schema_version = 1\n[inputs.mfu]\nkind = "normal"\nmu = 1\nsigma = 2\n{key}\n'
    path = write(tmp_path, "one.toml", text)
    assert faults(path) == (f"{path}:6 [inputs.mfu] {message}",)


def test_columns_of_a_joint_sample_are_named_by_their_own_table(tmp_path):
    (tmp_path / "rows.csv").write_text("mfuu,mfu\n1,2\n3,4\n", encoding="utf-8")
    text = 'schema_version = 1\n[[joint]]\ninputs = ["mfuu", "mfu"]\nsamples = "rows.csv"\n'
    path = write(tmp_path, "one.toml", f'{text}units = {{ mfu = "USD" }}\n')
    assert [fault.removeprefix(f"{path}:") for fault in faults(path, variables={"mfu": "h"})] == [
        "2 [[joint]] 'mfuu' is not a variable of the model; did you mean 'mfu'?",
        "5 [[joint]] 'mfu': units 'USD' are incompatible with 'h'; give it in h",
    ]


def test_of_names_that_are_like_none_the_model_is_listed_once(tmp_path):
    inputs = "".join(f'[inputs.{n}]\nkind = "constant"\nvalue = 1\n' for n in ("wind", "sun"))
    path = write(tmp_path, "one.toml", f"schema_version = 1\n{inputs}")
    assert [fault.partition("; ")[2] for fault in faults(path, variables={"mfu": "1"})] == [
        "known: mfu",
        "variables of your own come with their equations: --equations FILE.py",
    ]


OWN = """
schema_version = 1
[units]
XCO = "own"
XFT = "person"
[inputs.a]
kind = "lognormal"
q05 = "0.25 million XCO"
q95 = "10^6"
units = "XCO"
copies = 19
[inputs.b]
kind = "triangular"
q10 = "1 XFT"
mode = "3 person"
q90 = "8"
units = "person"
[[correlations]]
inputs = ["a_1", "b"]
rank = -1
"""


def test_quantities_own_units_and_copies_are_read_and_written_for_a_replay(tmp_path):
    path = write(tmp_path, "own.toml", OWN)
    validator().validate(tomllib.loads(OWN))
    units = {"a": "XCO", "b": "XFT"}
    priors = load_priors(path, variables=units)
    assert priors.inputs["a_19"].distribution.describe() == "lognormal(q05=250000, q95=1000000)"
    assert priors.inputs["b"].distribution.describe() == "triangular(mode=3, q10=1, q90=8)"
    assert priors.sums == {"a": 19}
    assert "a" not in priors.inputs
    again = load_priors(
        write(tmp_path, "again.toml", prior_files(priors)["priors.toml"]), variables=units
    )
    assert again.digest() == priors.digest()
    assert again.units == priors.units == {"XCO": "own", "XFT": "person"}


def test_an_overlay_replaces_copies_and_is_replaced_by_them(tmp_path):
    write(tmp_path, "own.toml", OWN.replace('inputs = ["a_1", "b"]', 'inputs = ["a_19", "b"]'))
    plain = 'schema_version = 1\nextends = "own.toml"\n[inputs.a]\nkind = "constant"\nvalue = 1\n'
    fewer = plain.replace("own.toml", "plain.toml") + "copies = 2\n"
    found = load_priors(write(tmp_path, "plain.toml", plain))
    assert sorted(found.inputs) == ["a", "b"]
    assert not found.sums
    found = load_priors(write(tmp_path, "fewer.toml", fewer))
    assert sorted(found.inputs) == ["a_1", "a_2", "b"]
    assert found.sums == {"a": 2}


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ('q05 = "1,5"\nq95 = 3', "q05 = '1,5': '1,5' can be misread; write 1.5 or 15"),
        ('q05 = "1 MW"\nq95 = 3', "q05 = '1 MW': units 'MW' are incompatible"),
        ('mu = "1 USD"\nsigma = 3\nunits = "USD"', "mu of a lognormal has no units"),
        ("q05 = 1\nq95 = 3\ncopies = 1", "copies = 1: input should be greater than or equal to 2"),
        ("q05 = 1\nq95 = 3\ncopies = 3\nfallback = true", "'fallback' stands beside copies"),
        ("q05 = 1\nq95 = 3\ncopies = 3", "'x' is not a variable of the model"),
    ],
)
def test_what_is_wrong_with_quantities_and_copies_is_told(stated, why, tmp_path):
    text = f'schema_version = 1\n[inputs.x]\nkind = "lognormal"\n{stated}\n'
    variables = {"y": "1"} if "not a variable" in why else {"x": "1"}
    found = faults(write(tmp_path, "one.toml", text), variables=variables)
    assert why in found[0]


@pytest.mark.parametrize(
    ("units", "why"),
    [('USD = "own"', "'USD' is a unit already"), ('XGP = "1.2 USD"', "a rate of exchange moves")],
)
def test_a_unit_that_would_be_guessed_is_refused_with_its_line(units, why, tmp_path):
    found = faults(write(tmp_path, "one.toml", f"schema_version = 1\n[units]\n{units}\n"))
    assert found[0].startswith(f"{tmp_path / 'one.toml'}:3 [units")
    assert why in found[0]


def test_a_file_that_is_refused_leaves_no_units_behind(tmp_path):
    """Mended in the same process, it may state them otherwise; what was read keeps its own."""
    text = "schema_version = 1\n[units]\nXRK = 'own'\nxrk_shift = '{}'\n[inputs.x]\n"
    right = "kind = 'normal'\nmu = 1\nsigma = {}\nunits = 'XRK/xrk_shift'\n"
    write(tmp_path, "kept.toml", "schema_version = 1\n[units]\nXRL = 'own'\n")
    load_priors(tmp_path / "kept.toml")
    path = write(tmp_path, "one.toml", text.format("8 hour") + right.format(-1))
    assert "sigma" in faults(path, variables={"x": "1"})[0]
    with pytest.raises(UnitError, match="'XRK' is not a unit"):
        conversion_factor("XRK", "kg")
    path = write(tmp_path, "one.toml", text.format("6 hour") + right.format(1))
    load_priors(path, variables={"x": "XRK/hour"})
    write(tmp_path, "two.toml", text.format("6 hour") + right.format(-1))
    assert faults(tmp_path / "two.toml")
    assert conversion_factor("XRK/xrk_shift", "XRK/hour") == pytest.approx(1 / 6)
    assert conversion_factor("kXRL", "XRL") == 1000
