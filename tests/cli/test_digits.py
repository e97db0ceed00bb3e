"""Numbers in the digits of other scripts are refused, with their spelling in 0 to 9."""

import re

import pytest

from uncertain_scale.errors import UncertainScaleError
from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.assertion import figure
from uncertain_scale.inputs.claim_files import load_claims
from uncertain_scale.inputs.distributions import parse_distribution
from uncertain_scale.inputs.observations import read_evidence
from uncertain_scale.units import SpellingError, parse_quantity

SCRIPTS = {"Devanagari": 0x966, "Arabic": 0x660, "Thai": 0xE50, "full width": 0xFF10}
BUDGET = ("--budget", "100M")


def written(text, first=SCRIPTS["Devanagari"]):
    """Return a text with its digits in another script."""
    return text.translate({ord("0") + digit: first + digit for digit in range(10)})


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("text", ["100M", "1.5e9 USD", "$1,900", "1e25"])
def test_a_quantity_names_the_spelling_that_is_read(script, text):
    typed = written(text, SCRIPTS[script])
    with pytest.raises(SpellingError, match="digits other than 0 to 9") as caught:
        parse_quantity(typed)
    assert str(caught.value).endswith(f"write {text}")
    assert list(caught.value.readings) == [text]


@pytest.mark.parametrize(
    ("arguments", "spelled"),
    [
        (("report", "--budget", "100M"), "100M"),
        (("report", *BUDGET, "--draws", "128"), "128"),
        (("report", *BUDGET, "--seed", "1"), "1"),
        (("report", *BUDGET, "--prob", "0.9"), "0.9"),
        (("report", *BUDGET, "--set", "mfu=0.3"), "0.3"),
        (("report", *BUDGET, "--set", "mfu=0.3 to 0.5"), "0.3 to 0.5"),
        (("report", *BUDGET, "--set", "mfu=beta(alpha=2, beta=3)"), "beta(alpha=2, beta=3)"),
        (("report", *BUDGET, "--precision", "1%"), "1%"),
        (("report", *BUDGET, "--precision", "1%", "--max-draws", "1M"), "1M"),
        (("report", *BUDGET, "--precision", "1%", "--max-time", "10s"), "10s"),
        (("report", *BUDGET, "--event", "training_flop >= 1e26"), "1e26"),
        (("sweep", "--budget", "10M..100M"), "10M"),
        (("sweep", "--budget", "10M,100M"), "10M"),
        (("compare", "base", "post-2024-07", *BUDGET, "--couple", "mfu=0.5"), "0.5"),
    ],
)
def test_the_command_line_reads_no_other_digits(cli, arguments, spelled):
    *before, last = arguments
    code, _, message = cli(*before, written(last), "--chains", "2")
    assert code == 2
    assert f"write {spelled}" in message
    assert "Traceback" not in message


def test_distributions_and_figures_are_read_in_no_other_digits():
    for text in ("1 to 2 USD", "lognormal(mu=0, sigma=1)"):
        with pytest.raises(UncertainScaleError, match=re.escape(f"write {text}")):
            parse_distribution(written(text))
    with pytest.raises(UncertainScaleError, match="write 41"):
        figure(written("41"), "MW")


FILES = {
    "claims": f'title = "T"\n[[claims]]\nname = "c"\nvariable = "x"\nvalue = "{written("41")}"\n',
    "facts": f'[[observations]]\nname = "f"\nvariable = "x"\nvalue = "{written("41 ± 3")}"\n',
}


@pytest.mark.parametrize("kind", FILES)
def test_files_are_read_in_no_other_digits(tmp_path, kind):
    path = tmp_path / f"{kind}.toml"
    path.write_text(f"schema_version = 1\n{FILES[kind]}", encoding="utf-8")
    readers = {
        "claims": lambda: load_claims(path, {"x": "1"}).faults,
        "facts": lambda: read_evidence([path], {"x": "1"})[1],
    }
    fault, *others = readers[kind]()
    assert "write 41" in fault
    assert all("write 3" in other for other in others)


def test_tables_are_read_in_no_other_digits(tmp_path):
    (tmp_path / "rows.csv").write_text(f"x,y\n1,2\n{written('2.5')},3\n", encoding="utf-8")
    priors = tmp_path / "priors.toml"
    priors.write_text(
        'schema_version = 1\n[[joint]]\ninputs = ["x", "y"]\nsamples = "rows.csv"\n'
        'units = { x = "1", y = "1" }\n',
        encoding="utf-8",
    )
    with pytest.raises(UncertainScaleError, match=r"rows\.csv:3 .*write 2\.5"):
        load_priors(priors, variables={"x": "1", "y": "1"})
