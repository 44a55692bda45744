"""The committed figures are those of the committed results, in the colours of the companion."""

import importlib
import itertools
import json
import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from dcm.experiments.backprop_approximation.experiment import Config as BackpropConfig
from dcm.lab import paths
from dcm.lab.drawing import COLOURS, SHEET, band, save_figure, use_style

matplotlib.use("agg")
ROOT = Path(__file__).resolve().parents[1]
PAPER_SCALE = sorted((ROOT / "notebooks").glob("0[1-5]_*.ipynb"))
MACHADO = {  # severity 1, on linear RGB: Machado, Oliveira & Fernandes (2009), IEEE TVCG 15
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
# Colours that share a panel and are told apart only by it, not also by line style or position.
TOGETHER = list(itertools.combinations(("pyramidal", "interneuron", "apical", "target"), 2))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def dissected(svg):
    """(text without names of shapes and numbers, numbers): rounding differs between machines."""
    svg = re.sub(r"\b[mp][0-9a-f]{10}\b", "name", svg)
    number = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
    return number.sub("0", svg), np.array(number.findall(svg), float)


@pytest.mark.parametrize("path", PAPER_SCALE, ids=lambda path: path.stem)
def test_committed_figures_are_those_of_the_committed_results(path, tmp_path, monkeypatch):
    """The cells that draw from ``results/``, run alone, give the files in ``figures/``."""
    summary = json.loads((ROOT / "figures" / "summary.json").read_text("utf-8"))["notebooks"]
    drawn_with = summary[path.stem[3:]]["packages"]["matplotlib"]
    if matplotlib.__version__ != drawn_with:
        pytest.skip(f"the committed figures are matplotlib {drawn_with}'s")
    monkeypatch.setattr(paths, "figure_folder", lambda profile: tmp_path)
    cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    scope = {"profile": "paper"}
    exec(cells[0], scope)
    use_style()
    for source in cells[1:]:
        if re.search(r"save_figure\(.*, profile\)", source):
            exec(source, scope)
    files = sorted(tmp_path.glob("*.svg"))
    assert files
    for file in files:
        shape, numbers = dissected(file.read_text("utf-8"))
        committed = (ROOT / "figures" / file.name).read_text("utf-8")
        committed_shape, committed_numbers = dissected(committed)
        assert shape == committed_shape, file.name
        np.testing.assert_allclose(numbers, committed_numbers, atol=1e-3, err_msg=file.name)


def test_a_figure_goes_to_the_folder_of_its_profile_in_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "repository", lambda: tmp_path)
    use_style()

    def drawn():
        figure, ax = plt.subplots()
        ax.plot([1, 2])
        return figure

    for profile, folder in (("quick", "figures/quick"), ("paper", "figures")):
        save_figure(drawn(), "one", profile)
        first = [(tmp_path / folder / name).read_bytes() for name in ("one.svg", "one.png")]
        save_figure(drawn(), "one", profile)
        again = [(tmp_path / folder / name).read_bytes() for name in ("one.svg", "one.png")]
        assert again == first
    with pytest.raises(ValueError, match="profile is 'papper'; choose from quick, paper"):
        save_figure(drawn(), "one", "papper")


NASTY = {
    "axes.facecolor": "black",
    "figure.autolayout": True,
    "figure.dpi": 37,
    "font.family": "A Font That Is Missing",
    "savefig.bbox": "tight",
    "svg.hashsalt": "another",
    "text.usetex": True,
}


def test_the_users_settings_do_not_reach_a_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "repository", lambda: tmp_path)
    drawn = []
    for settings in ({}, NASTY):
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        use_style()
        figure, ax = plt.subplots()
        ax.plot([1, 2])
        save_figure(figure, "one", "quick")
        files = sorted((tmp_path / "figures" / "quick").iterdir())
        drawn.append([path.read_bytes() for path in files])
    assert len(drawn[0]) == 2
    assert drawn[0] == drawn[1]


@pytest.mark.slow
def test_a_notebook_shows_its_figures_though_the_backend_only_writes_files(monkeypatch):
    """As where ``MPLBACKEND=agg`` is set for JupyterLab; ``dcm figures`` sets its own."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    sources = (
        "import matplotlib.pyplot as plt\nfrom dcm.lab.drawing import use_style",
        "use_style()\nfigure, ax = plt.subplots()",
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[1].outputs
    assert "image/png" in output.data


def test_a_band_is_the_median_within_the_range_of_the_seeds():
    _, ax = plt.subplots()
    assert band(ax, [0, 1], []) == []
    curves = [[1.0, 4.0], [2.0, 5.0], [6.0, 9.0]]
    (median,) = band(ax, [0, 1], curves, color="k")
    np.testing.assert_array_equal(median.get_ydata(), [2.0, 5.0])
    ((area,),) = [collection.get_paths() for collection in ax.collections]
    assert area.get_extents().ymin == 1
    assert area.get_extents().ymax == 9


def test_one_colour_per_compartment():
    assert len(set(COLOURS.values())) == len(COLOURS)


def cielab(rgb):
    """CIE L*a*b* (D65) of linear RGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    white = [0.9505, 1, 1.089]
    f = np.cbrt(np.array(to_xyz) @ rgb / white)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", MACHADO)
def test_compartments_stay_apart_for_colour_blind_readers(kind):
    seen = {}
    for name, colour in COLOURS.items():
        srgb = np.array(matplotlib.colors.to_rgb(colour))
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        seen[name] = cielab(np.clip(MACHADO[kind] @ linear, 0.008856, 1))
    for one, two in TOGETHER:
        assert np.linalg.norm(seen[one] - seen[two]) > 20, (one, two)


def test_the_style_sheet_has_no_letters_below_ten_points():
    sheet = matplotlib.rc_params_from_file(SHEET, use_default_template=False)
    kinds = ("labelsize", "titlesize", "fontsize", "font.size")
    sizes = [sheet[name] for name in sheet if name.endswith(kinds)]
    assert len(sizes) >= 6
    assert min(sizes) >= 10


NOTHING = {
    "self_predicting_state": {"potentials": [[]], "distances": [[]]},
    "backprop_approximation": {"remainder": [[], BackpropConfig(), 2, "transposed"]},
    "error_in_the_dendrite": {"closing": [[]], "apical_error": [[]]},
    "teacher_regression": {"errors": [[], []], "emergence": [[]], "angles": [[]], "compared": [{}]},
    "mnist": {"error_curves": [{}], "receptive_fields": [[]], "silence": [[]], "mixing": [{}]},
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_panel_of_no_results_is_empty(name):
    panels = importlib.import_module(f"dcm.experiments.{name}.panels")
    for panel, arguments in NOTHING[name].items():
        figure, ax = plt.subplots()
        assert not getattr(panels, panel)(ax, *arguments) or ax.lines, panel
        plt.close(figure)
