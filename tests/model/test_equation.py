"""Equations read from plain functions."""

import sys
import textwrap
import types

import pytest

from uncertain_scale.errors import ModelError
from uncertain_scale.model import Model

GOOD = """
    from typing import Annotated
    import numpy as np

    HOURS_PER_DAY: Annotated[float, "hour/day"] = 24.0

    def gpu_hours(gpus: Annotated[float, "gpu"], time: Annotated[float, "day"]
                  ) -> Annotated[float, "gpu*hour"]:
        '''GPU-hours of a cluster.

        Held for a while.
        '''
        return gpus * time * HOURS_PER_DAY

    def time__from_hours(gpus: Annotated[float, "gpu"], gpu_hours: Annotated[float, "gpu*hour"]
                         ) -> Annotated[float, "day"]:
        return gpu_hours / gpus / HOURS_PER_DAY

    def _private(x):
        return x
"""

TWO_UNITS = """from typing import Annotated as A
def f(x: A[float, "USD"]) -> A[float, "USD"]:
    return x
def g(x: A[float, "gpu"]) -> A[float, "gpu"]:
    return x
"""


def write(tmp_path, text, name="own.py"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def test_names_arguments_units_and_summary(tmp_path):
    model = Model.of(write(tmp_path, GOOD))
    assert [str(e) for e in model.equations] == [
        "gpu_hours(gpus, time)",
        "time__from_hours(gpus, gpu_hours)",
    ]
    assert model.variables == {"gpus": "gpu", "time": "day", "gpu_hours": "gpu*hour"}
    assert model.long_name("gpu_hours") == "GPU-hours of a cluster"
    assert [e.name for e in model.ways_to("time")] == ["time__from_hours"]
    assert model.headline == ("gpu_hours", "time")


def test_a_later_file_replaces_an_equation_of_the_same_name(tmp_path):
    first = write(tmp_path, "def y(x):\n    return x")
    second = write(tmp_path, "def y(x, z):\n    return x + z", "second.py")
    model = Model.of(first).extended(second)
    assert [str(e) for e in model.equations] == ["y(x, z)"]
    assert Model.of(first).digest() != model.digest()


def test_files_of_one_name_in_two_folders_keep_their_own_constants(tmp_path):
    body = """
        from typing import Annotated
        SPEED: Annotated[float, "{units}"] = 2.0

        def {name}(hours: Annotated[float, "hour"]) -> Annotated[float, "{result}"]:
            return hours * SPEED
    """
    for folder, name, units, result in (
        ("a", "cost", "USD/hour", "USD"),
        ("b", "work", "FLOP/hour", "FLOP"),
    ):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, body.format(name=name, units=units, result=result))
    model = Model.of(tmp_path / "a" / "own.py", tmp_path / "b" / "own.py")
    assert (model.variables["cost"], model.variables["work"]) == ("USD", "FLOP")
    assert {equation.subject for equation in model.equations} == {"own"}


def test_own_equations_take_the_units_of_the_model_they_extend(tmp_path):
    """An unannotated argument gets the units of the variable; the result is checked with them."""
    base = Model.of(write(tmp_path, GOOD))
    with pytest.raises(ModelError, match=r"twice\(gpu_hours\)"):
        base.extended(write(tmp_path, "def twice(gpu_hours):\n    return 2 * gpu_hours", "b.py"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(x=1.0):\n    return x", "default for 'x'"),
        ("def f(*xs):\n    return xs", r"takes \*xs"),
        ("def f(**xs):\n    return 1", r"takes \*\*xs"),
        ("def f(f):\n    return f", "computes 'f' from itself"),
        ("def f(x: 'Nope'):\n    return x", "annotation that cannot be read"),
        ("def f(x:\n    return x", r"own.py:\d+: not Python"),
        ("import nowhere_to_be_found", "own.py:1: running it fails: ModuleNotFoundError"),
        ("x = 1", "holds no equations"),
        (
            TWO_UNITS,
            "'x' is in USD in /.*/own.py:2 f but in gpu in /.*/own.py:4 g",
        ),
        (
            'from typing import Annotated as A\ndef f(x: A[float, "dollarz"]):\n    return x',
            "/own.py:2 f: x is declared in .* 'dollarz ?' is not a unit; money is in USD",
        ),
    ],
)
def test_what_makes_no_model_is_refused(tmp_path, text, words):
    with pytest.raises(ModelError, match=words):
        Model.of(write(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        Model.of(tmp_path / "none.py")


def test_equations_whose_file_is_gone_have_a_digest():
    """Of their code, which differs where they do."""

    def model(body):
        module = types.ModuleType("made_in_memory")
        module.__file__ = "gone.py"
        exec(f"def y(a):\n    return {body}\n", vars(module))  # noqa: S102 (our own text)
        sys.modules["made_in_memory"] = module
        return Model.of(module)

    try:
        digests = [model(body).digest() for body in ("2 * a", "2 * a", "3 * a")]
    finally:
        sys.modules.pop("made_in_memory", None)
    assert digests[0] == digests[1] != digests[2]


def test_a_second_definition_of_an_equation_is_refused(tmp_path):
    """Python takes the last one, without a word."""
    text = "def y(a):\n    return a\n\n\ndef y(b):\n    return 2 * b\n"
    with pytest.raises(ModelError, match=r"own.py:5: y is defined in line 1 too; .* y__…"):
        Model.of(write(tmp_path, text, "own.py"))
