"""One input after another through the program's own command, in a folder that is watched.

An input is well met if it is answered (exit code 0, or 1 where `verify` and `diff` say "different")
or refused in words (exit code 2). Anything else is a fault: an exception, a warning, a process that
takes too long or too much, a half-written or stray file, a file opened that nobody named, code that
is run, a socket, an unpickled object.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from typer.main import get_command

from uncertain_scale.cli.main import app
from uncertain_scale.errors import UncertainScaleError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grammar import Case

SMALL_PRIORS = """\
schema_version = 1
inputs.hourly_rate = { kind = "lognormal", q05 = 1.4, q95 = 3.2, units = "USD/gpu/hour" }
inputs.training_time = { kind = "lognormal", q05 = 50, q95 = 180, units = "day", fallback = true }
inputs.peak_flops = { kind = "constant", value = 989e12, units = "FLOP/s/gpu" }
inputs.sparsity_factor = { kind = "constant", value = 1.0 }
inputs.precision_factor = { kind = "uniform", lower = 1.0, upper = 1.6 }
inputs.mfu = { kind = "logitnormal", q05 = 0.15, q95 = 0.43 }
"""
_WATCHED = {"os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "pickle.find_class",
            "socket.connect", "socket.bind", "socket.getaddrinfo"}  # fmt: skip
_WAITS = 30  # a machine that is busy lets a process wait
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class TooLong(BaseException):
    """The time for one input is up."""


@dataclass
class Outcome:
    """How an input was met.

    Parameters
    ----------
    code
        The exit code.
    fault
        What was wrong with it, or "".
    seconds
        How long it took.
    """

    code: int
    fault: str
    seconds: float
    text: str = ""


class Sandbox:
    """A folder to work in, with decoys outside it.

    Parameters
    ----------
    limit
        Seconds of the processor that an input may take; of the clock, many times as many.
    """

    def __init__(self, limit: float = 10.0) -> None:
        self.limit = limit
        self._top = Path(tempfile.mkdtemp(prefix="fuzz-")).resolve()
        self.work, self.outside = self._top / "work", self._top / "outside"
        self._temporary = self._top / "tmp"
        for folder in (self.work, self.outside, self._temporary):
            folder.mkdir()
        (self.outside / "secret.toml").write_text(SMALL_PRIORS)
        (self.outside / "secret.csv").write_text("pue,mfu\n1,0.3\n1.1,0.4\n")
        (self.outside / "evil.py").write_text("raise SystemExit('equations were run')\n")
        self._standing = {
            "small.toml": SMALL_PRIORS.encode(),
            "rows.csv": b"pue,mfu\n1,0.3\n2,0.4\n",
        }
        self._command = get_command(app)
        self._running = False
        self._words: tuple[str, ...] = ()
        self._seen: list[str] = []
        sys.addaudithook(self._audit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._top)

    @contextlib.contextmanager
    def _inside(self) -> Iterator[None]:
        """Work in the folder, with temporary files in another that is watched."""
        before = Path.cwd(), tempfile.tempdir
        os.chdir(self.work)
        tempfile.tempdir = str(self._temporary)
        try:
            yield
        finally:
            os.chdir(before[0])
            tempfile.tempdir = before[1]

    def run(self, case: Case) -> Outcome:
        """Run an input, and look at all that it left behind."""
        self._lay_out(case)
        self._words = tuple(word for word in case.words if "\0" not in word)
        before = self._files()
        out, err = io.StringIO(), io.StringIO()
        self._seen.clear()
        begun = time.perf_counter()
        code, fault = 0, ""
        self._running = True
        try:
            with self._inside(), self._timed(), warnings.catch_warnings():
                warnings.simplefilter("error")
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    code = self._main(case.words)
        except TooLong:
            fault = f"more than {self.limit:g} s"
        except BaseException:  # noqa: BLE001 (whatever is raised is a fault, with its trace)
            fault = traceback.format_exc()
        finally:
            self._running = False
        seconds = time.perf_counter() - begun
        fault = fault or self._judged(case, code, out.getvalue(), err.getvalue(), before)
        return Outcome(code, fault, seconds, err.getvalue())

    def _main(self, words: list[str]) -> int:
        """Do what `main` does, but for building the parser anew each time."""
        try:
            self._command.main(list(words), prog_name="uncertain-scale")
        except UncertainScaleError as error:
            print(f"error: {printable(error)}", file=sys.stderr)
            return 2
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        return 0

    def _judged(
        self, case: Case, code: int, out: str, err: str, before: dict[str, bytes | None]
    ) -> str:
        if self._seen:
            return "; ".join(dict.fromkeys(self._seen))
        told = (0, 1, 2) if case.words[:1] in (["verify"], ["diff"]) else (0, 2)
        if code not in told:
            return f"exit code {code}: {err[-300:]}"
        if "Traceback" in err + out:
            return f"a traceback: {err[-2000:]}"
        if code == 2 and not err.strip() and "Usage:" not in out:
            return "exit code 2 and not a word on stderr"
        if code == 0 and any(not line.startswith("warning: ") for line in err.splitlines()[:1]):
            return f"answered, and on stderr: {err[:300]}"
        if code == 0 and case.words[-1:] == ["json"] and case.words[-2:-1] == ["--format"]:
            try:
                json.loads(out, parse_constant=_refuse)
            except ValueError as error:
                return f"no JSON: {error}"
        return self._left_behind(case, code, before)

    def _left_behind(self, case: Case, code: int, before: dict[str, bytes | None]) -> str:
        if stray := [path.name for path in self._temporary.iterdir()]:
            return f"left in the folder of temporary files: {stray}"
        after = self._files()
        if gone := [name for name, data in before.items() if after.get(name, b"") != data]:
            return f"changed or removed: {gone}"
        new = sorted(after.keys() - before.keys())
        if hidden := [name for name in new if "/." in f"/{name}"]:
            return f"half-written files: {hidden}"
        if code == 2 and new and case.words[:1] != ["claims"]:
            return f"refused, and wrote {new}"
        for name in new:
            if name.endswith(".json"):
                try:
                    json.loads((self.work / name).read_text(encoding="utf-8"))
                except ValueError as error:
                    return f"{name} is no JSON: {error}"
        return ""

    def _lay_out(self, case: Case) -> None:
        for path in self.work.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        for name, data in (self._standing | case.files).items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (self.work / "link.toml").symlink_to(self.outside / "secret.toml")
        (self.work / "link.csv").symlink_to(self.outside / "secret.csv")
        os.mkfifo(self.work / "pipe")

    def _files(self) -> dict[str, bytes | None]:
        """Return the files of the folder by name; None for what is no file."""
        return {
            str(path.relative_to(self.work)): path.read_bytes()
            if path.is_file() and not path.is_symlink()
            else None
            for path in self.work.rglob("*")
        }

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        def up(*_: object) -> None:
            raise TooLong

        timers = (
            (signal.SIGPROF, signal.ITIMER_PROF, self.limit),
            (signal.SIGALRM, signal.ITIMER_REAL, _WAITS * self.limit),  # on a pipe, say
        )
        handlers = [signal.signal(number, up) for number, _, _ in timers]
        for _, timer, seconds in timers:
            signal.setitimer(timer, seconds)
        try:
            yield
        finally:
            for (number, timer, _), handler in zip(timers, handlers, strict=True):
                signal.setitimer(timer, 0)
                signal.signal(number, handler)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._running:
            return
        if event in _WATCHED and not _importing():
            self._seen.append(f"{event}: {arguments!r:.200}")
        elif event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if path.startswith(str(self.outside)) and not self._named(path):
                self._seen.append(f"opened {path}")
            writes = arguments[2] & _WRITING if isinstance(arguments[2], int) else 0
            mine = path.startswith((str(self.work), str(self._temporary)))
            if writes and not mine and path != os.devnull and "__pycache__" not in path:
                self._seen.append(f"opened {path} to write")

    def _named(self, path: str) -> bool:
        """Whether the command line itself named a link to this file."""
        return any(os.path.realpath(word) == path for word in self._words)


def _importing() -> bool:
    """Whether a module is being imported, which may do as it likes."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
    return False


def _refuse(text: str) -> None:
    raise ValueError(text)
