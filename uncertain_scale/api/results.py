"""The result of an analysis: text and HTML, a table, figures and plain data, alike in all kinds."""

from __future__ import annotations

import inspect
import io
from dataclasses import dataclass, field
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uncertain_scale.errors import QuestionError, nearest, several

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd  # type: ignore[import-untyped]
    import xarray as xr
    from matplotlib.figure import Figure

    from uncertain_scale.analysis.events import Probability
    from uncertain_scale.model import Problem
    from uncertain_scale.report import Document
    from uncertain_scale.report.blocks import Block
    from uncertain_scale.report.notebook import Shown
    from uncertain_scale.report.render import View
    from uncertain_scale.sampling.chains import ArrayTree

__all__ = ["Answer", "Plots", "Result"]


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """The result of an analysis; a notebook shows its tables, `print` its text.

    Parameters
    ----------
    kind
        The command that gives the same.
    document
        All of it as plain data: `to_dict`.
    data
        What the analysis itself returned: draws, datasets or objects.
    behind
        What figures and pages need besides, by the name of the figure's argument.
    """

    kind: str
    document: Document
    data: Any = None
    behind: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> Document:
        """Return it as plain data, in the JSON Schema that `uncertain-scale schema` prints."""
        return self.document

    def to_frame(self) -> pd.DataFrame:
        """Return it as a table, with the columns of `--format csv`."""
        import pandas as pd

        table = self._view.csv_of(self.document)
        found, written = (pd.read_csv(io.StringIO(table), dtype=kind) for kind in (None, str))
        numbers = found.select_dtypes("float").columns
        found[numbers] = written[numbers].map(float)  # pandas up to 3.0 misreads the last bit
        return found

    @property
    def plot(self) -> Plots:
        """Its figures by name, such as `plot.density("gpus")`; `plot()` draws the first."""
        return Plots(self)

    def save(self, folder: str | Path) -> list[Path]:
        """Write it as a page, Markdown, JSON and CSV into a folder, and return the files.

        Raises DataError: the folder or a file in it cannot be written; what was there stays.
        """
        from uncertain_scale.report.atomic import staged
        from uncertain_scale.report.store import save_texts

        texts = self._view.files_of(self.document, self._page(), table=True)
        with staged(Path(folder)):
            return save_texts(texts, Path(folder))

    @property
    def _view(self) -> View:
        from uncertain_scale.report.render import VIEWS

        return VIEWS[self.kind]

    def _blocks(self, **more: Any) -> Iterable[Block]:
        return self._view.blocks_of(self.document, **more)

    def _page(self) -> str:
        from uncertain_scale.report.render.html import html

        return html(self._blocks(), self.document, command="")

    @cached_property
    def _shown(self) -> Shown:
        from uncertain_scale.report.notebook import shown_blocks

        return shown_blocks(self._blocks())

    def __repr__(self) -> str:
        return self._shown.text

    def _repr_html_(self) -> str:
        return self._shown.html

    if not TYPE_CHECKING:  # a checker that sees this takes any misspelt name for one of ours

        def __getattr__(self, name: str) -> Any:
            """Say what a result has, where something else is asked of it."""
            if name.startswith("_"):
                raise AttributeError(name)
            known = [one for one in dir(type(self)) if not one.startswith("_")]
            hint = nearest(name, known)
            hint = hint if hint.startswith("did") else f"it has {', '.join(known)}"
            raise AttributeError(f"a result of {self.kind} has no '{name}'; {hint}")


class Plots:
    """The figures that a result has, each a function of its name."""

    density: Callable[..., Figure]
    intervals: Callable[..., Figure]
    priors: Callable[..., Figure]
    graph: Callable[..., Figure]
    sensitivity: Callable[..., Figure]
    tornado: Callable[..., Figure]
    compare: Callable[..., Figure]
    sweep: Callable[..., Figure]
    decision: Callable[..., Figure]
    claims: Callable[..., Figure]
    backtest: Callable[..., Figure]

    def __init__(self, result: Result) -> None:
        self._result = result

    def __dir__(self) -> list[str]:
        return list(self._result._view.figures)  # noqa: SLF001 (its own result)

    def __repr__(self) -> str:
        return f"figures: {', '.join(dir(self)) or 'none'}"

    def __call__(self, *arguments: Any, **options: Any) -> Figure:
        """Draw the first figure."""
        names = self.__dir__()
        if not names:
            raise QuestionError(f"a result of {self._result.kind} has no figure; see to_frame()")
        figure: Figure = getattr(self, names[0])(*arguments, **options)
        return figure

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Figure]:
            known = self.__dir__()
            if name not in known:
                hint = nearest(name, known) if known else "it has none; see to_frame()"
                raise AttributeError(
                    f"a result of {self._result.kind} has no figure '{name}'; {hint}"
                )
            from uncertain_scale.report import figures

            return _bound(getattr(figures, f"plot_{name}"), self._result)


def _bound(function: Callable[..., Figure], result: Result) -> Callable[..., Figure]:
    """Return what draws a figure of a result: its document, or what the figure takes in its place.

    One name alone may stand without its list.
    """
    signature = inspect.signature(function)
    first, *others = signature.parameters.values()
    place = others[0] if others else None
    subject = result.behind.get(first.name, result.document)

    @wraps(function)
    def draw(*arguments: Any, **options: Any) -> Figure:
        given = signature.bind_partial(subject, *arguments, **options).arguments
        if place is not None and place.name in given:
            names = several(place.name, given[place.name], str, 'names, such as ["gpus"]')
            _refuse_unknown(names, _drawable(result, place.name))
            options = {k: v for k, v in options.items() if k != place.name}
            arguments = (names if "Sequence" in str(place.annotation) else names[0], *arguments[1:])
        preset = {k: v for k, v in result.behind.items() if k in signature.parameters}
        preset.pop(first.name, None)
        return function(subject, *arguments, **{**preset, **options})

    draw.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
    return draw


def _drawable(result: Result, parameter: str) -> list[str]:
    """Return the names that a figure can be asked for; none where anything may be."""
    document = result.document
    if parameter == "inputs":
        return list(document["inputs"])
    if parameter == "others":
        return [one["other"] for one in document["comparisons"]]
    if parameter == "names":
        return [one["name"] for one in document["claims"]]
    held = document if "outputs" in document else document["points"][0]
    return list(held["outputs"])


def _refuse_unknown(names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise QuestionError(f"'{name[:60]}' is not drawn here; {nearest(name, known)}")


@dataclass(frozen=True, repr=False, eq=False)
class Answer(Result):
    """The answer to a question, with its draws, which are made once.

    `answer["gpus"]` are the draws of a variable, with dims (chain, draw).

    Parameters
    ----------
    problem
        The question.
    evidence, method
        Files by which its priors were updated, and how.
    """

    problem: Problem = field(kw_only=True)
    evidence: Sequence[str | Path] = field(default=(), kw_only=True)
    method: str = field(default="auto", kw_only=True)

    @cached_property
    def tree(self) -> xr.DataTree:
        """The draws in ArviZ's groups, as `sample` returns them."""
        import xarray as xr

        held: xr.DataTree | ArrayTree = self.data
        return held if isinstance(held, xr.DataTree) else held.to_xarray()

    def __getitem__(self, name: str) -> xr.DataArray:
        group = self._groups.get(name)
        if group is None:
            if name in self.problem.model.variables:
                raise QuestionError(f"{name} was not drawn; ask for it: outputs=['{name}', …]")
            raise QuestionError(f"'{name!s:.60}' was not drawn; {nearest(str(name), self._groups)}")
        return self.tree[group].to_dataset()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __contains__(self, name: object) -> bool:
        return name in self._groups

    def keys(self) -> list[str]:
        """Return the names of the variables that were drawn, the outputs first."""
        return list(self._groups)

    _ipython_key_completions_ = keys

    @cached_property
    def _groups(self) -> dict[str, str]:
        from uncertain_scale.sampling.chains import answer_groups

        inputs, outputs = answer_groups(self.tree.children)
        return {str(name): one for one in (outputs, inputs) for name in self.tree[one].data_vars}

    def summary(self, *, probs: Sequence[float] = (0.5, 0.9, 0.95)) -> xr.Dataset:
        """Return means, medians and intervals of the outputs with their errors, as `summarize`."""
        from uncertain_scale.statistics import summarize

        return summarize(self.tree, probs=probs)

    def probability(self, event: str) -> Probability:
        """Return how likely an event is, with its Monte Carlo error and 95% interval.

        Parameters
        ----------
        event
            Such as "training_flop >= 1e26", about variables that were drawn.

        Raises
        ------
        QuestionError
            It cannot be read, or is about something else.
        """
        from uncertain_scale.analysis.events import parse_event, probability_in

        (text,) = several("event", event, str, 'one event, such as "training_flop >= 1e26"')
        read = parse_event(text, self.problem.model.variables)
        for name in read.variables:
            if name not in self:
                raise QuestionError(f"{name} was not drawn; ask with event='{event}'")
        return probability_in(read, self.data)

    def save(self, folder: str | Path) -> list[Path]:
        """Write what `--output` writes into a folder, for `uncertain-scale verify` to run again.

        report.md, .json and .html, the draws as draws.nc, and run.json with what it was made of. Of
        functions in memory, which no command line has, `verify` checks the files alone.

        Raises DataError: the folder or a file in it cannot be written; what was there stays.
        """
        from uncertain_scale.api.replay import replay_of
        from uncertain_scale.report.atomic import staged
        from uncertain_scale.report.run_record import write_record
        from uncertain_scale.report.store import save_report

        command, texts = replay_of(self)
        with staged(Path(folder)) as staging:
            saved = save_report(self.document, self.tree, Path(folder), page=self._page())
            record = write_record(staging, command, "report.json", texts)
        return [*saved, record]

    def _page(self) -> str:
        from uncertain_scale.report.render.html import html

        return html(self._blocks(behind=self.behind["background"]), self.document, command="")
