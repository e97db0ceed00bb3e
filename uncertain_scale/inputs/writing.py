"""Priors back into files: one prior file that stands alone, with its joint samples beside it."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any, TypeVar

from uncertain_scale.errors import PriorError
from uncertain_scale.inputs.catalog import find_prior_file
from uncertain_scale.inputs.distributions import Distribution
from uncertain_scale.inputs.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from uncertain_scale.inputs.prior import JointSample, Prior, Priors, Provenance
    from uncertain_scale.inputs.trends import Trend

_Name = TypeVar("_Name")


def prior_files(
    priors: Priors, stem: str = "priors", *, beside: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the texts of files that state priors whole, by file name.

    Parameters
    ----------
    priors
        Beliefs, however many files and options they came from.
    stem
        Name of the prior file, without `.toml`; joint samples are `STEM-joint-1.csv` and so on.
    beside
        Texts of files in the same folder, by file name: joint samples that are there are named, and
        not returned again.

    Returns
    -------
    dict
        Read back by `load_priors`, the files give the same distributions, units, correlations,
        joint rows, order of coordinates and sources, so the same draws to the bit. What was typed
        as "1.4 to 3.2" is stated by its kind.

    Examples
    --------
    >>> from uncertain_scale.inputs import load_priors
    >>> texts = prior_files(load_priors("post-2024-07"))
    >>> sorted(texts)
    ['priors.toml']
    >>> texts["priors.toml"].splitlines()[0]
    'schema_version = 1'
    """
    import tomli_w

    there = {text: name for name, text in (beside or {}).items()}
    rows = {joint.name: _rows(joint) for joint in priors.joints}
    samples = {
        joint.name: there.get(rows[joint.name], f"{stem}-joint-{number}.csv")
        for number, joint in enumerate(priors.joints, 1)
    }
    document = {
        "schema_version": 1,
        "title": priors.title,
        "coordinates": list(priors.coordinates),
        "units": dict(priors.units),
        "inputs": {name: _input(prior) for name, prior in priors.inputs.items() if not prior.joint},
        "correlations": [
            {"inputs": list(tie.inputs), "rank": tie.rank, **_sources(tie.provenance)}
            for tie in priors.correlations
        ],
        "joint": [_joint(joint, priors, samples[joint.name]) for joint in priors.joints],
        "trends": {name: _law(trend) for name, trend in priors.trends.items()},
        "sums": dict(priors.sums),
        "lacking": dict(priors.lacking),
    }
    kept = {key: part for key, part in document.items() if part}
    texts = {f"{stem}.toml": tomli_w.dumps(kept)}
    return texts | {samples[name]: text for name, text in rows.items() if text not in there}


def overlay_file(inputs: Iterable[Prior], *, title: str = "", extends: str | None = None) -> str:
    """Return the text of a prior file that states some inputs, to be laid over others.

    Parameters
    ----------
    inputs
        What is stated; none of them is drawn with others in a joint sample.
    title
        The scenario in one line; that of what lies below is kept without one.
    extends
        The scenario or prior file that it is laid over; without one, whoever reads it decides.

    Examples
    --------
    >>> from uncertain_scale.inputs import load_priors
    >>> text = overlay_file([load_priors().inputs["site_power"]], extends="base")
    >>> text.splitlines()[:4]
    ['schema_version = 1', 'extends = "base"', '', '[inputs.site_power]']
    """
    import tomli_w

    document = {
        "schema_version": 1,
        "title": title,
        "extends": extends,
        "inputs": {prior.name: _input(prior) for prior in inputs},
    }
    return tomli_w.dumps({key: part for key, part in document.items() if part})


def chip_text(name: str) -> str:
    """Return the text of the prior file that a scenario of the catalogue of chips would be."""
    import tomli_w

    from uncertain_scale.inputs.chip_scenarios import chip_document

    return "#:schema ./schema.json\n" + tomli_w.dumps(chip_document(name)[1])


def scenario_files(
    scenarios: Mapping[_Name, Priors],
) -> tuple[dict[str, str], dict[_Name, str]]:
    """Return the texts of files in `priors/` that state scenarios whole, and which file is whose.

    Parameters
    ----------
    scenarios
        By whatever they are called; a file has the name of the priors, as far as files may.
    """
    texts: dict[str, str] = {}
    places: dict[_Name, str] = {}
    for name, priors in scenarios.items():
        stem = re.sub(r"[^\w.+ -]", "_", priors.name)[:80] or "priors"
        while f"{stem}.toml" in texts:
            stem += "_"
        places[name] = f"priors/{stem}.toml"
        texts |= prior_files(priors, stem, beside=texts)
    return {f"priors/{name}": text for name, text in texts.items()}, places


def claims_files(
    source: Path, priors: Mapping[Path, Priors], judged_by: Mapping[str, Path]
) -> tuple[dict[str, str], dict[Path, str]]:
    """Return the texts of a claims file and of the scenarios that it names, by file name.

    Parameters
    ----------
    source
        A claims file that was read.
    priors
        What the scenarios came to that its claims were judged under, by file.
    judged_by
        The scenario that each claim was judged under first, by its name: the claim names it.

    Returns
    -------
    texts, places
        The claims file by its own name, and prior files in `priors/` beside it, which it names: no
        shipped scenario is needed to judge the claims again. A scenario that is not among `priors`
        is named as it was. And which of the texts each of `priors` is.
    """
    import tomli_w

    texts, places = scenario_files(priors)
    _, document = parse_toml(source)
    for table in _naming_scenarios(document):
        judge = judged_by.get(str(table.get("name")))
        if judge in places:
            table["scenario"] = places[judge]
            continue
        for key in ("scenario", "against"):
            if isinstance(name := table.get(key), str):
                table[key] = _place(name, source.parent, places) or name
    return texts | {source.name: tomli_w.dumps(document)}, places


def _naming_scenarios(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the tables of a claims file that may name scenarios."""
    yield document
    readings, claims = document.get("readings"), document.get("claims")
    tables = [*(readings.values() if isinstance(readings, dict) else ())]
    tables += claims if isinstance(claims, list) else ()
    yield from (table for table in tables if isinstance(table, dict))


def _place(name: str, folder: Path, places: Mapping[Path, str]) -> str | None:
    try:
        return places.get(find_prior_file(name, beside=folder))
    except PriorError:
        return None


def _input(prior: Prior) -> dict[str, Any]:
    table = {"kind": prior.distribution.kind, **_plain(prior.distribution.stated)}
    table["units"] = prior.units
    if prior.fallback:
        table["fallback"] = True
    if prior.unless:
        table["unless"] = prior.unless
    return table | _coupling(prior) | _sources(prior.provenance)


def _law(trend: Trend) -> dict[str, Any]:
    table: dict[str, Any] = {"units": trend.units, "until": list(trend.until)}
    table |= {"rate": True} if trend.rate else {}
    table |= {"fallback": True} if trend.fallback else {}
    span = {"data_from": trend.data_from, "data_until": trend.data_until}
    table |= {key: day for key, day in span.items() if day is not None}
    return table | {k: v for k, v in _sources(trend.provenance).items() if k != "ages"}


def _joint(joint: JointSample, priors: Priors, samples: str) -> dict[str, Any]:
    units = {name: priors.inputs[name].units for name in joint.inputs}
    table: dict[str, Any] = {"inputs": list(joint.inputs), "samples": samples, "units": units}
    table |= {"smooth": True} if joint.smooth else {}
    return table | _coupling(priors.inputs[joint.inputs[0]]) | _sources(joint.provenance)


def _coupling(prior: Prior) -> dict[str, Any]:
    if prior.coupling is None:
        return {}
    stated = {1.0: "shared", 0.0: "independent"}.get(prior.coupling, prior.coupling)
    note = prior.provenance.coupling_note
    return {"coupling": stated} | ({"coupling_note": note} if note else {})


def _sources(said: Provenance) -> dict[str, Any]:
    facts = {"long_name": said.long_name, "source": said.source, "note": said.note}
    dated: dict[str, Any] = {"as_of": said.as_of} if said.as_of else {}
    dated |= {} if said.ages else {"ages": False}
    return {key: text for key, text in facts.items() if text} | dated


def _plain(stated: Any) -> Any:
    """Return what was stated in TOML's own types."""
    if isinstance(stated, Distribution):
        return {"kind": stated.kind, **_plain(stated.stated)}
    if isinstance(stated, dict):
        return {key: _plain(value) for key, value in stated.items() if value is not None}
    if isinstance(stated, list | tuple):
        return [_plain(value) for value in stated]
    return stated


def _rows(joint: JointSample) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(joint.inputs)
    rows.writerows(joint.rows.tolist())
    return text.getvalue()
