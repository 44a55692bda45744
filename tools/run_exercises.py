"""Run the exercise notebooks with empty stubs, as a student first meets them; keep their outputs.

To be run after every change of ``notebooks/exercises`` or ``dcm/exercises``.
"""

import nbformat
import papermill
from keep_executed_notebooks import ROOT, cleaned

for path in sorted((ROOT / "notebooks" / "exercises").glob("*.ipynb")):
    options = {"cwd": path.parent, "progress_bar": False, "log_output": False}
    notebook = papermill.execute_notebook(path, None, **options)
    nbformat.write(cleaned(notebook), path)
    print(path.name)
