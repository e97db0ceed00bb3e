"""Pages written from the code: the model's equations, and the formats of files."""

from __future__ import annotations

import html
import inspect
import json
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.inputs import load_priors
from uncertain_scale.inputs.distributions import KINDS, Constant, build
from uncertain_scale.inputs.document import (
    Believed,
    CorrelationTable,
    InputTable,
    JointTable,
    PeriodTable,
    PriorFile,
    TrendTable,
)
from uncertain_scale.inputs.prior import Prior
from uncertain_scale.model import default_model
from uncertain_scale.report.numbers import units_in_words
from uncertain_scale.report.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from uncertain_scale.inputs.prior import Priors
    from uncertain_scale.inputs.trends import Trend
    from uncertain_scale.model.equation import Equation

__all__ = ["PAGES", "llms_file", "model_page", "prior_files_page", "schema_file"]

_WRITTEN = "<!-- Written by `python docs/make` from {}: edit that, not this page. -->"

_DOCS = Path(__file__).parents[1]
_LLMS = """\
# uncertain_scale

> What a budget, a cluster, a date or a chip gives in FLOP, GPUs, days, power and money for training
> large language models: each answer with an interval, its Monte Carlo error, and sources.

- `uncertain-scale report --budget 100M --format json` answers a question, or says why it cannot;
  `uncertain-scale schema report` prints the schema. `uncertain-scale mcp` serves tools over MCP.
- Quote a median with its interval and scenario. `ages` lists inputs whose figures are old; `X_mcse`
  is the Monte Carlo error of `X` and does not tell whether priors and equations are right.
- `uncertain-scale docs TOPIC` prints a page below, as it is installed.
"""

_MODEL = """\
{equations} equations connect {variables} variables. The given values of a question are known, and
so is every input with a prior; equations fire from known variables until the outputs are reached.
A variable that can be reached in several ways is computed in the first that fires, and a question
that fixes it in two ways is refused. Units are checked by magnitude when the model is built.

`uncertain-scale model` prints the same in the terminal, and `--explain NAME` shows how a
question reaches a variable."""

_PRIOR_FILES = """\
A scenario is a TOML file. `uncertain-scale priors check FILE` reports every fault of one at
once, with lines; `priors/schema.json` (`uncertain-scale priors schema` prints it) lets an
editor complete it. [Write a prior from three quantiles](priors.md) begins with an example."""

_TREND = """\
`kind = "trend"` states an input that moves with the date of a question; [Ask with a
date](dates.md) has an example. Each part of it is a number, an interval such as
`"1.2 to 1.5"`, or a distribution in braces such as
`{ kind = "lognormal", q05 = 0.7, q95 = 1.5 }`."""

_KINDS = """\
The examples stand in a prior file as keys of an input, and on the command line as
`--set "NAME=kind(…)"`. Quantiles are named by their decimals: `q05` is 5%, `q975` is 97.5%.
Parameters or quantiles, never both."""

_SUBJECTS = {
    "compute": "Computation",
    "cluster": "Cluster",
    "cost": "Cost",
    "power": "Power and energy",
    "scale": "Scale against GPT-4",
    "chinchilla": "Compute-optimal models",
    "overtraining": "Smaller models, trained longer",
    "serving": "Serving",
    "frontier": "The largest run at a date",
    "ownership": "Rent or own",
    "lifetime": "Training and serving together",
    "reliability": "Failures",
    "sites": "Several sites",
}

_ACTS: dict[str, dict[str, Any]] = {
    "constant": {"value": 2.0},
    "uniform": {"lower": 1.0, "upper": 3.0},
    "loguniform": {"lower": 1.0, "upper": 100.0},
    "normal": {"mu": 10.0, "sigma": 2.0},
    "lognormal": {"q05": 1.4, "q95": 3.2},
    "logitnormal": {"q05": 0.149, "q95": 0.436},
    "student_t": {"nu": 4.0, "mu": 10.0, "sigma": 2.0},
    "gamma": {"mu": 10.0, "sigma": 3.0},
    "beta": {"mu": 0.36, "sigma": 0.07},
    "triangular": {"lower": 1.0, "mode": 2.0, "upper": 4.0},
    "pert": {"lower": 1.0, "mode": 2.0, "upper": 4.0},
    "metalog": {"q10": 1.3, "q50": 2.0, "q90": 4.0, "lower": 0.0},
    "quantiles": {"q05": 1.2, "q25": 1.7, "q50": 2.0, "q75": 2.6, "q95": 5.0},
    "choice": {"values": [1.0, 2.0], "probabilities": [0.75, 0.25]},
    "bernoulli": {"p": 0.25},
    "mixture": {
        "components": [
            {"kind": "constant", "value": 1.0},
            {"kind": "lognormal", "q05": 1.1, "q95": 1.6},
        ],
        "weights": [0.75, 0.25],
    },
    "empirical": {"values": [1.8, 2.0, 2.1, 2.5, 3.0]},
}


def model_page() -> str:
    """Return the page of the built-in equations, from their docstrings and annotations."""
    model = default_model()
    priors = load_priors("base", variables=model.variables)
    dated = load_priors("base", variables=model.variables, with_date=True)
    first = {equation.target for equation in model.equations if equation.name == equation.target}
    lines = [
        "# The model",
        "",
        _WRITTEN.format("the docstrings in `uncertain_scale/equations`"),
        "",
        _MODEL.format(equations=len(model.equations), variables=len(model.variables)),
        "",
    ]
    for subject, equations in groupby(model.equations, key=lambda one: one.subject):
        lines += [f"## {_SUBJECTS[subject]}", ""]
        rest = []
        for equation in equations:
            if equation.name in first:
                lines += _law(equation, model.variables)
            else:
                rest.append(equation)
        if rest:
            rows = (
                (f"`{one.target}`", _names(one.arguments), _text(_formula(one))) for one in rest
            )
            lines += ["The same, solved for another variable:", ""]
            lines += [*_table(("variable", "from", "formula"), rows), ""]
    lines += ["## Variables", ""]
    rows = (
        (
            f"`{name}`",
            _text(units_in_words(unit) or "plain number"),
            _text(model.long_name(name) or _belief(name, dated).provenance.long_name),
            "equation" if name in first - priors.inputs.keys() else _origin(name, priors, dated),
        )
        for name, unit in model.variables.items()
    )
    lines += [*_table(("variable", "units", "what it is", "from"), rows), ""]
    return "\n".join(lines)


def _belief(name: str, dated: Priors) -> Prior | Trend:
    """Return the prior of an input of a question with a date, or its trend."""
    return dated.trends.get(name) or dated.inputs.get(name) or Prior(name, Constant(value=0.0))


def _origin(name: str, priors: Priors, dated: Priors) -> str:
    """Say where the value of an input is from, where no question gives it."""
    if name in priors.inputs:
        return "prior; trend" if name in dated.trends else "prior"
    if name in dated.trends:
        return "trend"
    return "prior, with a date" if name in dated.inputs else "given"


def prior_files_page() -> str:
    """Return the page of the format of prior files, from what checks them."""
    lines = [
        "# Prior files",
        "",
        _WRITTEN.format("the classes in `uncertain_scale/inputs`"),
        "",
        _PRIOR_FILES,
        "",
        "## Keys of a file",
        "",
        *_keys(
            PriorFile,
            also={
                "inputs": "Tables of inputs, by variable: `[inputs.NAME]`.",
                "correlations": "Tables `[[correlations]]`.",
                "joint": "Tables `[[joint]]`.",
            },
        ),
        "",
        "## Keys of an input",
        "",
        "Beside the parameters of its kind:",
        "",
        *_keys(InputTable),
        "",
        "## Keys of a trend",
        "",
        _TREND,
        "",
        *_keys(TrendTable, also={"kind": "the word 'trend'"}),
        "",
        "Keys of `[[inputs.NAME.periods]]`, which have growth until a date:",
        "",
        *_keys(PeriodTable),
        "",
        "## Keys of a correlation",
        "",
        *_keys(CorrelationTable),
        "",
        "## Keys of a joint sample",
        "",
        *_keys(JointTable),
        "",
        "## Kinds of distribution",
        "",
        _KINDS,
        "",
        *_table(
            ("kind", "example", "5%, 50%, 95%"),
            ((f"[`{kind}`](#{kind})", f"`{_example(kind)}`", _quantiles(kind)) for kind in KINDS),
        ),
        "",
    ]
    for kind, cls in KINDS.items():
        fields = cls.model_fields
        lines += [f"### {kind}", "", _text(_about(cls)), ""]
        rows = [
            (
                f"`{name}`",
                "needed" if one.is_required() else _default(one),
                _text(one.description or ""),
            )
            for name, one in fields.items()
            if name not in {"kind", "truncate"}
        ]
        if rows:
            lines += [*_table(("parameter", "default", "what it is"), rows), ""]
        if ways := _ways(cls):
            lines += [ways, ""]
    return "\n".join(lines)


def schema_file() -> str:
    """Return the JSON Schema of what commands print."""
    return json.dumps(json_schema(), indent=1) + "\n"


def llms_file() -> str:
    """Return the pages as a model reads them first, by the convention of https://llmstxt.org."""
    wishes = (_DOCS / "index.md").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^\| (.+) \| \[.+\]\((.+)\) \|$", wishes)
    notes = {page: f": {wish}" for wish, page in found}
    _, _, nav = (_DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")
    text = _LLMS
    for line in nav.splitlines():
        title, _, page = line.strip(" -").partition(": ")
        if line.endswith(":"):
            text += f"\n## {title.removesuffix(':')}\n\n"
        elif line.startswith("      ") and (_DOCS / page).exists():
            text += f"- [{title}](docs/{page}){notes.get(page, '')}\n"
    return text


PAGES = {
    "model.md": model_page,
    "prior-files.md": prior_files_page,
    "schema.json": schema_file,
    "../llms.txt": llms_file,
}
"""What writes each page, by its name in `docs`."""


def _law(equation: Equation, units: Any) -> Iterator[str]:
    unit = units_in_words(units[equation.target])
    yield f"### {equation.name}"
    yield ""
    yield f"{_text(equation.summary)}{f' ({_text(unit)})' if unit else ''}."
    yield ""
    yield f"From {_names(equation.arguments)}."
    yield ""
    for paragraph in _paragraphs(equation):
        yield _text(paragraph)
        yield ""


def _paragraphs(equation: Equation) -> list[str]:
    """Return an equation's docstring without its summary, a line each paragraph."""
    text = inspect.getdoc(equation.function) or ""
    return [" ".join(part.split()) for part in text.split("\n\n")[1:]]


def _formula(equation: Equation) -> str:
    return next(iter(_paragraphs(equation)), "").removesuffix(".")


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _about(cls: type) -> str:
    """Return what a class's docstring says before its first section."""
    text = inspect.getdoc(cls) or ""
    said = re.split(r"\n\n[A-Z]\w+\n-+\n", text)[0]
    return " ".join(said.split())


def _ways(cls: Any) -> str:
    """Say in which ways a kind is stated."""
    ways = []
    if cls.parameters:
        ways.append(" and ".join(_names([name]) for name in cls.parameters))
    for names in cls.together():
        words = "mean and standard deviation, " if names == ("mu", "sigma") else ""
        ways.append(words + " and ".join(_names([name]) for name in names))
    least, most = cls.quantile_counts
    if cls.free_shape:
        ways.append(f"{most} quantiles, or {least} and `{cls.free_shape}`")
    elif most:
        ways.append(f"{least} quantiles" if least == most else f"{least} to {most} quantiles")
    stated = f"Stated by {'; or by '.join(ways)}. " if ways else ""
    cut = "`truncate = [a, b]` cuts and renormalises it." if "truncate" in cls.model_fields else ""
    return f"{stated}{cut}".strip()


def _keys(table: type[BaseModel], also: Any = None) -> Iterator[str]:
    words = {name: one.description or "" for name, one in table.model_fields.items()} | (also or {})
    # What a table has of its own comes before what all of them say of their sources.
    own = [name for name in table.model_fields if name in table.__annotations__]
    own += [name for name in table.model_fields if name not in Believed.model_fields]
    fields = {name: table.model_fields[name] for name in dict.fromkeys([*own, *table.model_fields])}
    rows = (
        (f"`{name}`", "needed" if one.is_required() else _default(one), _text(words[name]))
        for name, one in fields.items()
    )
    yield from _table(("key", "default", "what it is"), rows)


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ("", [], {}, ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _example(kind: str) -> str:
    parts = [f"{name} = {_toml(value)}" for name, value in _ACTS[kind].items()]
    return ", ".join([f'kind = "{kind}"', *parts])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{name} = {_toml(one)}" for name, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _quantiles(kind: str) -> str:
    found = build(kind, _ACTS[kind]).ppf(np.array([0.05, 0.5, 0.95]))
    return ", ".join(f"{value:.3g}" for value in found.tolist())


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(header)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _text(text: str) -> str:
    """Return text that Markdown shows as it is, but for code in backticks and addresses."""
    parts = re.split(r"(`[^`]+`|https?://[^\s,;)]+)", " ".join(text.split()))
    return "".join(
        part if part.startswith("`") else f"<{part}>" if part.startswith("http") else _plain(part)
        for part in parts
    )


def _plain(text: str) -> str:
    marked = re.sub(r"([\\*_\[\]])", r"\\\1", html.escape(text, quote=False))
    return marked.replace("|", "&#124;")
