"""Prior files, values and events that coverage guides: bytes are changed towards new branches.

pip install -e '.[test,fuzz]'
python tests/fuzz/coverage_guided.py priors -max_total_time=600     or values, or events

atheris (libFuzzer) ends with the input that raises anything but the package's own errors.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["uncertain_scale", "tomllib"]):
    from uncertain_scale.analysis.events import parse_event
    from uncertain_scale.errors import UncertainScaleError
    from uncertain_scale.inputs import load_priors
    from uncertain_scale.inputs.catalog import shipped_folder
    from uncertain_scale.inputs.distributions import parse_distribution
    from uncertain_scale.model import default_model

VARIABLES = default_model().variables
FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))


def priors(data: bytes) -> None:
    """Read bytes as a prior file."""
    path = FOLDER / "one.toml"
    path.write_bytes(data)
    load_priors(path, variables=VARIABLES)


def values(data: bytes) -> None:
    """Read bytes as a value or distribution."""
    parse_distribution(data.decode("utf-8", "replace"))


def events(data: bytes) -> None:
    """Read bytes as an event."""
    parse_event(data.decode("utf-8", "replace"), VARIABLES)


def corpus(kind: str) -> Path:
    """Return a folder of inputs to begin with: those that are shipped."""
    folder = FOLDER / "corpus"
    folder.mkdir()
    if kind == "priors":
        for path in shipped_folder().glob("*.toml"):
            for at, table in enumerate(path.read_bytes().split(b"\n[")[1:]):
                (folder / f"{path.stem}-{at}").write_bytes(b"schema_version = 1\n[" + table)
    else:
        seeds = (
            "1.4 to 3.2 USD",
            "lognormal(q05=1, q95=3)",
            "gpus > 1e4",
            "mixture(components=[])",
        )
        for at, text in enumerate(seeds):
            (folder / str(at)).write_text(text)
    return folder


def main() -> None:
    """Fuzz one kind of input until it fails, or the time is up."""
    kinds = {"priors": priors, "values": values, "events": events}
    kind = sys.argv[1] if sys.argv[1:] else ""
    if kind not in kinds:
        sys.exit(__doc__)

    def one(data: bytes) -> None:
        try:
            kinds[kind](data)
        except UncertainScaleError as error:
            if not str(error).strip():
                raise

    options = ["-timeout=10", "-rss_limit_mb=4096", f"-artifact_prefix={FOLDER}/"]
    atheris.Setup([sys.argv[0], *options, *sys.argv[2:], str(corpus(kind))], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
