"""What variables are called for people: by a short label, or by their name in words.

Equations name variables; the labels that say more than the name does stand in one table here, for
all views. A variable of a user's model has its name in words.
"""

from __future__ import annotations

_LABELS = {
    "batch_tokens": "Tokens of a batch",
    "beta": "Data exponent",
    "alpha": "Parameter exponent",
    "log_A": "Parameter term, log",
    "log_B": "Data term, log",
    "log_E": "Irreducible loss, log",
    "breakeven_time": "Break-even time",
    "budget": "Budget",
    "cluster_flops": "Cluster speed",
    "cost_per_flop": "Cost of compute",
    "data_worth": "Worth of repeated data",
    "date": "Date",
    "effective_flops": "GPU's training speed",
    "flop_per_joule": "Compute per joule",
    "first_date": "First date",
    "gpt4_flop": "Compute of GPT-4",
    "gpt4_multiple": "Times GPT-4",
    "gpu_hours": "GPU-hours",
    "gpu_power": "Power of a GPU",
    "gpu_price": "Price of a GPU",
    "gpus_purchasable": "GPUs to buy",
    "hourly_rate": "Rental rate",
    "hyperscaler_power": "Hyperscaler's power",
    "hyperscaler_share": "Share of one hyperscaler's power",
    "inference_mfu": "Utilisation in inference",
    "mfu": "Utilisation (MFU)",
    "dense_model_mfu": "Utilisation, dense model",
    "step_mfu": "Utilisation of a step",
    "model_params": "Active parameters",
    "moe": "Mixture of experts",
    "optimal_params": "Optimal model",
    "optimal_tokens": "Optimal tokens",
    "optimal_tokens_per_param": "Optimal tokens per parameter",
    "peak_flops": "Peak speed of a GPU",
    "precision_factor": "Speed-up over BF16",
    "pue": "Power overhead (PUE)",
    "served_params": "Parameters served",
    "single_site_flops": "GPU's training speed on one site",
    "sparsity_factor": "Sparse over dense",
    "training_flop": "Training compute",
    "training_time": "Training time",
}
_SHARES = frozenset({"goodput", "hours_in_use", "exchange_loss", "breakeven_utilisation"})
_UPPER = {
    "gpu": "GPU",
    "gpus": "GPUs",
    "flop": "FLOP",
    "mfu": "MFU",
    "pue": "PUE",
    "params": "parameters",
    "gpt4": "GPT-4",
    "moe": "MoE",
}


def label_of(name: str) -> str:
    """Return what a variable is called; of inputs drawn together, the first and their number.

    Examples
    --------
    >>> label_of("training_flop"), label_of("cluster_price"), label_of("my_own_gpus")
    ('Training compute', 'Cluster price', 'My own GPUs')
    """
    first, *others = name.split("+")
    if others:
        return f"{label_of(first)} and {len(others)} drawn with it"
    if first in _LABELS:
        return _LABELS[first]
    words = " ".join(_UPPER.get(word, word) for word in first.split("_") if word)
    return words[:1].upper() + words[1:]


def within_text(name: str) -> str:
    """Return the label as it stands within a sentence.

    Examples
    --------
    >>> within_text("cluster_price"), within_text("gpu_hours")
    ('cluster price', 'GPU-hours')
    """
    label = label_of(name)
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def with_name(name: str) -> str:
    """Return the label with the name behind it.

    Examples
    --------
    >>> with_name("training_flop"), with_name("visits")
    ('Training compute (training_flop)', 'Visits (visits)')
    """
    return f"{label_of(name)} ({name})"


def in_percent(name: str) -> bool:
    """Tell whether a variable is a share, which views write in per cent.

    Examples
    --------
    >>> in_percent("hyperscaler_share"), in_percent("mfu"), in_percent("gpt4_multiple")
    (True, True, False)
    """
    return name in _SHARES or name == "mfu" or name.endswith(("_share", "_mfu"))


def shown_units(name: str, units: str) -> str:
    """Return the units that views write a variable in: % for a share.

    Examples
    --------
    >>> shown_units("mfu", "1"), shown_units("gpus", "gpu")
    ('%', 'gpu')
    """
    return "%" if units == "1" and in_percent(name) else units
