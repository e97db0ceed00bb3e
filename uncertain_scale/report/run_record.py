"""The record beside a saved result, `run.json`: what made it, and digests of its files."""

from __future__ import annotations

import platform
import re
from typing import TYPE_CHECKING

from uncertain_scale.errors import DataError
from uncertain_scale.reading import FOLDERS, FORMAT, RECORD, digest_of, is_inside, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from uncertain_scale.report.atomic import Staging

_OURS = rf"(?:{{}}\.\w+|draws\.nc|(?:{'|'.join(FOLDERS)})/[^/\0\n]+)"


def write_record(
    staging: Staging, command: Sequence[str], result: str, texts: Mapping[str, str]
) -> Path:
    """Write the record of a result that is staged, and the files that its command names.

    Parameters
    ----------
    staging
        The folder, and what is saved in it together.
    command
        The words that make the result again; none where no command line does.
    result
        Name of the JSON file with the result.
    texts
        Files that the command names, by their place in the folder.
    """
    from uncertain_scale.report.store import as_json, save_texts
    from uncertain_scale.sampling.chains import package_versions

    folder = staging.folder
    record = {
        "format": FORMAT,
        "command": list(command),
        "result": result,
        "sha256": digest_of(staging.place(folder / result)),
        "versions": package_versions(),
        "platform": {
            "python": platform.python_version(),
            "system": platform.system(),
            "machine": platform.machine(),
        },
    }
    save_texts(texts, folder)
    record["files"] = [*staging.files, RECORD]
    record["digests"] = {
        name: digest_of(staging.place(folder / name)) for name in staging.files if name != result
    }
    for old in _files_of_before(folder, result):
        staging.remove(old)
    (path,) = save_texts({RECORD: as_json(record) + "\n"}, folder)
    return path


def _files_of_before(folder: Path, result: str) -> list[str]:
    """Return the files of an earlier result of this kind, which the new one takes the place of."""
    try:
        found = read_object(folder / RECORD)
    except DataError:
        return []
    names = found.get("files") if found.get("result") == result else []
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    ours = _OURS.format(re.escape(result.removesuffix(".json")))
    return [name for name in texts if re.fullmatch(ours, name) and is_inside(folder / name, folder)]
