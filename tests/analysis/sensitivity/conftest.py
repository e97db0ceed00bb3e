"""Questions made from a few lines of equations and priors."""

import pytest

from uncertain_scale.model import ask
from uncertain_scale.sampling.sample import prepare


@pytest.fixture
def asked(tmp_path):
    """Return (model, priors, question) from the text of equations and of inputs."""

    def make(equations, inputs, given=None, **options):
        path = tmp_path / "specimen.py"
        path.write_text(f"import numpy as np\n\n\n{equations}", encoding="utf-8")
        file = tmp_path / "specimen.toml"
        file.write_text(f"schema_version = 1\n{inputs}", encoding="utf-8")
        model, priors = prepare(equations=[path], priors=[file])
        return model, priors, ask(model, given or {}, **options)

    return make


@pytest.fixture
def specimen(specimens):
    """Return (model, priors, question) of a specimen model by its name."""

    def make(name):
        model, priors = prepare(
            equations=[specimens / "equations" / f"{name}.py"],
            priors=[specimens / "priors" / f"{name}.toml"],
        )
        return model, priors, ask(model, {})

    return make


@pytest.fixture(params=["structure", "exchanges"])
def road(request, monkeypatch):
    """Take shares of products and sums from their structure, or as those of any other output."""
    if request.param == "exchanges":
        monkeypatch.setattr("uncertain_scale.analysis.sensitivity.estimates.split", lambda *_: None)
    return request.param
