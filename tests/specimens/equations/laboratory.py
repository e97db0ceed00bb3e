"""A run's computation, a cluster's power, and a sum: small questions with closed answers."""


def flop(hours, speed_up, utilisation):
    """Product of hours, speed-up and utilisation."""
    return hours * speed_up * utilisation


def power(gpus, watts, overhead):
    """Product of GPUs, watts and overhead."""
    return gpus * watts * overhead


def total(first, second):
    """Weighted sum of two."""
    return first + 2 * second


def doubled(scale):
    """Twice a scale."""
    return 2 * scale
