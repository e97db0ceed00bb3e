"""One call of an equation: what it may do with its arguments, and what it may give."""

import signal
import textwrap

import numpy as np
import pytest

from uncertain_scale.cli.progress import Interrupts
from uncertain_scale.errors import Interrupted, ModelError
from uncertain_scale.model import Model
from uncertain_scale.model.calls import call

HEAD = "import numpy as np\nfrom uncertain_scale.units.aliases import empirical\n@empirical\n"
DRAWS = np.linspace(0.2, 0.6, 40)


def equation(tmp_path, body, head=HEAD):
    text = f"{head}def y(x):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    return Model.of(tmp_path / "own.py").equations[0]


@pytest.mark.parametrize(
    "body",
    [
        "m = np.asarray(x, dtype=float)\nm[m > 0.3] = 0.3\nreturn m * 1.0",
        "np.add(x, 1, out=x)\nreturn x * 1.0",
        "x *= 2\nreturn x",
        "x.sort()\nreturn x * 1.0",
        "x.fill(0)\nreturn x * 1.0",
        "np.copyto(x, 0)\nreturn x * 1.0",
        "np.random.default_rng(0).shuffle(x)\nreturn x * 1.0",
        "r = x[:]\nr[0] = 1\nreturn r",
        "x.setflags(write=True)\nx[:] = 0\nreturn x * 1.0",
        "import xarray as xr\nxr.DataArray(x, dims='k').values[...] = 1\nreturn x * 1.0",
    ],
)
@pytest.mark.parametrize("shape", [(40,), (4, 10)])
def test_writing_into_an_argument_is_refused_and_changes_nothing(tmp_path, body, shape):
    draws = DRAWS.copy().reshape(shape)
    with pytest.raises(ModelError, match=r"own.py:3 y\(x\) writes into its argument 'x' \(line \d"):
        call(equation(tmp_path, body), [draws])
    assert (draws.ravel() == DRAWS).all()
    assert draws.flags.writeable


def test_only_the_arguments_written_into_are_named(tmp_path):
    (tmp_path / "own.py").write_text(
        f"{HEAD}def y(x, z):\n    z[0] = x[0]\n    return x + z\n", encoding="utf-8"
    )
    with pytest.raises(ModelError, match=r"argument 'z' \(line 5\).*z = np.array\(z\)"):
        call(Model.of(tmp_path / "own.py").equations[0], [DRAWS, DRAWS])


@pytest.mark.parametrize("body", ["return x", "return x[:]", "return np.asarray(x)"])
def test_an_argument_that_comes_back_is_a_copy(tmp_path, body):
    draws = DRAWS.copy()
    found = call(equation(tmp_path, body), [draws])
    found[:] = 0
    assert (draws == DRAWS).all()


def test_an_argument_that_is_kept_cannot_be_changed_later(tmp_path):
    body = "for kept in _kept:\n    kept[:] = 0\n_kept.append(x)\nreturn x * 2"
    one = equation(tmp_path, body, f"_kept = []\n{HEAD}")
    call(one, [DRAWS])
    with pytest.raises(ModelError, match="fails|writes"):
        call(one, [DRAWS])
    assert (np.linspace(0.2, 0.6, 40) == DRAWS).all()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return np.asarray(x, dtype=np.float32) * np.float32(2)", 2 * DRAWS.astype(np.float32)),
        ("return x > 0.4", (DRAWS > 0.4).astype(float)),
        ("return np.ceil(10 * x).astype(int)", np.ceil(10 * DRAWS)),
        ("return [2 * v for v in x]", 2 * DRAWS),
        ("return np.frompyfunc(lambda v: 2 * v, 1, 1)(x)", 2 * DRAWS),
        ("import xarray as xr\nreturn 2 * xr.DataArray(x, dims='k')", 2 * DRAWS),
    ],
)
def test_real_numbers_of_any_kind_become_double_precision(tmp_path, body, expected):
    found = call(equation(tmp_path, body), [DRAWS.reshape(4, 10)])
    assert (type(found), found.dtype, found.shape) == (np.ndarray, np.float64, (4, 10))
    assert (found.ravel() == expected).all()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return np.ma.masked_greater(x, 0.4)", "gives a masked array; fill it"),
        ("x * 2", "gives None; end it with 'return'"),
        ("return np.sqrt(x + 0j)", "gives complex numbers"),
        ("return np.array(['1'] * x.size)", "gives text"),
        ("return np.array(['1'] * x.size, dtype=object)", r"gives objects \(str\)"),
        ("return np.full(x.size, np.datetime64('2020-01-01'))", "gives dates"),
        ("import pint\nreturn pint.UnitRegistry().Quantity(x, 'm')", "a quantity with units"),
        ("return (x, x)", r"an array of shape \(2, 40\)"),
        ("return 3.0", r"an array of shape \(\)"),
        ("return (v for v in x)", "gives a generator"),
        ("return [[1.0], [1.0, 2.0]]", "a list of which numpy makes no array"),
        ("raise SystemExit(3)", r"ends the program by SystemExit\(3\)"),
        ("raise KeyboardInterrupt", "ends the program by KeyboardInterrupt"),
        ("raise GeneratorExit", "ends the program by GeneratorExit"),
        ("return 1 if x > 2 else 2", "fails on arrays of draws: ValueError"),
        ("np.broadcast_to(x[:1].copy(), 3)[0] = 1", "fails on arrays of draws: ValueError"),
    ],
)
def test_all_else_is_refused_with_what_was_found(tmp_path, body, words):
    with pytest.raises(ModelError, match=rf"own.py:3 y\(x\) (gives )?{words}"):
        call(equation(tmp_path, body), [DRAWS])


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_from_outside_is_no_fault_of_the_equation(tmp_path):
    one = equation(tmp_path, "import _thread, time\n_thread.interrupt_main()\ntime.sleep(5)")
    with pytest.raises(KeyboardInterrupt):
        call(one, [DRAWS])


def test_the_end_of_the_program_is_no_fault_of_the_equation(tmp_path):
    before = signal.signal(signal.SIGTERM, Interrupts().handle)
    one = equation(tmp_path, "import signal\nsignal.raise_signal(signal.SIGTERM)\nreturn x")
    with pytest.raises(Interrupted):
        call(one, [DRAWS])
    signal.signal(signal.SIGTERM, before)


def test_floating_point_settings_of_a_file_end_with_it(tmp_path):
    before = np.geterr()
    equation(tmp_path, "return x", f"import numpy\nnumpy.seterr(all='raise')\n{HEAD}")
    assert np.geterr() == before
