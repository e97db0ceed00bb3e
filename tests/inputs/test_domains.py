"""Variables that are 0 or 1: what is neither is refused wherever it is stated."""

import pytest

import uncertain_scale as us
from uncertain_scale.errors import UnitError

DESIGN = us.Design(draws=16, chains=2)


@pytest.mark.parametrize(
    "stated", [0.3, 2, "50%", "0.2 to 0.4", "uniform(lower=0, upper=1)", "choice(values=[0, 0.5])"]
)
@pytest.mark.parametrize("way", ["given", "believed"])
def test_what_is_neither_no_nor_yes_is_refused(stated, way):
    given = {"budget": "100M", **({"moe": stated} if way == "given" else {})}
    believed = {"moe": stated} if way == "believed" else {}
    with pytest.raises(UnitError, match=r"moe must be 0 or 1; where that is open, bernoulli"):
        us.run(given=given, believed=believed, outputs=["mfu"], design=DESIGN)


@pytest.mark.parametrize("stated", [0, 1, "100%", "bernoulli(p=0.3)", "choice(values=[0, 1])"])
def test_no_and_yes_and_chances_of_them_are_taken(stated):
    tree = us.run(
        given={"budget": "100M"}, believed={"moe": stated}, outputs=["mfu"], design=DESIGN
    )
    assert set(tree["prior/moe"].values.ravel()) <= {0.0, 1.0}


def test_a_sweep_has_the_two_values_alone():
    with pytest.raises(UnitError, match=r"moe must be 0 or 1 at every point; write 0, 1"):
        us.sweep(given={"budget": "100M", "moe": "0..1"}, outputs=["mfu"], design=DESIGN)
    found = us.sweep(given={"budget": "100M", "moe": [0, 1]}, outputs=["mfu"], design=DESIGN)
    assert found["moe"].values.tolist() == [0, 1]
