"""The pages that are written from the code say what the code says."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("make")

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["model.md", "prior-files.md", "schema.json", "../llms.txt"])
def test_pages_written_from_the_code_are_fresh(name):
    from pages import PAGES

    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run: python docs/make"


def test_the_page_of_the_model_has_every_equation_and_variable():
    from uncertain_scale.model import default_model

    page = (DOCS / "model.md").read_text(encoding="utf-8")
    model = default_model()
    for equation in model.equations:
        heading = f"### {equation.name}\n"
        arguments = ", ".join(f"`{name}`" for name in equation.arguments)
        row = f"| `{equation.target}` | {arguments} |"
        assert (heading if equation.name == equation.target else row) in page, equation
    for name in model.variables:
        assert page.count(f"| `{name}` | ") >= 1


def test_the_kinds_of_the_page_are_those_of_the_schema():
    from uncertain_scale.inputs.distributions import KINDS

    page = (DOCS / "prior-files.md").read_text(encoding="utf-8")
    kinds = page.partition("## Kinds of distribution")[2]
    assert re.findall(r"^### (\w+)$", kinds, re.MULTILINE) == list(KINDS)
    for kind, cls in KINDS.items():
        section = kinds.partition(f"### {kind}\n")[2].partition("### ")[0]
        for name in set(cls.model_fields) - {"kind", "truncate"}:
            assert f"| `{name}` | " in section


def test_examples_of_kinds_are_prior_files_without_fault(tmp_path):
    """As the page says, they stand there as keys of an input."""
    page = (DOCS / "prior-files.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\| \[`(\w+)`\]\(#\w+\) \| `(.*?)` \|", page, re.MULTILINE)
    assert len(examples) == 17
    inputs = "\n".join(f"{kind}_one = {{ {keys} }}" for kind, keys in examples)
    path = tmp_path / "kinds.toml"
    path.write_text(f"schema_version = 1\n[inputs]\n{inputs}\n", encoding="utf-8")
    from uncertain_scale.inputs import load_priors

    priors = load_priors(path)
    assert [prior.distribution.kind for prior in priors.inputs.values()] == [k for k, _ in examples]


def test_the_keys_of_a_trend_are_those_that_a_file_may_have():
    from uncertain_scale.inputs.document import PeriodTable, TrendTable

    page = (DOCS / "prior-files.md").read_text(encoding="utf-8")
    section = page.partition("## Keys of a trend\n")[2].partition("\n## ")[0]
    keys = re.findall(r"^\| `(\w+)` \| (needed)?", section, re.MULTILINE)
    fields = [*TrendTable.model_fields.items(), *PeriodTable.model_fields.items()]
    assert sorted(keys) == sorted(
        (name, "needed" if field.is_required() else "") for name, field in fields
    )


def test_each_variable_of_the_model_says_what_it_is():
    page = (DOCS / "model.md").read_text(encoding="utf-8").partition("## Variables\n")[2]
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    words = {row[0].strip("| `"): row[2:] for row in rows}
    assert words["largest_site_power"] == ["Power of the largest AI site in operation", "trend |"]
    assert words["hourly_rate"][1] == "prior; trend |"
    assert words["owner_share"][1] == "prior, with a date |"
    assert [
        name for name, (what, origin) in words.items() if not what and origin != "given |"
    ] == []


def test_every_file_that_the_architecture_names_is_there():
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+/(?:[a-z_/]+\.py)?)`", text))
    named |= set(re.findall(r"\[\"([a-z_]+/[a-z_/]+\.py)", text))
    package = DOCS.parent / "uncertain_scale"
    there = {name for name in named if (package / name).exists() or (DOCS.parent / name).exists()}
    assert named - there == set()
    assert len(named) > 20
