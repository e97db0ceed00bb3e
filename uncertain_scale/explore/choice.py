"""A choice among options of what a page looks at: what is typed, and its answer as HTML.

No page and no server is known here; `panels` has the widgets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from uncertain_scale.analysis.decide_search import choose
from uncertain_scale.analysis.option_grid import read_choice
from uncertain_scale.inputs.option_files import Options, read_options
from uncertain_scale.report import figures
from uncertain_scale.report.blocks import Table
from uncertain_scale.report.decide_report import choice_blocks, choice_document
from uncertain_scale.report.figures.style import rendering
from uncertain_scale.report.html.templating import inline
from uncertain_scale.report.notebook import notebook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uncertain_scale.explore.view import Scenarios, View
    from uncertain_scale.model import Problem
    from uncertain_scale.report import Document
    from uncertain_scale.sampling.limits import Stop

_BETWEEN = re.compile(r",(?![^()]*\))")  # goals: a comma that is in no brackets
_FIGURE = 950  # beyond the numbers of the page's other figures


@dataclass(frozen=True)
class Asked:
    """A choice as it is typed.

    Parameters
    ----------
    options, limits, pilots
        One a line, as after `--option`, `--limit` and `--pilot`.
    goal
        As after `--maximise` or `--minimise`; of two, with a comma between them, the first chooses.
    maximise
        Whether goals are to be large.
    file
        A file of options besides, or "".
    """

    options: str = ""
    goal: str = ""
    limits: str = ""
    pilots: str = ""
    file: str = ""
    maximise: bool = True

    @property
    def typed(self) -> Options:
        """What is typed, without the file."""
        goals = _lines(_BETWEEN.sub("\n", self.goal))
        more, less = (goals, []) if self.maximise else ([], goals)
        return Options(
            [], _lines(self.options), more, less, _lines(self.limits), _lines(self.pilots)
        )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def choice_of(view: View, scenarios: Scenarios, asked: Asked, *, stop: Stop) -> Document:
    """Choose among options that each take the place of something in a view.

    Edits are laid over options that name no scenario, and over all where the view lays them over
    other scenarios.

    Raises
    ------
    UncertainScaleError
        What is typed is no choice, or a fault of a file.
    StoppedError
        `stop` came before two chains were finished.
    """

    def prepare(scenario: str | None, given: Mapping[str, str], wanted: Sequence[str]) -> Problem:
        own = replace(
            view,
            scenario=scenario or view.scenario,
            given={**view.given, **given},
            outputs=tuple(wanted),
            events=(),
            edits=view.edits if scenario is None or view.lays_over_all else {},
        )
        return own.problem(scenarios)

    typed = asked.typed
    whole = read_options(Path(asked.file)).beside(typed) if asked.file else typed
    choice = choose(read_choice(whole, prepare), view.design, stop=stop)
    return choice_document(choice)


def choice_part(document: Document) -> str:
    """Return a choice as HTML: tables and notes, and a figure where the goal has intervals."""
    blocks = [one for one in choice_blocks(document) if not (isinstance(one, Table) and one.fold)]
    drawn = ""
    if document["options"][0]["interval"]:
        with rendering():
            drawn = f"<figure>{inline(figures.plot_decision(document), _FIGURE)}</figure>"
    return f"{notebook(blocks)}{drawn}"
