"""What several tests share: the command line as a user runs it, and the specimens."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from uncertain_scale.cli.main import app
from uncertain_scale.errors import UncertainScaleError

SPECIMENS = Path(__file__).parent / "specimens"


@pytest.fixture(scope="session")
def specimens():
    return SPECIMENS


@pytest.fixture
def cli():
    """Run the command line in this process; give its exit code, output and error text."""

    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        error = result.exception
        if isinstance(error, UncertainScaleError):  # what `main` turns into exit code 2
            return 2, result.stdout, f"error: {error}"
        if error is not None and not isinstance(error, SystemExit):
            raise error
        return result.exit_code, result.stdout, result.stderr

    return run
