"""Panels draw what the results hold, and the committed figures are those of the committed results."""

import json
import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest

from dcm.lab import progress as runs
from dcm.lab.drawing import use_style

matplotlib.use("agg")
ROOT = Path(__file__).resolve().parents[1]
PAPER_SCALE = sorted((ROOT / "notebooks").glob("0[1-5]_*.ipynb"))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_curves_are_drawn_from_the_result():
    from dcm.experiments.backprop_approximation import experiment, panels

    result = experiment.run(experiment.Config(depths=(2,), n_circuits=2), np.random.default_rng(0))
    lines = panels.angle(plt.subplots()[1], result, 2, "random")
    for k, line in enumerate(lines):
        np.testing.assert_array_equal(line.get_xdata(), result.config.lambdas)
        np.testing.assert_array_equal(
            line.get_ydata(), np.median(result.angle[2, "random"], axis=0)[:, k]
        )


def test_mistakes_and_fields_are_laid_out_as_in_the_result():
    from types import SimpleNamespace

    from dcm.experiments.mnist import panels

    w = np.arange(9 * 16.0).reshape(9, 16)
    result = SimpleNamespace(side=4, circuit=SimpleNamespace(w_up=(w,)), labels=np.array([3, 3, 5]),
                             predicted=np.array([8, 3, 8]))  # fmt: skip
    image = panels.receptive_fields(plt.subplots()[1], result, n=9).get_array()
    np.testing.assert_array_equal(image[0:4, 5:9], w[1].reshape(4, 4))
    np.testing.assert_array_equal(image[5:9, 0:4], w[3].reshape(4, 4))
    wrong = panels.confusion(plt.subplots()[1], result).get_array()
    assert wrong.sum() == 2
    assert wrong[3, 8] == wrong[5, 8] == 1


def test_the_overlay_draws_dcm_as_lines_and_brian2_as_dots():
    from types import SimpleNamespace

    from dcm.experiments.error_in_the_dendrite import panels

    t, names = np.arange(0.0, 12.0, 2.0), ("v_apical[0]", "u_i[0]", "u_p[1]")
    ours = SimpleNamespace(
        t=t, traces={n: np.arange(18.0).reshape(6, 3) + i for i, n in enumerate(names)}
    )
    theirs = SimpleNamespace(
        t=t, options={"duration": 6.0}, traces={n: -x for n, x in ours.traces.items()}
    )
    drawn = panels.over_brian2(plt.subplots(1, 3)[1], theirs, ours, cells=(0, 2))
    assert len(drawn) == 12
    np.testing.assert_array_equal(
        drawn[3].get_ydata(), ours.traces["u_i[0]"][:, 2]
    )  # second panel, second cell
    np.testing.assert_array_equal(drawn[9].get_ydata(), theirs.traces["u_i[0]"][::3, 2])
    np.testing.assert_array_equal(drawn[9].get_xdata(), [0.0, 6.0])


def test_one_colour_per_compartment():
    from dcm.lab.drawing import COLOURS

    assert len(set(COLOURS.values())) == len(COLOURS)


def dissected(svg):
    """(text without names of shapes and numbers, the numbers): other machines may round the last digit otherwise."""
    svg = re.sub(r"\b[mp][0-9a-f]{10}\b", "name", svg)
    number = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
    return number.sub("0", svg), np.array(number.findall(svg), float)


@pytest.mark.parametrize("path", PAPER_SCALE, ids=lambda path: path.stem)
def test_committed_figures_are_those_of_the_committed_results(path, tmp_path, monkeypatch):
    """The cells of a notebook that draw from ``results/``, run alone, give the files in ``figures/``."""
    drawn_with = json.loads((ROOT / "figures" / "summary.json").read_text())["notebooks"][
        path.stem[3:]
    ]["packages"]
    if matplotlib.__version__ != drawn_with["matplotlib"]:
        pytest.skip(f"the committed figures are matplotlib {drawn_with['matplotlib']}'s")
    monkeypatch.setattr(runs, "figure_folder", lambda profile: tmp_path)
    cells = [cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    scope = {"profile": "paper"}
    exec(cells[0], scope)
    use_style()
    for source in cells[1:]:
        if re.search(r"save_figure\(.*, profile\)", source):
            exec(source, scope)
    drawn = sorted(tmp_path.glob("*.svg"))
    assert drawn
    for file in drawn:
        (one, numbers), (two, others) = (
            dissected(path.read_text()) for path in (file, ROOT / "figures" / file.name)
        )
        assert one == two, file.name
        np.testing.assert_allclose(numbers, others, atol=1e-3, err_msg=file.name)
