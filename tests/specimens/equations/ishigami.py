"""The Ishigami function, a = 7 and b = 0.1."""

import numpy as np


def ishigami(x1, x2, x3):
    """Ishigami's function."""
    return np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)
