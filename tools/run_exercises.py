"""Run the exercise notebooks with empty stubs, as a student first meets them; keep the outputs.

Run ``python tools/run_exercises.py`` after changing an exercise or its notebook.
"""

import os
from pathlib import Path

import nbformat
import papermill
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

FOLDER = Path(__file__).resolve().parents[1] / "notebooks" / "exercises"
os.environ.pop("MPLBACKEND", None)  # with "agg" the notebooks would be kept without figures

for path in sorted(FOLDER.glob("*.ipynb")):
    notebook = papermill.execute_notebook(
        path, None, cwd=path.parent, progress_bar=False, log_output=False
    )
    notebook, _ = CoalesceStreamsPreprocessor().preprocess(notebook, {})
    notebook.metadata = {
        "kernelspec": notebook.metadata.kernelspec,
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.write(notebook, path)
    print(path.name)
