"""Run the exercise notebooks with empty stubs, as a student first meets them; keep their outputs.

Run ``python tools/run_exercises.py`` after every change of an exercise or of its notebook.
"""

import os

import nbformat
import papermill
from keep_executed_notebooks import ROOT, cleaned

from dcm.model.files import WriteError, write

os.environ.pop("MPLBACKEND", None)  # with "agg" the notebooks would be kept without figures

for path in sorted((ROOT / "notebooks" / "exercises").glob("*.ipynb")):
    options = {"cwd": path.parent, "progress_bar": False, "log_output": False}
    notebook = papermill.execute_notebook(path, None, **options)
    try:
        write(path, nbformat.writes(cleaned(notebook)) + "\n")
    except WriteError as error:
        raise SystemExit(str(error)) from error
    print(path.name)
