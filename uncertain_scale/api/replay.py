"""What runs an answer of Python again: the command line of its question, and the files it names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from uncertain_scale.inputs.writing import scenario_files

if TYPE_CHECKING:
    from uncertain_scale.api.analyses import Problem
    from uncertain_scale.api.results import Answer


def replay_of(answer: Answer) -> tuple[list[str], dict[str, str]]:
    """Return the words that make an answer again, and texts of files by their place in its folder.

    There are none of functions in memory, nor of a report by a method, which no command line has.
    """
    problem, document = cast("Problem", answer.problem), answer.document
    query, question, design = problem.query, problem.question, problem.design
    update = answer.kind == "update"
    if query is None or not (update or answer.method == "auto"):
        return [], {}
    texts, places = scenario_files({None: problem.priors})
    options = [("scenario", places[None]), ("as-of", document["ages"]["as_of"])]
    options += [("given", f"{k}={one.provenance.stated}") for k, one in question.given.items()]
    options += [("free", name) for name in question.free]
    options += [("outputs", ",".join(question.outputs))] if question.outputs else []
    options += [("event", text) for text in query.events]
    options += [("prob", str(prob)) for prob in document["probs"]]
    options += [("design", design.kind), ("seed", str(design.seed))]
    options += [("draws", str(design.draws)), ("chains", str(design.chains))]
    for number, path in enumerate(query.equations):
        name = f"equations/{'_' * number}{Path(path).name}"
        texts[name] = Path(path).read_text(encoding="utf-8")
        options.append(("equations", name))
    facts = []
    for number, fact in enumerate(answer.evidence):
        facts.append(str(fact))
        if Path(fact).is_file():
            facts[-1] = f"inputs/{'_' * number}{Path(fact).name}"
            texts[facts[-1]] = Path(fact).read_text(encoding="utf-8")
    options += [("method", answer.method)] if update else [("evidence", fact) for fact in facts]
    words = [answer.kind, *(f"--{option}={value}" for option, value in options)]
    words += ["--extends-builtin"] if query.equations and problem.model.builtin_variables else []
    return [*words, "--", *facts] if update else words, texts
