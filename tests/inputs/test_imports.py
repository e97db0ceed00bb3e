"""Files of other programs read: SIPmath libraries and Guesstimate spaces, good and hostile.

`development_time.sipmath` has numbers of the example that the schema of probability-management's
PySIPmath holds (tests/multi-lib-schema-2021-08-19.json); `space.json` is of the shape that
adrianco/goguesstimate reads.
"""

import json

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from uncertain_scale.errors import PriorError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.imports import read_import
from uncertain_scale.inputs.sipmath import hdr
from uncertain_scale.model import Problem, ask
from uncertain_scale.model.model import Model
from uncertain_scale.sampling import Design, sample

ACCOUNTS = [9.872717622, 1.678242357, 2.54967822, 3.535388319, -13.40905029]


def published_hdr(i, v, e, a, b):
    """Return what the formula of probabilitymanagement.org for a cell of Excel gives."""
    first = (i * 2499997 + v * 1800451 + e * 2000371 + a * 1796777 + b * 2299603) % 7450589
    second = (i * 2246527 + v * 2399993 + e * 2100869 + a * 1918303 + b * 1624729) % 7450987
    one = ((999999999999989 % (first * 4658 + 7450581)) * 383) % 99991 * 7440893
    two = ((999999999999989 % (second * 7580 + 7560584)) * 17669) % 7440893 * 1343
    return ((one + two) % 4294967296 + 0.5) / 4294967296


def published_metalog(y, a):
    """Return Keelin's metalog of five terms."""
    odds = np.log(y / (1 - y))
    c = y - 0.5
    return a[0] + a[1] * odds + a[2] * c * odds + a[3] * c + a[4] * c**2


def imported(document, folder, **options):
    path = folder / "lib.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    texts, lost = read_import(path, **options)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_priors(folder / "lib.toml"), lost


def sip(name="a", **more):
    stream = {"name": "h", "function": "HDR_2_0", "arguments": {"varId": 1, "entity": 1}}
    one = {"name": name, "ref": {"source": "rng", "name": "h"}, "function": "Metalog_1_0"}
    one |= {"arguments": {"aCoefficients": [1.0, 0.5]}, **more}
    return {"U01": {"rng": [stream]}, "sips": [one]}


@pytest.mark.parametrize("seeds", [(1, 1, 0, 0), (8, 9039920, 0, 0), (99999999, 7, 3, 12345678)])
def test_streams_are_those_of_the_published_formula(seeds):
    counter = np.array([1, 2, 3, 1000, 99_999_999])
    expected = [published_hdr(int(i), *seeds) for i in counter]
    assert hdr(counter, seeds).tolist() == expected


def test_metalogs_and_their_copula_are_as_the_library_states_them(specimens, tmp_path):
    text = (specimens / "formats" / "development_time.sipmath").read_text(encoding="utf-8")
    priors, lost = imported(text, tmp_path)
    (line,) = lost
    assert "'ProductDemand': its trials are in another file" in line
    at = np.array([0.001, 0.1, 0.5, 0.77, 0.999])
    assert priors.inputs["Accounts"].ppf(at) == pytest.approx(published_metalog(at, ACCOUNTS))
    own = [-0.44366710027334577, 0.31428823046335125, -0.46025990428473268]
    scaled = np.exp(published_metalog(at, [*own, 0.52556291243339126, 2.11565238380833565]))
    assert priors.inputs["Variable1"].ppf(at) == pytest.approx(5 * scaled / (1 + scaled))
    assert priors.inputs["Poisson"].ppf(np.array([0.5, 0.7, 0.99])).tolist() == [0.0, 1.0, 3.0]
    (tie,) = priors.correlations
    assert (tie.inputs, tie.normal) == (("Products", "Fulfillment"), pytest.approx(0.75))
    assert priors.inputs["Accounts"].provenance.source.startswith("Gaussian Copula Development")
    assert str(priors.inputs["Accounts"].provenance.as_of) == "2021-07-03"


def test_trials_are_the_librarys_own(specimens, tmp_path):
    text = (specimens / "formats" / "development_time.sipmath").read_text(encoding="utf-8")
    priors, _ = imported(text, tmp_path, trials=200)
    (joint,) = priors.joints
    column = {name: joint.rows[:, k] for k, name in enumerate(joint.inputs)}
    levels = {k: [published_hdr(i, k, 9039920, 0, 0) for i in range(1, 201)] for k in (5, 7, 8)}
    marketing = published_metalog(np.array(levels[8]), ACCOUNTS)
    assert np.sort(column["Marketing"]) == pytest.approx(np.sort(marketing))
    scores = 0.75 * ndtri(levels[5]) + np.sqrt(1 - 0.75**2) * ndtri(levels[7])
    law = [8.93145879, 3.863446641, 6.494528709, -8.804090192, -25.50440804]
    expected = published_metalog(ndtr(scores), law)
    assert np.sort(column["Fulfillment"]) == pytest.approx(np.sort(expected), rel=1e-6)


def test_arrays_are_rows_and_what_no_metalog_is_becomes_trials(tmp_path):
    arrays = [
        sip(name, function="SIP_Array", arguments={"type": "array", "value": values})["sips"][0]
        for name, values in (("a b", [3, 1, 2]), ("2nd", [30, 10, 20]))
    ]
    falling = sip("falls", arguments={"aCoefficients": [1.0, -0.5, 0.0]})
    falling["sips"] += arrays
    priors, lost = imported(falling, tmp_path)
    assert lost == []
    assert priors.joints[0].rows.tolist() == [[1, 10], [2, 20], [3, 30]]
    assert priors.joints[0].inputs == ("a_b", "x_2nd")
    values = priors.inputs["falls"].distribution.values
    expected = [1 - 0.5 * ndtri_of_odds(published_hdr(i, 1, 1, 0, 0)) for i in (1, 2)]
    assert len(values) == 10_000
    assert values[:2] == pytest.approx(expected)


def ndtri_of_odds(level):
    return np.log(level / (1 - level))


def test_two_sips_of_one_stream_are_named(tmp_path):
    library = sip("a")
    library["sips"] += sip("b", arguments={"aCoefficients": [2.0, 1.0, 0.1]})["sips"]
    _, lost = imported(library, tmp_path)
    (line,) = lost
    assert line.endswith(
        "'a' and 'b' move as one, which no correlation states; --trials N keeps it"
    )
    priors, lost = imported(library, tmp_path, trials=500)
    assert np.all(np.diff(priors.joints[0].rows, axis=0) >= 0)  # one rises with the other
    assert lost == []


NONSENSE = {
    "no list": {"sips": {}},
    "none": {"sips": []},
    "numbers": {"sips": [1, None, "x"]},
    "no name": {"sips": [{}]},
    "wrong types": {"sips": [{"name": "a", "ref": 3, "function": [], "arguments": "x"}]},
    "no coefficients": sip(arguments={"aCoefficients": ["1", 2]}),
    "deep": sip(arguments={"aCoefficients": [[1.0]]}),
    "bounds": sip(arguments={"aCoefficients": [1.0, 2.0, 3.0], "lowerBound": "0"}),
    "unhashable": sip(function=["Metalog_1_0"]),
    "bool": sip(arguments={"aCoefficients": [True, False]}),
    "no stream": {"sips": sip(arguments={"aCoefficients": [1.0] * 40})["sips"]},
    "seeds": {**sip(arguments={"aCoefficients": [1.0] * 40}), "U01": {"rng": [{"name": "h"}]}},
    "copula": sip(ref={"source": "copula", "name": "x"}),
    "lookup": sip(function="Lookup_Table", arguments={"value": [[0.5, 1], [0.4, 2]]}),
    "url": sip(function="SIP_Array", arguments={"type": "csv", "url": "file:///etc/passwd"}),
    "other": {"hello": 1},
    "list": [1, 2],
    "no metrics": {"graph": {"metrics": [], "guesstimates": []}},
    "metrics": {"graph": {"metrics": [1], "guesstimates": []}},
    "graph": {"space": 3},
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_refused_in_words(case, tmp_path):
    with pytest.raises(PriorError, match="lib.json"):
        imported(NONSENSE[case], tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["lib.json"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"sips": NaN}', '{"a": 1, "a": 2}'])
def test_what_is_no_json_is_refused(text, tmp_path):
    with pytest.raises(PriorError, match="not JSON of finite numbers"):
        imported(text, tmp_path)


def space(tmp_path, *formulas, **more):
    """Import a space of a cell `x` from 2 to 8 and of cells with these formulas."""
    cells = [{"id": "0", "readableId": "XX", "name": "x"}]
    guesses = [{"metric": "0", "expression": "[2, 8]", "guesstimateType": "LOGNORMAL"}]
    for number, formula in enumerate(formulas, 1):
        cells.append({"id": str(number), "name": f"y{number}"})
        guesses.append({"metric": str(number), "expression": formula, **more})
    return imported({"graph": {"metrics": cells, "guesstimates": guesses}}, tmp_path)


FORMULAS = {
    "=${metric:0} * 2 + 1": lambda x: 2 * x + 1,
    "= XX^2^0.5 / -3": lambda x: x ** (2**0.5) / -3,
    "=max(${metric:0}, 4, 5) - min(XX, 3)": lambda x: max(x, 4, 5) - min(x, 3),
    "=sqrt(XX) + exp(-XX) + log(XX) + log(XX, 2)": lambda x: (
        x**0.5 + np.exp(-x) + np.log(x) + np.log2(x)
    ),
    "=XX > 5 ? 10 : XX * 2": lambda x: 10.0 if x > 5 else 2 * x,
    "=round(XX) + pow(XX, 2) + abs(-XX) + pi": lambda x: round(x) + x**2 + x + np.pi,
}


def test_formulas_are_equations_with_the_same_values(tmp_path):
    _, lost = space(tmp_path, *FORMULAS)
    assert lost == []
    found = {one.name: one for one in Model.of(tmp_path / "lib.py").equations}
    for number, law in enumerate(FORMULAS.values(), 1):
        for x in (2.25, 4.75, 7.5):
            value = float(found[f"y{number}"].function(np.array([x]))[0])
            assert value == pytest.approx(law(x)), number


STATED = {
    ("40", "POINT"): "constant(value=40)",
    ("1.5K", "POINT"): "constant(value=1500)",
    ("1,200 to 3M", "LOGNORMAL"): "lognormal(q05=1200, q95=3000000)",
    ("-5 -> 5", "NONE"): "normal(q05=-5, q95=5)",
    ("0..5", "LOGNORMAL"): "normal(q05=0, q95=5)",
    ("[1000,4000]", "UNIFORM"): "uniform(lower=1000, upper=4000)",
    ("10% : 20%", "NORMAL"): "normal(q05=0.1, q95=0.2)",
    ("3 of 10", "BETA"): "beta(alpha=6, beta=14)",
    ("=normal(3, 2^2)", "FUNCTION"): "normal(mu=3, sigma=4)",
    ("=exponential(4)", "FUNCTION"): "gamma(alpha=1, beta=4)",
    ("=PERT(1, 9, 4)", "FUNCTION"): "pert(lower=1, upper=9, mode=4, shape=4)",
    ("=triangular(0, 4)", "FUNCTION"): "triangular(lower=0, upper=4, mode=2)",
    ("=7 * 6 / -2", "FUNCTION"): "constant(value=-21)",
}


@pytest.mark.parametrize(("text", "kind"), STATED)
def test_cells_are_inputs_of_the_same_distribution(text, kind, tmp_path):
    priors, lost = space(tmp_path, text, guesstimateType=kind)
    assert lost == []
    law, expected = priors.inputs["y1"].distribution, STATED[text, kind]
    assert sorted(law.describe().strip(")").split(", ")) == sorted(expected.strip(")").split(", "))


LOST = {
    "": "is no number, range or formula",
    "hello": "is no number, range or formula",
    "9 to 2": "q05 = 9",
    "=": "no formula of arithmetic",
    "=${metric:77}": "names the cell '77'",
    "=y1 + 1": "computed from itself",
    "=XX + fact": "names the cell 'fact'",
    "=randomInt(0, 100) + XX": "the function randomInt() of 2",
    "=normal(XX, 1)": "parameters of normal() are not numbers",
    "=normal(1)": "normal() of 1 numbers",
    "=__import__('os').system('touch pwned')": "is no arithmetic",
    "=XX.__class__": "is no arithmetic",
    "=(lambda: 1)()": "is no arithmetic",
    "=[XX for XX in (1,)]": "is no arithmetic",
    "=XX if XX else 1": "is no arithmetic",
    "='a' * 1000000000": "is no arithmetic",
    "=XX; import os": "no formula of arithmetic",
    "=9^9^9^9 + XX": "is no arithmetic",
    "=" + "(" * 3000 + "XX" + ")" * 3000: "more than 4,000 characters",
    "=" + "(" * 900 + "XX" + ")" * 900: "no formula of arithmetic",
    "=XX" + "+1" * 1900: "nests too deeply",
    "=" + "-" * 3000 + "XX": None,
    "=" + "9" * 3500: None,
    "=(-8)^0.5": "is no arithmetic",
    "=1/0": "is no arithmetic",
}


@pytest.mark.parametrize("formula", LOST, ids=lambda text: text[:24])
def test_what_is_not_carried_over_is_named_and_never_run(formula, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    priors, lost = space(tmp_path, formula, "=XX + 1")
    assert "y2" in (tmp_path / "lib.py").read_text(encoding="utf-8")
    if LOST[formula] is not None:
        assert LOST[formula] in lost[0]
        assert list(priors.lacking) == ["y1"]
    Model.of(tmp_path / "lib.py")
    assert not (tmp_path / "pwned").exists()


def test_a_space_answers_as_a_question(specimens, tmp_path):
    text = (specimens / "formats" / "space.json").read_text(encoding="utf-8")
    priors, lost = imported(text, tmp_path, taken={"budget"})
    assert {line.split(": ")[0].split()[-1] for line in lost} == {"staash", "evil", "memcached"}
    assert {"budget_2", "return_2_part"} <= priors.inputs.keys()  # names of others, and of Python
    model = Model.of(tmp_path / "lib.py")
    question = ask(model, {}, outputs=["total"])
    asked = load_priors(tmp_path / "lib.toml", variables=model.variables)
    draws = sample(Problem(model, asked, question), Design(draws=256, chains=4))
    names = ("choice", "noise", "staash_cpu", "total_part")
    held = {n: draws["prior"][n].values for n in names[1:]}
    expected = held["staash_cpu"] * held["noise"] + held["staash_cpu"] ** 0.5 + held["total_part"]
    assert draws["prior_predictive"]["total"].values == pytest.approx(expected)


def test_cells_that_are_called_as_constants_or_functions_are_cells(tmp_path):
    metrics = [{"id": "0", "name": "e"}, {"id": "1", "name": "max"}, {"id": "2", "name": "y"}]
    texts = ("2 to 3", "[4, 5]", "=${metric:0} * max(${metric:1}, 1) + e")
    guesses = [{"metric": str(k), "expression": text} for k, text in enumerate(texts)]
    imported({"graph": {"metrics": metrics, "guesstimates": guesses}}, tmp_path)
    (law,) = Model.of(tmp_path / "lib.py").equations
    assert law.arguments == ("e_2", "max_2")
    assert float(law.function(2.0, 5.0)) == pytest.approx(10 + np.e)


def test_long_and_equal_names_are_cut_and_told_apart(tmp_path):
    long = "cups " * 60
    metrics = [{"id": str(k), "name": long} for k in range(3)]
    texts = ("2 to 3", "=${metric:0} + normal(1, 2)", "=${metric:1} * 2")
    guesses = [{"metric": str(k), "expression": text} for k, text in enumerate(texts)]
    priors, lost = imported({"graph": {"metrics": metrics, "guesstimates": guesses}}, tmp_path)
    assert (lost, len(priors.inputs)) == ([], 2)
    assert len(Model.of(tmp_path / "lib.py").equations) == 2


def test_texts_of_strangers_stay_texts(tmp_path):
    name = 'x"""\nimport os\nos.system("touch pwned")\n"""'
    metrics = [{"id": "0", "name": "a"}, {"id": "1", "name": name}]
    guesses = [{"metric": "0", "expression": "1 to 2"}, {"metric": "1", "expression": "=A"}]
    metrics[0]["readableId"] = "A"
    document = {"name": name, "graph": {"metrics": metrics, "guesstimates": guesses}}
    imported(document, tmp_path)
    (equation,) = Model.of(tmp_path / "lib.py").equations
    assert equation.arguments == ("a",)
    assert not (tmp_path / "pwned").exists()


def test_the_command_writes_all_or_names_a_folder(cli, specimens, tmp_path):
    library = specimens / "formats" / "development_time.sipmath"
    code, out, error = cli("priors", "import", library)
    assert (code, out.startswith("schema_version = 1")) == (2, True)
    assert "not carried over" in error
    code, _, error = cli("priors", "import", specimens / "formats" / "space.json")
    assert (code, "name a folder with --output" in error) == (2, True)
    folder = tmp_path / "space"
    code, out, error = cli(
        "priors", "import", specimens / "formats" / "space.json", "--output", folder
    )
    assert sorted(one.name for one in folder.iterdir()) == ["space.py", "space.toml"]
    assert (code, error.count("not carried over")) == (2, 3)
    code, _, error = cli("priors", "import", tmp_path / "none.json")
    assert (code, "cannot be read" in error) == (2, True)
