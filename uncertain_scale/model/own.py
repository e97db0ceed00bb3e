"""A user's equations, alone or together with the built-in ones.

They may be of another subject, which happens to use names of the built-in model. So built-in
equations take part where the priors or the question name a variable that the user's equations lack,
and otherwise only to compute what these take and nothing states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uncertain_scale.errors import ModelError
from uncertain_scale.model.model import Model, agreed_units, default_model, read_all
from uncertain_scale.model.unit_check import check_units

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from uncertain_scale.model.equation import Equation

__all__ = ["OwnEquations"]


@dataclass(frozen=True)
class OwnEquations:
    """The equations of a user's files; none, where there are no files.

    Parameters
    ----------
    equations
        As `read_equations` reads them.
    """

    equations: tuple[Equation, ...] = ()

    @classmethod
    def read(cls, files: Sequence[Path | str]) -> OwnEquations:
        """Run Python files of equations.

        Raises
        ------
        ModelError
            A file or an equation cannot be read.
        """
        return cls(read_all(files))

    @property
    def variables(self) -> Mapping[str, str]:
        """Units of all variables that there may be, a user's before the built-in ones."""
        return {
            **agreed_units(self.equations),
            **default_model().variables,
            **self._declared(),
        }

    def model(self, stated: Collection[str], asked: Collection[str] = ()) -> Model:
        """Return the model that they make, with the built-in equations where these are needed.

        Parameters
        ----------
        stated
            Variables that priors or givens state.
        asked
            Other variables that a question names.

        Raises
        ------
        ModelError
            Units do not agree or do not work out.
        """
        builtin = default_model()
        if not self.equations:
            return builtin
        own = {name for equation in self.equations for name in equation.variables}
        foreign = [n for n in (*stated, *asked) if n in builtin.variables and n not in own]
        if foreign:
            self._refuse_other_units(builtin, foreign[0])
            return builtin.with_equations(self.equations)
        computed = {equation.target for equation in self.equations}
        known = computed.union(stated)
        if not any(builtin.ways_to(name) for name in own - known):
            variables = agreed_units(self.equations)
            check_units(self.equations, variables)
            return Model(self.equations, variables, tuple(_targets(self.equations)))
        declared = self._declared()
        fitting = tuple(
            equation
            for equation in builtin.equations
            if equation.target not in known
            and all(declared.get(name, unit) == unit for name, unit in equation.units.items())
        )
        return Model(fitting, agreed_units(fitting)).with_equations(self.equations)

    def listed(self) -> Model:
        """Return the model where nothing is asked: alone, unless it takes built-in variables."""
        computed = {equation.target for equation in self.equations}
        taken = {name for equation in self.equations for name in equation.arguments} - computed
        builtin = default_model().variables
        if not self.equations or not taken.isdisjoint(builtin):
            return self.model(builtin)
        return self.model(taken)

    def _declared(self) -> dict[str, str]:
        """Return the units that the equations annotate, by variable."""
        return {name: unit for equation in self.equations for name, unit in equation.units.items()}

    def _refuse_other_units(self, builtin: Model, foreign: str) -> None:
        """Refuse names of built-in variables in other units than theirs."""
        faults = []
        for name, units in self._declared().items():
            if builtin.variables.get(name, units) != units:
                first = next(e for e in self.equations if name in e.units)
                faults.append(
                    f"{first.where} {first.name} has '{name}' in {units}, the built-in model in "
                    f"{builtin.variables[name]}"
                )
        if faults:
            faults[-1] += (
                "; declare the same units, or rename it. For a model of another subject, state "
                "priors in a file that extends no scenario, and ask for its variables alone: the "
                f"built-in equations take part because '{foreign}' is one of theirs"
            )
            raise ModelError("\n".join(faults))


def _targets(equations: Sequence[Equation]) -> dict[str, None]:
    return dict.fromkeys(equation.target for equation in equations)
