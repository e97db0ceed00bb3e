"""The documentation as it stands in the checkout, and what writes it."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def docs():
    return ROOT / "docs"


@pytest.fixture(scope="session")
def make():
    """Give the folder of what writes the documentation, importable."""
    folder = str(ROOT / "docs" / "make")
    sys.path.insert(0, folder)
    yield folder
    sys.path.remove(folder)
