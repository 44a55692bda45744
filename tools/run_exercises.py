"""Run the exercise notebooks with empty stubs, as a student first meets them; keep their outputs.

Run ``python tools/run_exercises.py`` after every change of an exercise or of its notebook.
"""

import nbformat
import papermill
from keep_executed_notebooks import ROOT, cleaned

from dcm.commands.own_kernel import literal, own_kernel
from dcm.model.files import WriteError, write

for path in sorted((ROOT / "notebooks" / "exercises").glob("*.ipynb")):
    options = {"cwd": path.parent, "progress_bar": False, "log_output": False}
    with own_kernel() as kernel:
        notebook = papermill.execute_notebook(literal(path), None, **options, **kernel)
    try:
        write(path, nbformat.writes(cleaned(notebook)) + "\n")
    except WriteError as error:
        raise SystemExit(str(error)) from error
    print(path.name)
