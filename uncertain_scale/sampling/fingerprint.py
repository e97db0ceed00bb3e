"""What the last digits of draws depend on: the versions, and the digits themselves.

Machines that share the fingerprint run the same code. That is not enough for the same bits, since
processors differ in how they compute logarithms; so machines compare some draws, too.
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.sampling.engine import Simulation

__all__ = ["differences", "digest_of_draws", "fingerprint"]

_PACKAGES = ("numpy", "scipy")


@cache
def fingerprint() -> dict[str, str]:
    """Return the versions of what draws are made by, as they are in this process.

    This package counts by its source, since two working copies may bear one version; Python by its
    minor version, in which equations of a file are sent.
    """
    found = {
        "uncertain-scale": f"{version('uncertain-scale')} (source {_source()[:12]})",
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }
    return found | {name: version(name) for name in _PACKAGES}


def differences(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """Say in what another machine's fingerprint differs; "" where they are equal.

    Examples
    --------
    >>> differences({"numpy": "1.26"}, {"numpy": "2.4"})
    'numpy 1.26 there, 2.4 here'
    """
    return "; ".join(
        f"{name} {theirs.get(name, 'absent')} there, {here} here"
        for name, here in ours.items()
        if theirs.get(name) != here
    )


def digest_of_draws(simulation: Simulation) -> str:
    """Return a SHA-256 of the first draws of the first chain, all variables, to the bit."""
    found = hashlib.sha256()
    for block in islice(simulation.blocks(0), 1):
        for name in simulation.variables:
            found.update(block[name].tobytes())
    return found.hexdigest()


def _source() -> str:
    root = Path(__file__).parents[1]
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        found.update(path.relative_to(root).as_posix().encode())
        found.update(path.read_bytes())
    return found.hexdigest()
