"""Which inputs are made, and how often each kind is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import mutants
from grammar import (
    SMALL,
    VARIABLES,
    Case,
    calm,
    claims_file,
    command_line,
    event,
    evidence_file,
    prior_file,
    rows,
    runs_file,
    typed,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

__all__ = ["makers"]

_GPU_HOURS = ["--outputs", "gpu_hours", "--format", "json"]
_ASK = ["report", "--scenario", "small.toml", "--budget", "1M", *SMALL]


def _priors(r: Random) -> Case:
    files = {"one.toml": prior_file(r).encode(), "bad.csv": rows(r).encode()}
    if r.random() < 0.7:
        return Case("prior file", ["priors", "check", "one.toml"], files)
    words = ["report", "--scenario", "small.toml", "--priors", "one.toml", "--budget", "1M", *SMALL]
    asked = ["--outputs", "gpu_hours,training_flop"]
    pick = r.random()
    if pick < 0.1:
        return Case("prior file", ["sensitivity", *words[1:], "--of", "training_flop"], files)
    if pick < 0.2:
        words = ["compare", "small.toml", "one.toml", "--budget", "1M", *SMALL, *asked]
        return Case("prior file", words, files)
    if pick < 0.3:
        words = ["sweep", *words[1:-6], "--budget", "1M..1B", "--points", "2", *SMALL, *asked]
        return Case("prior file", words, files)
    if pick < 0.4:
        return Case("prior file", [*words, *asked, "--output", "out"], files)
    return Case("prior file", [*words, *asked, *r.choice(([], ["--format", "json"]))], files)


def _claims(r: Random) -> Case:
    words = ["claims", "one.toml", "--scenario", "small.toml", *SMALL]
    words += ["--output", "out"] if r.random() < 0.1 else []
    return Case("claims file", words, {"one.toml": claims_file(r).encode()})


def _evidence(r: Random) -> Case:
    words = ["update", "one.toml", "--scenario", "small.toml", "--budget", "1M"]
    files = {"one.toml": evidence_file(r).encode()}
    return Case("evidence file", [*words, "--outputs", "gpu_hours", *SMALL], files)


def _runs(r: Random) -> Case:
    return Case(
        "table of runs", ["priors", "fit-mfu", "one.csv"], {"one.csv": runs_file(r).encode()}
    )


def _value(r: Random) -> Case:
    calm(r)
    name = r.choice(VARIABLES)
    text = typed(r, name).replace("\0", "\ufffd")
    pick = r.random()
    if pick < 0.4:
        text = typed(r, "budget").replace("\0", "\ufffd")
        words = ["report", "--scenario", "small.toml", f"--budget={text}", *SMALL, *_GPU_HOURS]
    elif pick < 0.7:
        words = [*_ASK, "--set", f"{name}={text}", *_GPU_HOURS]
    else:
        words = ["model", "--given", f"{name}={text}"]
    return Case("value", words)


def _event(r: Random) -> Case:
    return Case("event", [*_ASK, f"--event={event(r)}".replace("\0", "\ufffd"), *_GPU_HOURS])


def _command(r: Random) -> Case:
    words = command_line(r)
    if "--precision" in words:
        words += ["--max-draws", "1000"]
    return Case("command line", words, {"one.toml": prior_file(r).encode()})


def makers(folder: dict[str, bytes]) -> dict[str, tuple[float, Callable[[Random], Case]]]:
    """Return what makes each kind of input, with its share.

    Parameters
    ----------
    folder
        The files of a saved report, to be spoilt.
    """
    return {
        "prior file": (0.22, _priors),
        "mutated prior file": (0.22, mutants.priors),
        "value": (0.16, _value),
        "event": (0.12, _event),
        "command line": (0.14, _command),
        "claims file": (0.04, _claims),
        "mutated claims file": (0.03, mutants.claims),
        "evidence file": (0.025, _evidence),
        "mutated evidence file": (0.02, mutants.evidence),
        "table of runs": (0.005, _runs),
        "mutated table of runs": (0.01, mutants.runs),
        "mutated saved report": (0.01, partial(mutants.saved, folder=folder)),
    }
