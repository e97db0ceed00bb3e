"""What a shell completes the values of options with: scenarios, chips and variables.

Each takes the word that is being typed and returns the words that it may become.
"""

from __future__ import annotations

__all__ = ["assigned", "chip_names", "events", "listed_variables", "scenarios", "variables"]


def scenarios(incomplete: str) -> list[str]:
    """Return the shipped scenarios and those of chips.

    Examples
    --------
    >>> scenarios("h100-dense")
    ['h100-dense-bf16', 'h100-dense-fp8']
    """
    from uncertain_scale.inputs.catalog import scenario_names
    from uncertain_scale.inputs.chip_scenarios import chip_scenarios

    names = dict.fromkeys([*scenario_names(), *chip_scenarios()])
    return [name for name in names if name.startswith(incomplete)]


def chip_names(incomplete: str) -> list[str]:
    """Return the chips of the catalogue, whatever the case of what is typed."""
    from uncertain_scale.inputs.chips import chips

    return [name for name in chips() if name.casefold().startswith(incomplete.casefold())]


def variables(incomplete: str) -> list[tuple[str, str]]:
    """Return the variables of the built-in model, each with its label.

    Examples
    --------
    >>> variables("training_f")
    [('training_flop', 'Training compute')]
    """
    from uncertain_scale.model import default_model
    from uncertain_scale.units.labels import label_of

    names = [name for name in default_model().variables if name.startswith(incomplete)]
    return [(name, label_of(name)) for name in names]


def listed_variables(incomplete: str) -> list[tuple[str, str]]:
    """Complete the last of variables with commas between them."""
    head, comma, last = incomplete.rpartition(",")
    return [(f"{head}{comma}{name}", label) for name, label in variables(last)]


def assigned(incomplete: str) -> list[tuple[str, str]]:
    """Complete NAME=VALUE as far as its name.

    Examples
    --------
    >>> assigned("hourly"), assigned("mfu=0.")
    ([('hourly_rate=', 'Rental rate')], [])
    """
    found = [] if "=" in incomplete else variables(incomplete)
    return [(f"{name}=", label) for name, label in found]


def events(incomplete: str) -> list[tuple[str, str]]:
    """Complete the variable of an event."""
    return [] if " " in incomplete else variables(incomplete)
