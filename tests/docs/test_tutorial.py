"""The tutorial runs, and shows what is committed."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("make")

NOTEBOOK = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"


@pytest.mark.slow
@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("nbclient", "ipykernel")),
    reason="the extra 'docs' is not installed: no nbclient or ipykernel",
)
@pytest.mark.filterwarnings("default")  # those of Jupyter's own
def test_the_tutorial_runs_and_shows_what_is_committed():
    from notebook import executed, same

    committed = NOTEBOOK.read_text(encoding="utf-8")
    assert same(committed, executed(NOTEBOOK)), "run: python docs/make"


def test_another_output_is_another_notebook():
    from notebook import same

    committed = NOTEBOOK.read_text(encoding="utf-8")
    assert same(committed, committed)
    assert not same(committed, committed.replace("83.33", "83.34"))


def test_the_committed_notebook_tells_nothing_of_who_ran_it():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        kinds = {one["output_type"] for one in cell.get("outputs", ())}
        assert kinds <= {"execute_result", "stream", "display_data"}


def test_its_page_has_every_cell_and_picture():
    from notebook import page_of

    text = NOTEBOOK.read_text(encoding="utf-8")
    page = page_of(text)
    cells = json.loads(text)["cells"]
    for cell in cells:
        assert "".join(cell["source"]) in page
    assert page.count("data:image/png;base64,") == text.count('"image/png"') == 2
    assert page.count("<table>") >= 16
