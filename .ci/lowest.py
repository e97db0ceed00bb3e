"""Print pip's constraints for the lowest versions that pyproject.toml allows, a line each.

Arguments are the extras whose bounds are wanted beside those of the package: `numpy>=2.0` becomes
`numpy==2.0`. What the bounds do not name stays the newest that pip finds.
"""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
wanted = project["dependencies"] + [one for name in sys.argv[1:] for one in extras[name]]
for requirement in wanted:
    if requirement.startswith(project["name"]):
        continue
    found = re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?>=([\d.]+)", requirement)
    if found is None:
        sys.exit(f"pyproject.toml: expected NAME>=VERSION, found {requirement!r}")
    print(f"{found[1]}=={found[2]}")
