"""The site is built without a warning, and its pages ask nothing of anybody else."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
_LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for module in ("material", "mkdocstrings_handlers.python"):
        try:
            missing = find_spec(module) is None
        except ModuleNotFoundError:
            missing = True
        if missing:
            pytest.skip(f"the extra 'docs' is not installed: no {module}")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class _Loads(HTMLParser):
    """Gathers the addresses that a browser loads by itself."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        wanted = named.get(_LOADED.get(tag, ""))
        if wanted and named.get("rel") not in {"next", "prev", "canonical"}:
            self.found.append(wanted)


def test_a_model_that_reads_llms_txt_finds_each_page_as_markdown(site):
    text = (site / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# uncertain_scale\n\n> ")
    links = re.findall(r"^- \[.+?\]\((.+?)\)", text, re.MULTILINE)
    assert len(links) >= 28
    for link in links:
        assert (site / link).read_bytes() == (ROOT / "docs" / link).read_bytes()


def test_no_page_loads_anything_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) >= 15
    loaded = {address for page in pages for address in _loads(page)}
    assert any(address.endswith(".css") for address in loaded)
    assert [a for a in loaded if re.match(r"(\w+:)?//", a)] == []


def test_style_sheets_load_nothing_from_elsewhere(site):
    sheets = sorted(site.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", text), sheet.name


def test_nothing_but_pages_is_published(site):
    assert list(site.rglob("*.py")) == []


def test_the_reference_has_the_public_names(site):
    page = (site / "api.html").read_text(encoding="utf-8")
    for name in ("run", "summarize", "sweep", "condition", "load_priors", "Design"):
        assert re.search(rf"<h\d[^>]*>\s*(<[^>]+>\s*)*{name}\b", page), name


def _loads(page):
    parser = _Loads()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.found
