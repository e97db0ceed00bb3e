"""What it is worth to know an input where an answer hangs on it: as plain data and in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uncertain_scale.analysis.sensitivity.decision import BOUNDED, UNSETTLED
from uncertain_scale.report.blocks import Block, Form, Table, Text
from uncertain_scale.report.numbers import (
    Scale,
    estimate,
    number,
    probability_in_words,
    scale_for,
    share_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

    from uncertain_scale.analysis.sensitivity import Loss, Penalty
    from uncertain_scale.report.analysis_types import PenaltyReport


def decision_document(
    event: str, found: xr.Dataset, loss: Loss | None, output_units: str
) -> dict[str, Any]:
    """Return what `decision_value` returns of an event as plain data.

    With a loss, what wrong answers cost; a penalty by distance is in the units of the output.
    """
    worth = "gain" if loss is None else "evppi"
    document: dict[str, Any] = {
        "event": event,
        "probability": number(found["probability"]),
        **{key: number(found[f"probability_{key}"]) for key in ("mcse", "low", "high")},
        "answer": str(found["answer"].item()),
        "answer_unresolved": str(found["answer_unresolved"].item()),
    }
    if loss is not None:
        document["loss"] = {
            "units": loss.units,
            "false_yes": _penalty(loss.false_yes, output_units),
            "false_no": _penalty(loss.false_no, output_units),
            **{
                key: number(found[key])
                for name in ("expected_loss_yes", "expected_loss_no", "evpi")
                for key in (name, *(f"{name}_{end}" for end in ("mcse", "low", "high")))
            },
        }
    return {
        **document,
        "inputs": {
            name: {
                "members": [part for part in str(members).split(",") if part],
                **estimate(found.sel(input=name), "changes"),
                **estimate(found.sel(input=name), worth),
            }
            for name, members in zip(
                map(str, found["input"].values), found["members"].values, strict=True
            )
        },
    }


def decision_blocks(decision: dict[str, Any]) -> Iterator[Block]:
    """Yield what a decision says: the answer, what errors cost, what each input is worth."""
    lines = list(_in_words(decision))
    yield Text(lines, only=Form.terminal)
    closed = [line if line.endswith(":") else f"{line}." for line in lines]
    yield Text(closed, only=Form.markdown)
    if "loss" in decision and (rows := list(_rows(decision))):
        header = ("if known", "answer changes", "worth", "95% interval")
        forms = Form.terminal | Form.markdown
        yield Table(header, rows, only=forms)


def _in_words(decision: dict[str, Any]) -> Iterator[str]:
    event = f"P({decision['event']}) = {probability_in_words(decision)}"
    if "loss" not in decision:
        close = " (or the other: too close to tell)" if decision["answer_unresolved"] else ""
        text = f"{decision['answer']}{close}"
        words = "how often knowing an input would change it"
        yield f"{event}, so the answer is {text}; {words}: {_changes(decision)}"
        return
    loss = decision["loss"]
    costs = [_cost(loss[side], loss["units"]) for side in ("false_yes", "false_no")]
    yield f"{event}; a false yes costs {costs[0]}, a false no {costs[1]}"
    yield f"Without knowing more the answer is {_answer(decision)}"
    yield f"Knowing everything is worth {_amount(loss, 'evpi')} (EVPI); {_of_inputs(decision)}"


def _answer(decision: dict[str, Any]) -> str:
    """Return the answer and the losses to be expected, or that neither is better by the bounds."""
    answer, loss = decision["answer"], decision["loss"]
    other = "no" if answer == "yes" else "yes"
    lost, more = (_amount(loss, f"expected_loss_{side}") for side in (answer, other))
    reason = decision["answer_unresolved"]
    if reason.startswith(UNSETTLED):
        bounds = f"{other} is expected to lose {more}, {answer} {lost}"
        settles = f"{reason};" if reason != BOUNDED else f"{UNSETTLED}:"
        return f"{settles} {bounds}; more draws may tell"
    text = f"{answer} (or the other: too close to tell)" if reason else answer
    return f"{text}: expected to lose {lost}, where {other} would lose {more}"


def _of_inputs(decision: dict[str, Any]) -> str:
    """Say what is told of the worth of single inputs."""
    reasons = {one["evppi_unresolved"] for one in decision["inputs"].values()}
    unsettled = [reason for reason in reasons if reason.startswith(UNSETTLED)]
    if unsettled:
        return f"what knowing one input is worth (EVPPI) is {unsettled[0]}"
    if any(_rows(decision)):
        return "what knowing one input is worth (EVPPI):"
    return "no input by itself would change the answer"


def _rows(decision: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield what it is worth to know each input that may change the answer, the dearest first."""
    scale = _scale(decision)
    known = {name: one for name, one in decision["inputs"].items() if one["evppi"] is not None}
    for name, one in sorted(known.items(), key=lambda item: -item[1]["evppi"]):
        if not (one["changes"] or one["evppi"]):
            continue
        error = one["evppi_mcse"]
        worth, interval = scale.write(one["evppi"], error), "needs at least two chains"
        if error is not None:
            low, high = (scale.write(one[f"evppi_{end}"], error) for end in ("low", "high"))
            interval = f"{low} to {high} {scale.units}".strip()
        if one["evppi_unresolved"]:
            worth, interval = "unresolved", f"below {high} {scale.units}".strip()
        yield name, share_in_words(one["changes"], one["changes_mcse"]), worth, interval


def _changes(decision: dict[str, Any]) -> str:
    known = sorted(decision["inputs"].items(), key=lambda item: -item[1]["changes"])
    parts = [
        f"{name} {share_in_words(one['changes'], one['changes_mcse'])}"
        for name, one in known
        if one["changes"]
    ]
    return ", ".join(parts) or "none of them"


def _scale(decision: dict[str, Any]) -> Scale:
    loss = decision["loss"]
    return scale_for([loss["evpi"] or loss["false_yes"]["amount"]], loss["units"])


def _amount(loss: dict[str, Any], name: str) -> str:
    """Write an amount, or between which it lies where draws only bound it."""
    value, error, low, high = (loss[f"{name}{end}"] for end in ("", "_mcse", "_low", "_high"))
    if value is None:
        return "-"
    if error is not None or low is None or low == high:
        return _one(value, error, loss["units"])
    if high is None:
        return f"at least {_one(low, None, loss['units'])}"
    if not low:
        return f"below {_one(high, None, loss['units'])}"
    ends = dict.fromkeys(_one(end, None, loss["units"]) for end in (low, high))
    return " to ".join(ends)


def _one(value: float, error: float | None, units: str) -> str:
    scale = scale_for([value], units)
    return f"{scale.write(value, error)} {scale.units}".strip()


def _penalty(penalty: Penalty, units: str) -> PenaltyReport:
    return {
        "amount": penalty.amount,
        "per": penalty.per,
        "per_units": None if penalty.per is None else units,
    }


def _cost(penalty: dict[str, Any], units: str) -> str:
    scale = scale_for([penalty["amount"]], units)
    amount = f"{scale.write(penalty['amount'], exact=True)} {scale.units}".strip()
    if penalty["per"] is None:
        return amount
    distance = scale_for([penalty["per"]], penalty["per_units"])
    size = distance.write(penalty["per"], exact=True)
    size = size if size != "1" or not distance.units else ""
    return " ".join(filter(None, (amount, "per", size, distance.units)))
