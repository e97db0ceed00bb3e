"""Inputs made by grammars: prior files, claims, evidence, tables of runs, values, events, lines.

Most of what a grammar makes is nearly right, so that it comes far; hazards stand in it here and
there. Every choice is drawn from the `random.Random` that is passed, which may be hypothesis's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

VARIABLES = [
    "budget",
    "gpus",
    "training_time",
    "training_flop",
    "gpu_hours",
    "mfu",
    "peak_flops",
    "sparsity_factor",
    "precision_factor",
    "hourly_rate",
    "gpu_price",
    "gpu_power",
    "pue",
    "facility_power",
    "training_energy",
    "gpt4_flop",
    "gpt4_multiple",
    "effective_flops",
    "cluster_flops",
    "breakeven_time",
    "cost_per_flop",
]
UNITS = {
    "budget": "USD",
    "gpus": "gpu",
    "training_time": "day",
    "training_flop": "FLOP",
    "gpu_hours": "gpu*hour",
    "peak_flops": "FLOP/s/gpu",
    "hourly_rate": "USD/gpu/hour",
    "gpu_price": "USD/gpu",
    "gpu_power": "kW/gpu",
    "facility_power": "MW",
    "training_energy": "GWh",
    "gpt4_flop": "FLOP",
    "effective_flops": "FLOP/s/gpu",
    "cluster_flops": "FLOP/s",
    "breakeven_time": "year",
    "cost_per_flop": "USD/EFLOP",
}
SMALL = ["--draws", "4", "--chains", "2"]

KINDS = {
    "constant": ("value",),
    "uniform": ("lower", "upper"),
    "loguniform": ("lower", "upper"),
    "normal": ("mu", "sigma"),
    "lognormal": ("mu", "sigma"),
    "logitnormal": ("mu", "sigma"),
    "student_t": ("nu", "mu", "sigma"),
    "gamma": ("alpha", "beta"),
    "beta": ("alpha", "beta"),
    "triangular": ("lower", "mode", "upper"),
    "pert": ("lower", "mode", "upper"),
    "bernoulli": ("p",),
}
HAZARDS = (
    "nan", "inf", "-inf", "1e308", "-1e308", "5e-324", "1e999", "0", "-0.0", "-1", "true", '"x"',
    '""', "[]", "{}", "[[1]]", "1979-05-27", "07:32:00", "0xffffffffffffffffffffffff", "1_000",
    "9" * 400, "'''\n'''", '"\\u0000"', '"\\u202e"', "[1, 'a']", "{ kind = 'normal' }", "1e-400",
)  # fmt: skip
TEXTS = (
    "", " ", "\x00", "\u202e", "ｍｆｕ", "m" * 5000, "-", "--", "=", "%", "nan", "inf", "1e400",
    "[red]x[/red]", "${HOME}", "../x", "/etc/passwd", "~", "\\", "'", '"', "\u00b2", "1\n2", "\t",
    "{}", "%s", "{0}", "<b>", "|", "`", "\ufeff", "𝟙𝟘", "१०",
)  # fmt: skip


@dataclass
class Case:
    """One input: files to lie in the working folder, and the command line that meets them."""

    kind: str
    words: list[str]
    files: dict[str, bytes] = field(default_factory=dict)


def calm(r: Random) -> None:
    """Decide how wild the next file is: most hold one or two things that are wrong, or none."""
    r.wildness = r.choice((0.0, 0.0, 0.15, 0.5, 1.0))  # type: ignore[attr-defined]


def goes_wrong(r: Random, share: float) -> bool:
    """Whether something goes wrong here, in this share of the wildest files."""
    return r.random() < share * getattr(r, "wildness", 1.0)


def number(r: Random) -> str:
    """Return a number as TOML writes it, now and then a strange one."""
    if goes_wrong(r, 0.1):
        return r.choice(HAZARDS)
    if not goes_wrong(r, 0.6):
        return f"{r.uniform(0.05, 0.95):.3g}"
    form = r.randrange(5)
    if form == 0:
        return str(r.randrange(-2, 12))
    if form == 1:
        return f"{r.uniform(0, 1):.3g}"
    if form == 2:
        return f"{r.uniform(1, 10):.3f}e{r.randrange(-3, 27)}"
    if form == 3:
        return f"{r.uniform(-5, 5):.4g}"
    return str(r.randrange(1, 10**6))


def ascending(r: Random, count: int) -> list[str]:
    """Return numbers in ascending order, now and then not."""
    numbers = sorted(r.uniform(0.01, 9) for _ in range(count))
    texts = [f"{one:.4g}" for one in numbers]
    if goes_wrong(r, 0.1):
        r.shuffle(texts)
    if goes_wrong(r, 0.1):
        texts[r.randrange(count)] = r.choice(HAZARDS)
    return texts


def parameters(r: Random, depth: int = 0) -> tuple[str, list[tuple[str, str]]]:
    """Return a kind of distribution and its parameters as TOML."""
    pick = r.random()
    if pick < 0.06 and depth < 10:
        parts = [
            inline(r, depth + 1) for _ in range(r.randrange(0 if goes_wrong(r, 0.5) else 1, 4))
        ]
        found = [("components", f"[{', '.join(parts)}]")]
        if r.random() < 0.5:
            count = len(parts) + goes_wrong(r, 0.2)
            found.append(("weights", f"[{', '.join(number(r) for _ in range(count))}]"))
        return "mixture", found
    if pick < 0.3:
        pairs = (("q05", "q95"), ("q10", "q90"), ("q25", "q99.9"))
        several = (("q05", "q50", "q95"), ("q01", "q10", "q50", "q90"), ("q05", "q25", "q75"))
        levels, kinds = r.choice(
            (
                (pairs, ("normal", "lognormal", "gamma", "uniform")),
                (several, ("metalog", "quantiles")),
            )
        )
        kind, levels = r.choice(kinds), r.choice(levels)
        if goes_wrong(r, 0.2):
            kind = r.choice(("beta", "student_t", "constant", "mixture", "pert", "quantiles"))
        return kind, list(zip(levels, ascending(r, len(levels)), strict=True))
    if pick < 0.38:
        values = f"[{', '.join(number(r) for _ in range(r.randrange(1, 6)))}]"
        kinds = ("choice", "empirical", *(["quantiles", "metalog"] if goes_wrong(r, 0.5) else []))
        return r.choice(kinds), [("values", values)]
    kind = r.choice(list(KINDS))
    names = KINDS[kind]
    ordered = set(names) >= {"lower", "upper"}
    values = ascending(r, len(names)) if ordered else [number(r) for _ in names]
    return kind, list(zip(names, values, strict=True))


def inline(r: Random, depth: int = 0) -> str:
    """Return a distribution as an inline table."""
    kind, found = parameters(r, depth)
    if r.random() < 0.05:
        found.append(("truncate", f"[{', '.join(ascending(r, 2))}]"))
    pairs = [("kind", f'"{kind}"'), *((key(name), value) for name, value in found)]
    if goes_wrong(r, 0.1):
        r.shuffle(pairs)
        pairs.pop()
    return "{ " + ", ".join(f"{name} = {value}" for name, value in pairs) + " }"


def key(name: str) -> str:
    return f'"{name}"' if "." in name else name


def units(r: Random, name: str = "") -> str:
    """Return units: those of a variable, others, or none at all."""
    pick = 1 - goes_wrong(r, 0.5) * r.random()
    if pick > 0.5:
        return UNITS.get(name, "1")
    if pick > 0.4:
        return r.choice(list(UNITS.values()))
    names = (
        "m",
        "km",
        "Ym",
        "s",
        "USD",
        "gpu",
        "FLOP",
        "%",
        "degC",
        "dB",
        "1",
        "quintal",
        "10",
        "",
    )
    joins = ("*", "/", "**", "^", " ", "**-", "(", ")", "e9", "**9", "**1e9", "//", "***")
    return "".join(r.choice(r.choice((names, joins))) for _ in range(r.randrange(1, 12)))


def typed(r: Random, name: str = "") -> str:
    """Return a value or distribution as people type it."""
    form = r.randrange(9 if goes_wrong(r, 0.7) else 6)
    size = r.choice(("", "k", "M", "B", "T", "K", "kk" if goes_wrong(r, 0.3) else "", "e9"))
    plain = f"{r.uniform(0.1, 900):.3g}{size}"
    behind = r.choice(("", " ", "")) + (units(r, name) if r.random() < 0.5 else "")
    if form < 3:
        before = r.choice(("", "$", "-", "~")) if goes_wrong(r, 0.4) else ""
        return f"{before}{plain}{behind}"
    if form == 3:
        above = 900 * (not goes_wrong(r, 0.3))
        return f"{plain} to {above + r.uniform(1, 2000):.3g}{size}{behind}"
    if form < 6:
        kind, found = parameters(r)
        inner = ", ".join(f"{name}={value}" for name, value in found)
        return f"{kind}({inner}){behind}"
    if form == 6:
        return r.choice(TEXTS)
    if form == 7:
        return "(" * r.choice((1, 3, 50, 5000)) + plain + ")" * r.choice((0, 1, 50))
    return f"{plain} {r.choice(('to', 'TO', '..', '±', 'e', '+-'))} {r.choice(TEXTS)}"


def event(r: Random) -> str:
    """Return a comparison, or what is none."""
    calm(r)
    sign = r.choice((">=", "<=", ">", "<", "=", "==", "<>", "=>", "!=", ">>", ""))
    sides = [r.choice((r.choice(VARIABLES), typed(r), r.choice(TEXTS))) for _ in range(2)]
    if r.random() < 0.7:
        sides[0] = name = r.choice(VARIABLES)
        if r.random() < 0.8:
            sides[1], sign = f"{r.uniform(0.1, 9):.2g}e{r.randrange(0, 27)}", r.choice(("<", ">="))
            sides[1] += r.choice(("", " ")) + r.choice(("", units(r, name)))
    text = f"{sides[0]} {sign} {sides[1]}"
    return text * r.choice((2, 50, 2000)) if goes_wrong(r, 0.1) else text


def prior_file(r: Random) -> str:
    """Return a prior file as text."""
    calm(r)
    lines = ["schema_version = 1"]
    if goes_wrong(r, 0.1):
        lines = [r.choice(("schema_version = 2", "", "schema_version", "schema_version = true"))]
    if r.random() < 0.5:
        lines.append(f'title = "{r.choice(("A", "x" * 300, "[b]", chr(0x202E)))}"')
    if goes_wrong(r, 0.15):
        other = r.choice(
            ("small.toml", "base", "base.toml", "../outside/secret.toml", "one.toml", "/dev/zero.toml",
             "link.toml", "", ".", "a\\u0000.toml", "x" * 300 + ".toml", "h100-dense-fp8", "..")
        )  # fmt: skip
        lines.append(f'extends = "{other}"')
    names = r.sample(VARIABLES, r.randrange(0, 5))
    for name in names:
        shown = (
            name if not goes_wrong(r, 0.1) else r.choice(('"a b"', "x.y.z", '""', "_x", "A" * 70))
        )
        lines.append(f"[inputs.{shown}]")
        kind, found = parameters(r)
        lines.append(f'kind = "{kind[:-1] if goes_wrong(r, 0.05) else kind}"')
        lines += [f"{key(one)} = {value}" for one, value in found]
        if not goes_wrong(r, 0.2):
            lines.append(f'units = "{units(r, name)}"')
        if r.random() < 0.1:
            lines.append(f"truncate = [{', '.join(ascending(r, 2))}]")
        if goes_wrong(r, 0.2):
            lines.append(f"{r.choice(('note', 'as_of', 'fallback', 'x', 'source'))} = {number(r)}")
    if len(names) > 1 and r.random() < 0.3:
        pair = ", ".join(f'"{name}"' for name in r.sample(names, 2))
        lines += ["[[correlations]]", f"inputs = [{pair}]", f"rank = {number(r)}"]
    if r.random() < 0.1:
        others = ("../outside/secret.csv", "link.csv", "pipe", "bad.csv", "/x", "one.toml")
        table = r.choice(others) if goes_wrong(r, 0.7) else "rows.csv"
        lines += ["[[joint]]", 'inputs = ["pue", "mfu"]', f'samples = "{table}"']
    return "\n".join(lines) + "\n"


def rows(r: Random) -> str:
    """Return a CSV file of joint samples."""
    lines = [r.choice(("pue,mfu", "mfu,pue", "pue", "mfu,pue,mfu", "", '"pue",mfu'))]
    cells = (number(r), number(r), number(r), "", "x")
    lines += [",".join(r.choices(cells, k=2)) for _ in range(r.randrange(0, 6))]
    return "\n".join(lines) + "\n"


def claims_file(r: Random) -> str:
    """Return a claims file as text, with a claim or two."""
    calm(r)
    lines = ["schema_version = 1", 'title = "Memo"']
    if r.random() < 0.7:
        other = r.choice(("../outside/secret.toml", "x", "link.toml", "pipe"))
        lines.append(f'scenario = "{other if goes_wrong(r, 0.3) else "small.toml"}"')
    if r.random() < 0.2:
        lines.append(f"assuming = {{ {r.choice(VARIABLES)} = {quoted(typed(r))} }}")
    for at in range(r.randrange(0 if goes_wrong(r, 0.3) else 1, 3)):
        name = r.choice(VARIABLES)
        label = r.choice(("a", "", "x y")) if goes_wrong(r, 0.2) else f"c{at}"
        lines += ["[[claims]]", f'name = "{label}"']
        lines.append(f'variable = "{name}"')
        if r.random() < 0.8:
            figure = f"{r.uniform(1, 9):.2g}e{r.randrange(0, 25)} {units(r, name)}"
            wrong = goes_wrong(r, 0.3)
            lines.append(f"value = {quoted(typed(r, name) if wrong else figure)}")
        else:
            lines += [f"low = {number(r)}", f"high = {quoted(typed(r, name))}"]
        if r.random() < 0.8:
            lines.append(f'given = {{ budget = "{r.uniform(1, 99):.2g}M USD" }}')
        if r.random() < 0.1:
            lines.append(f"{r.choice(('digits', 'implied', 'free', 'reading'))} = {number(r)}")
    return "\n".join(lines) + "\n"


def evidence_file(r: Random) -> str:
    """Return an evidence file as text."""
    calm(r)
    lines = ["schema_version = 1"]
    for at in range(r.randrange(0 if goes_wrong(r, 0.3) else 1, 3)):
        measured = ("hourly_rate", "mfu", "gpu_hours", "training_time", "effective_flops")
        name = r.choice(VARIABLES) if goes_wrong(r, 0.5) else r.choice(measured)
        lines += ["[[observations]]", f'name = "run {at}"', f'variable = "{name}"']
        likely = {"hourly_rate": "2.1", "mfu": "0.3", "gpu_hours": "5e5", "training_time": "90"}
        value = f"{likely.get(name, '3e14')} {units(r, name)}"
        if goes_wrong(r, 0.4):
            value = typed(r, name)
        bounded = r.random() < 0.2
        key = r.choice(("lower", "upper")) if bounded else "value"
        lines.append(f"{key} = {number(r) if goes_wrong(r, 0.2) else quoted(value)}")
        if goes_wrong(r, 0.5) if bounded else not goes_wrong(r, 0.2):
            strange = (number(r), quoted(typed(r, name)))
            lines.append(f"error = {r.choice(strange) if goes_wrong(r, 0.4) else quoted('10%')}")
        if goes_wrong(r, 0.2):
            lines.append(f"units = {quoted(units(r, name))}")
        if name == "gpu_hours" or r.random() < 0.2:
            lines.append(f"given = {{ budget = {quoted('1M USD')} }}")
        if goes_wrong(r, 0.3):
            lines.append(f"given = {{ {r.choice(VARIABLES)} = {number(r)} }}")
        if r.random() < 0.2:
            lines.append("own = " + r.choice(('["mfu"]', "{ mfu = 0.5 }", number(r))))
    return "\n".join(lines) + "\n"


def runs_file(r: Random) -> str:
    """Return a table of runs as CSV."""
    calm(r)
    columns = ["name", "hardware", "precision", "gpus", "gpu_hours", "training_time"]
    columns += ["training_flop", "peak_flops", "family", "grade", "date"]
    if goes_wrong(r, 0.2):
        r.shuffle(columns)
    head = [f"{one} [{UNITS[one]}]" if one in UNITS else one for one in columns]
    if goes_wrong(r, 0.3):
        head = [f"{one} [{units(r, one)}]" if r.random() < 0.3 else one for one in columns]
    lines = [",".join(head)]
    for at in range(r.randrange(0, 7)):
        hours = 10 ** r.uniform(5, 7)
        cells = {
            "name": f"run {at}",
            "hardware": r.choice(("H100 SXM", "NVIDIA A100")),
            "family": "",
        }
        cells |= {"precision": "bf16", "peak_flops": "", "grade": r.choice(("A", "B", ""))}
        cells |= {
            "gpu_hours": f"{hours:.4g}",
            "training_flop": f"{hours * r.uniform(3, 9) * 1e17:.4g}",
        }
        cells = dict.fromkeys(columns, "") | cells
        for one in columns:
            if goes_wrong(r, 0.1):
                cells[one] = r.choice((number(r), typed(r, one), r.choice(TEXTS)))
        lines.append(",".join(quoted_cell(cells[one]) for one in columns))
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Return a TOML string."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\0": "\\u0000"}
    return '"' + "".join(escapes.get(c, c) for c in text) + '"'


def quoted_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text


def command_line(r: Random) -> list[str]:
    """Return the words of a command line, options and values in odd company."""
    if r.random() < 0.5:
        command = ["report", "--scenario", "small.toml"]
    else:
        command = r.choice((
            ["model"], ["priors", "check"], ["priors", "show"], ["diff"], ["verify"],
            ["plot", "intervals"], ["plot"], ["sweep"], ["compare"], ["sensitivity"], ["x"], [],
            ["claims", "--list"], ["priors", "list"], ["sample"], ["priors", "copy"],
        ))  # fmt: skip
    words = list(command)
    options = (
        "--budget", "--gpus", "--given", "--free", "--outputs", "--event", "--scenario", "--set",
        "--priors", "--draws", "--chains", "--design", "--seed", "--prob", "--format", "--output",
        "--precision", "--max-time", "--max-draws", "--resume", "--evidence", "--points", "--of",
        "--explain", "--no-draws", "--", "-h", "--help", "--loss", "--group",
    )  # fmt: skip
    values = ("64", "0", "-1", "1e9", "1e99", "small.toml", "one.toml", "none.toml", "out", ".", "json",
              "md", "sobol", "lhs", "0.9", "1", "nan", "all", "gpus,mfu", "mfu=0.3", "budget=1M",
              "mfu", "1%", "10s", "1M..1B", "gpus >= 1e4", "pipe", "deep/er/out", "link.toml")  # fmt: skip
    for _ in range(r.randrange(0, 5)):
        words.append(r.choice(options))
        if r.random() < 0.85:
            words.append(
                r.choice((r.choice(values), r.choice(values), typed(r))).replace("\0", "?")
            )
    if words[:1] != ["x"] and r.random() < 0.8 and command[:1] != ["priors"]:
        words += [] if command[:1] in (["model"], ["diff"], ["verify"], []) else SMALL
    return words
