"""Copy the notebooks that ``dcm figures`` has just executed back into notebooks/, without what differs between runs.

Run ``dcm figures`` (quick, seed 0, with MNIST) first; then ``python tools/keep_executed_notebooks.py``.
"""

from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]


def cleaned(notebook):
    """Without progress on standard error, papermill's metadata, timings and version numbers of the interpreter."""
    notebook.metadata = {key: notebook.metadata[key] for key in ("kernelspec",)} | {
        "language_info": {"name": "python"}
    }
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


for path in sorted((ROOT / "build" / "notebooks" / "quick").glob("*.ipynb")):
    notebook = cleaned(nbformat.read(path, as_version=4))
    if any(cell.metadata.get("tags") == ["injected-parameters"] for cell in notebook.cells):
        raise SystemExit(
            f"{path.name} was run with other parameters; run dcm figures without options first"
        )
    nbformat.write(notebook, ROOT / "notebooks" / path.name)
    print(path.name)
