"""Checkpoints: what is kept of the chains that are finished, on disk, to go on from.

A checkpoint is one `.npz` file of plain arrays, which holds no code, and appears whole or not at
all. It names the question that it belongs to, and is refused for any other. Of a run that holds its
draws it has their digest alone: they stand in `draws.nc` beside it.
"""

from __future__ import annotations

import hashlib
import json
import platform
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uncertain_scale.analysis.reduction import Part, Reduction, watched_in
from uncertain_scale.errors import DataError, QuestionError
from uncertain_scale.reading import UnreadableError, open_within, parse_json
from uncertain_scale.report.atomic import finish, make_folder, save_whole
from uncertain_scale.sampling.chains import package_versions
from uncertain_scale.sampling.design import Design
from uncertain_scale.statistics.sketch import group_of
from uncertain_scale.statistics.tally import MOST_BINS, Binning, Tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from uncertain_scale.analysis.events import Event
    from uncertain_scale.sampling.engine import Simulation
    from uncertain_scale.units.aliases import FloatArray

CHECKPOINT = "checkpoint.npz"
DRAWS = "draws.nc"
_FORMAT = 1
_LARGEST = 4_000_000_000  # bytes
_WORDS = {
    "given": "what is given",
    "free": "what is solved for",
    "outputs": "the outputs",
    "events": "the events",
    "priors": "the priors",
    "equations": "the equations",
    "kind": "the design",
    "seed": "the seed",
    "versions": "the versions of the packages",
    "machine": "the processor",
}


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint holds.

    Parameters
    ----------
    path
        Where it was read.
    identity
        The question that it belongs to, as `identity_of` returns it.
    design
        The run that it is of.
    held
        Digest of the draws in `draws.nc`, or None where none are held.
    """

    path: Path
    identity: Mapping[str, Any]
    design: Design
    _arrays: Mapping[str, np.ndarray]
    held: str | None = None

    def refuse_other(self, identity: Mapping[str, Any]) -> None:
        """Refuse to go on with another question.

        Raises
        ------
        QuestionError
            Naming all that is not the same.
        """
        other = [
            f"{_WORDS.get(key, key)} ({_short(self.identity.get(key))}, now {_short(value)})"
            for key, value in identity.items()
            if self.identity.get(key) != value
        ]
        if other:
            raise QuestionError(
                f"{self.path} is of another run: {'; '.join(other)}; ask what was asked then, or "
                "begin anew without --resume"
            )

    def part(self, simulation: Simulation, events: Sequence[Event]) -> Part:
        """Return the chains that are finished, for a run that goes on with them.

        Raises
        ------
        QuestionError
            The run lays its bins otherwise, or its chains are other ones, or fewer.
        DataError
            The file is not what was written.
        """
        design = simulation.design
        reduction = Reduction.of(simulation, names=watched_in(simulation), events=events)
        fewer = design.chains <= max(self.finished)
        if fewer or self.design.draws != design.draws or not self._has_bins_of(reduction):
            raise self._of_another_size("holds")
        try:
            return self._part(reduction)
        except (KeyError, IndexError, ValueError, TypeError, OverflowError) as error:
            raise _spoilt(self.path, error) from None

    def draws(self, design: Design) -> dict[str, FloatArray]:
        """Return the draws of the chains that are finished by variable, each (chain, draw).

        Raises
        ------
        QuestionError
            The run that goes on has other chains, or fewer.
        DataError
            `draws.nc` is not there, or holds other draws than were left.
        """
        import xarray as xr

        chains = len(self.finished)
        if self.design.draws != design.draws or design.chains < chains:
            raise self._of_another_size("is of")
        path = self.path.parent / DRAWS
        try:
            open_within(path, _LARGEST, "begin anew").close()
            with xr.open_datatree(path, engine="h5netcdf") as tree:
                # An array can unpack to any size: only those of the run are read.
                fits = _has_shapes_of(tree, (chains, design.draws))
                found = _arrays_of(tree) if fits else {}
        except UnreadableError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise DataError(
                    f"{path} is not there, which {self.path.name} goes on from"
                ) from None
            raise DataError(error.of(path)) from None
        except (
            AttributeError,
            KeyError,
            IndexError,
            MemoryError,
            NotImplementedError,
            OSError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            raise DataError(f"{path} cannot be read ({error!s:.60}); begin anew") from None
        if _digest_of_draws(found) != self.held:
            raise DataError(f"{path} holds other draws than the run left there; begin anew")
        return found

    @property
    def finished(self) -> set[int]:
        """Numbers of the chains that are finished; those of a cluster come in any order."""
        try:
            found = set(self._arrays["finished"].tolist())
            if not found or min(found) < 0 or max(found) >= self.design.chains:
                raise ValueError("no such chains")
        except (AttributeError, KeyError, ValueError, TypeError) as error:
            raise _spoilt(self.path, error) from None
        return found

    def _of_another_size(self, verb: str) -> QuestionError:
        chains, draws = self.design.chains, self.design.draws
        return QuestionError(
            f"{self.path} {verb} {len(self.finished):,} of {chains:,} chains x {draws:,} draws; "
            f"to go on, say --draws {draws} --chains {chains}"
        )

    def _has_bins_of(self, reduction: Reduction) -> bool:
        """Say whether bins are laid alike: by the first draws, which may be of several chains."""
        return self.identity.get("bins") == _digest(reduction.binnings)

    def _part(self, reduction: Reduction) -> Part:
        arrays = self._arrays
        part = Part(self.finished)
        groups = sorted({group_of(chain) for chain in part.chains})
        drawn = dict.fromkeys(groups, 0)
        for chain in part.chains:
            drawn[group_of(chain)] += self.design.draws
        for place, (name, binning) in enumerate(reduction.binnings.items()):
            numbers, floats, sums, at_atoms, counts = (
                arrays[f"{what}_{place}"]
                for what in ("numbers", "floats", "sums", "atoms", "counts")
            )
            used = np.maximum(
                (numbers[:, 3] >> numbers[:, 4]) - (numbers[:, 2] >> numbers[:, 4]) + 1, 0
            )
            if (
                len(numbers) != len(groups)
                or used.max() > MOST_BINS + 1
                or used.sum() != counts.size
            ):
                raise ValueError("counts do not fit the bins")
            each = np.split(counts, np.cumsum(used)[:-1])
            part.tallies[name] = {}
            for row, group in enumerate(groups):
                state = (
                    tuple(numbers[row].tolist()),
                    tuple(floats[row].tolist()),
                    (str(sums[row, 0]), str(sums[row, 1])),
                )
                tally = Tally.restored(binning, state, each[row], at_atoms[row])
                if tally.size != drawn[group]:
                    raise ValueError("draws are missing")
                part.tallies[name][group] = tally
        if reduction.events:
            happened = arrays["happened"]
            for group, row in zip(groups, happened.tolist(), strict=True):
                if len(row) != len(reduction.events):
                    raise ValueError("counts of events are missing")
                part.happened[group] = (tuple(row), drawn[group])
        return part


def identity_of(simulation: Simulation, events: Sequence[Event]) -> dict[str, Any]:
    """Return what two runs must share for one to go on with the other's chains."""
    problem, design = simulation.problem, simulation.design
    return {
        "given": sorted(problem.question.given),
        "free": sorted(problem.question.free),
        "outputs": list(simulation.plan.outputs),
        "events": [event.text for event in events],
        **problem.digests,
        "kind": design.kind,
        "seed": design.seed,
        "versions": package_versions(),
        "machine": platform.machine(),
    }


def save_checkpoint(folder: Path, identity: Mapping[str, Any], design: Design, part: Part) -> Path:
    """Write the chains of a design that are finished into a folder.

    Raises
    ------
    DataError
        The folder or the file cannot be written; a checkpoint that was there stays as it was.
    """
    binnings = {name: next(iter(groups.values())).binning for name, groups in part.tallies.items()}
    arrays: dict[str, np.ndarray] = {"finished": np.array(sorted(part.chains))}
    for place, groups in enumerate(part.tallies.values()):
        tallies = [groups[group] for group in sorted(groups)]
        states = [tally.state() for tally in tallies]
        arrays[f"numbers_{place}"] = np.array([state[0] for state in states], dtype=np.int64)
        arrays[f"floats_{place}"] = np.array([state[1] for state in states])
        arrays[f"sums_{place}"] = np.array([state[2] for state in states])
        arrays[f"atoms_{place}"] = np.array([tally.at_atoms for tally in tallies])
        arrays[f"counts_{place}"] = np.concatenate(
            [tally.counts(tally.bins[2]) for tally in tallies]
        )
    if part.happened:
        rows = [part.happened[group][0] for group in sorted(part.happened)]
        arrays["happened"] = np.array(rows, dtype=np.int64)
    return _save(folder, {**identity, "bins": _digest(binnings)}, design, arrays)


def save_held_checkpoint(
    folder: Path, identity: Mapping[str, Any], design: Design, tree: xr.DataTree
) -> Path:
    """Write how far a run came whose draws are to stand in `draws.nc` in the same folder.

    Raises
    ------
    DataError
        As `save_checkpoint`.
    """
    drawn = _arrays_of(tree)
    arrays = {"finished": np.arange(len(next(iter(drawn.values()))))}
    return _save(folder, identity, design, arrays, held=_digest_of_draws(drawn))


def _save(
    folder: Path,
    identity: Mapping[str, Any],
    design: Design,
    arrays: dict[str, np.ndarray],
    held: str | None = None,
) -> Path:
    about = {
        "format": _FORMAT,
        "identity": dict(identity),
        "draws": design.draws,
        "chains": design.chains,
        "held": held,
    }
    arrays["about"] = np.array(json.dumps(about))
    make_folder(folder)

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    # Draws that are held are written once, at the end, and the checkpoint comes with them.
    return save_whole(folder / CHECKPOINT, write, at_once=held is None)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Return the checkpoint of a run that was not finished.

    Raises
    ------
    DataError
        There is none, or it is not one of this format.
    """
    path = folder / CHECKPOINT
    finish(folder)
    try:
        with (
            open_within(path, _LARGEST, "no such is written") as whole,
            np.load(whole, allow_pickle=False) as file,
        ):
            if sum(part.file_size for part in file.zip.infolist()) > _LARGEST:
                raise DataError(f"{path} unpacks to more than {_LARGEST // 10**9} GB; begin anew")
            arrays = {name: file[name] for name in file.files}
        about = parse_json(str(arrays["about"]))
        if about["format"] != _FORMAT:
            raise DataError(f"{path} is of format {about['format']!r:.20}; expected {_FORMAT}")
        identity = dict(about["identity"])
        design = Design(
            kind=identity["kind"],
            draws=int(about["draws"]),
            chains=int(about["chains"]),
            seed=int(identity["seed"]),
        )
    except UnreadableError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise DataError(
                f"{path} is not there: no run was left unfinished in {folder}; name the folder "
                "that --output wrote until it was interrupted"
            ) from None
        raise DataError(error.of(path)) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except DataError:
        raise
    except (
        AttributeError,  # a plain array instead of an archive
        EOFError,
        KeyError,
        NotImplementedError,
        MemoryError,
        TypeError,
        ValueError,
        RecursionError,
        zipfile.BadZipFile,
    ) as error:
        raise _spoilt(path, error) from None
    return Checkpoint(path, identity, design, arrays, about.get("held"))


def _spoilt(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} is not a checkpoint that this program wrote ({error!s:.60}); begin anew"
    )


def _has_shapes_of(tree: xr.DataTree, shape: tuple[int, int]) -> bool:
    known = {(), shape, shape[:1], shape[1:]}
    variables = [one for group in tree.subtree for one in group.variables.values()]
    return all(one.dtype.kind in "iuf" and one.shape in known for one in variables)


def _arrays_of(tree: xr.DataTree) -> dict[str, FloatArray]:
    """Return all draws of a tree by variable."""
    groups = (tree[group].to_dataset() for group in ("prior", "prior_predictive"))
    return {str(name): one.values for group in groups for name, one in group.data_vars.items()}


def _digest_of_draws(draws: Mapping[str, FloatArray]) -> str:
    found = hashlib.sha256()
    for name in sorted(draws):
        found.update(f"{name}\0{draws[name].shape}\0".encode())
        found.update(np.ascontiguousarray(draws[name], dtype="<f8").tobytes())
    return found.hexdigest()


def _digest(binnings: Mapping[str, Binning]) -> str:
    found = hashlib.sha256()
    for name, one in binnings.items():
        numbers = (one.centre, one.scale, one.unit, one.shift, one.distinct, one.atoms.tolist())
        found.update(f"{name}\0{numbers!r}\0".encode())
    return found.hexdigest()


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 24 else f"{text[:12]}…"
