"""`uncertain-scale explore`: a page on this machine to move the question and the beliefs."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uncertain_scale.cli.analyses import compare, decide, sensitivity
from uncertain_scale.cli.command import Option, typed
from uncertain_scale.cli.options import RunOptions, names_of, with_options
from uncertain_scale.cli.output import Probs  # noqa: TC001 (typer reads it)
from uncertain_scale.cli.progress import Bar
from uncertain_scale.cli.report import report
from uncertain_scale.errors import QuestionError, UncertainScaleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uncertain_scale.explore.choice import Asked
    from uncertain_scale.explore.view import Scenarios, View
    from uncertain_scale.inputs import Prior

_PORTS = 65535
_FEW = (64, 2)  # draws of a chain, and chains, by which a question is tried


@with_options
def explore(
    options: RunOptions,
    prob: Probs = [0.9, 0.5, 0.95],  # noqa: B006 (typer reads a default, nobody changes it)
    against: Annotated[
        list[str],
        Option("Compare with this scenario or file; repeatable.", "NAME|FILE", reads="scenario"),
    ] = [],  # noqa: B006
    export: Annotated[
        Path | None,
        Option(
            "Write a page that answers by itself within ranges (--budget 10M..1B), and serve none.",
            "PAGE.html",
            replay="dropped",
        ),
    ] = None,
    session: Annotated[
        str | None,
        Option("Open what was saved, or a link to it.", "FILE|LINK", replay="dropped"),
    ] = None,
    port: Annotated[
        int, Option("Where to serve the page; any free port by default.", "N", replay="dropped")
    ] = 0,
    *,
    no_browser: Annotated[
        bool,
        Option(
            "Do not open the page, only print its address.", None, "--no-browser", replay="dropped"
        ),
    ] = False,
) -> None:
    """Open a page to move the question and the beliefs by hand, and see the answer follow.

    It is served to this machine alone, at an address that nobody else knows; Ctrl-C ends it.

    Example: uncertain-scale explore --budget 100M --against h100-dense-fp8
    """
    if export is not None:
        _export(options, export, against=against, prob=prob)
        return
    from uncertain_scale.explore.server import check_panel, serve

    if not 0 <= port <= _PORTS:
        raise QuestionError(f"--port {port} is no port; expected 1 to {_PORTS}, or 0 for any")
    options.checked_design()
    from uncertain_scale.explore.answer import answer_to
    from uncertain_scale.explore.explorer import Explorer
    from uncertain_scale.explore.view import Scenarios, scenarios_for
    from uncertain_scale.inputs.catalog import scenario_names

    view = start_of(options, Scenarios(options.read(against)[0]), against=against, prob=prob)
    scenarios = scenarios_for(view)  # without a date, which a visitor may take away
    # What is wrong with options and files is reported here, not in a page.
    answer_to(view.coarse(*_FEW), scenarios, brief=True)
    for name in view.others:
        view.held_against(scenarios, name)
    check_panel()
    text = "" if session is None else _session_in(session)
    serve(
        lambda: Explorer(view, Scenarios(scenarios.model), commands_of, choice_command_of, text),
        scenario_names(),
        port=port,
        browser=not no_browser,
        announce=lambda url: typer.echo(f"{url}\nthe page is served until Ctrl-C"),
    )


def _session_in(source: str) -> str:
    """Return the text of a session, which can be opened, from a file or from behind a link's #."""
    from tempfile import TemporaryDirectory

    from uncertain_scale.explore.session import MOST_BYTES, SESSION, opened, unpacked
    from uncertain_scale.reading import UnreadableError, read_text

    try:
        text = unpacked(source) if "#" in source else read_text(Path(source), MOST_BYTES)
        with TemporaryDirectory() as folder:
            opened(text, Path(folder))
    except UnreadableError as error:
        raise QuestionError(f"--session {error.of(source[:200])}") from None
    except UncertainScaleError as error:
        words = re.sub(rf"\S+/(?={re.escape(SESSION)})", "", str(error))
        raise QuestionError(f"--session {source[:60]}: {words}") from None
    return text


def _export(options: RunOptions, path: Path, *, against: list[str], prob: list[float]) -> None:
    """Write the page that answers by itself, and tell how large it is."""
    from uncertain_scale.explore.static import static_page
    from uncertain_scale.explore.view import Scenarios
    from uncertain_scale.report.atomic import check_place, save_whole

    options.checked_design()
    check_place(path)
    scenarios = Scenarios(options.read(against)[0])
    view = start_of(options, scenarios, against=against, prob=prob)

    def command(one: View) -> str:
        own = one.scenario == view.scenario or view.lays_over_all
        kept = replace(options.asking(one.given), believed=options.believed if own else [])
        if one.scenario != view.scenario:
            kept = replace(kept, scenario=one.scenario, priors=list(view.overlays))
        return typed(report, vars(kept) | {"prob": one.probs}, design=True)

    made_by = typed(explore, vars(options) | {"prob": prob, "against": against})
    with Bar() as bar:
        page = static_page(
            view,
            scenarios,
            command=command,
            made_by=f"{made_by} --export {shlex.quote(path.name)}",
            progress=lambda done, total: bar.counting(total, "points")(done),
        )
    save_whole(path, lambda place: place.write_text(page, encoding="utf-8", newline="\n"))
    typer.echo(f"{path}: {len(page.encode()) / 1e6:.2f} MB; it needs no server and no network")


def start_of(
    options: RunOptions, scenarios: Scenarios, *, against: list[str], prob: list[float]
) -> View:
    """Return the view that options describe; `--set` becomes an edit that the page shows."""
    from uncertain_scale.explore.view import View
    from uncertain_scale.statistics.summary import read_probs

    scenario, overlays = options.scenario, list(options.priors)
    if scenario is None and overlays:
        scenario = str(overlays.pop(0))
    view = View(
        given=options.givens(),
        free=tuple(options.free),
        outputs=tuple(names_of(options.outputs)),
        events=tuple(options.event),
        scenario=scenario or "base",
        overlays=tuple(overlays),
        equations=tuple(options.equations),
        extends_builtin=options.extends_builtin,
        others=tuple(dict.fromkeys(against)),
        probs=tuple(read_probs(prob)),
        design=options.checked_design(),
        as_of=options.as_of,
    )
    return replace(view, edits=_believed(options, view, scenarios))


def _believed(options: RunOptions, view: View, scenarios: Scenarios) -> Mapping[str, Prior]:
    """Return the inputs that `--set` replaces."""
    from uncertain_scale.model import believe

    changes = options.changes()
    believed = believe(view.unedited(scenarios), scenarios.model, changes, option="--set")
    return {name: believed.inputs[name] for name in changes}


def commands_of(view: View) -> dict[str, str]:
    """Return the command lines that give what a page shows of a view, by what they give."""
    asked = _asked(view)
    scenario = asked.scenario
    given = vars(asked)
    command = partial(typed, design=True)
    found = {"Intervals": command(report, given | {"prob": view.probs})}
    if view.of:
        found["Ranking"] = command(sensitivity, given | {"event": [], "of": view.of, "on": view.on})
    if view.others:
        scenarios = {"scenario": None, "scenarios": [scenario, *view.others]}
        found["Comparison"] = command(compare, given | scenarios | {"prob": view.probs})
    found["This page"] = command(explore, given | {"prob": view.probs, "against": view.others})
    return found


def choice_command_of(view: View, asked: Asked) -> str:
    """Return the command line that gives a choice among options of a view."""
    stated = asked.typed
    own = {
        "plan": Path(asked.file) if asked.file else None,
        "option": stated.choose,
        "maximise": stated.maximise,
        "minimise": stated.minimise,
        "limit": stated.limits,
        "pilot": stated.pilots,
    }
    given = vars(_asked(view)) | {"outputs": None, "event": []}
    return typed(decide, given | own, design=True)


def _asked(view: View) -> RunOptions:
    """Return the options that ask for a view."""
    from uncertain_scale.explore.view import EDITS

    edited = view.edits and not view.lays_over_all
    over = [*view.overlays, *([Path(EDITS)] if view.edits and view.lays_over_all else [])]
    return RunOptions(
        free=list(view.free),
        outputs=",".join(view.outputs) or None,
        event=list(view.events),
        scenario=EDITS if edited else view.scenario,
        priors=over,
        equations=list(view.equations),
        extends_builtin=view.extends_builtin,
        draws=view.design.draws,
        chains=view.design.chains,
        design=view.design.kind,
        seed=view.design.seed,
    ).asking(view.given)
