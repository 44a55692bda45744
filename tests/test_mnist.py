"""Notebook 04: its data, learners, recipes, judges, panels and explorer."""

import dataclasses
import gzip
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pooch
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from dcm import LearningRates, learn, two_pass
from dcm.experiments.mnist import claims, experiment, explorer, kept_circuit, panels, runs, sources
from dcm.experiments.mnist import data as datasets
from dcm.experiments.mnist.learners import NETS, classify, learning_rates
from dcm.experiments.mnist.recipes import recipes
from dcm.experiments.mnist.tracking import hidden_layer_measures, largest_correction
from dcm.lab.checkpoint import Checkpoint
from dcm.lab.progress import silent
from dcm.lab.store import Result, plain, write

from circuits import make_circuit

matplotlib.use("agg")
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def result(**arrays):
    return Result({}, {name: np.asarray(a) for name, a in arrays.items()})


# The data


@pytest.fixture
def _offline(monkeypatch, tmp_path):
    """No folder, an empty cache, and no mirror."""
    monkeypatch.delenv("DCM_DATA", raising=False)
    monkeypatch.delenv("DCM_DOWNLOAD", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")
    monkeypatch.setattr(sources, "MIRRORS", ())


@pytest.mark.mnist
def test_mnist_is_the_real_one():
    data = datasets.mnist(download=False)
    sizes = [len(split.labels) for split in (data.train, data.validation, data.test)]
    assert sizes == [55_000, 5_000, 10_000]
    assert data.train.images.shape == (55_000, 784)
    assert data.train.images.dtype == np.float32
    assert (data.train.images.min(), data.train.images.max()) == (0.0, 1.0)
    per_class = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_array_equal(np.bincount(data.test.labels), per_class)
    np.testing.assert_array_equal(data.train.labels[:5], [5, 0, 4, 1, 9])


@pytest.mark.mnist
def test_files_that_were_unzipped_renamed_or_packed_again_are_the_real_ones(monkeypatch, tmp_path):
    content = sources.find(download=False).content
    ways = (
        ("train-images.idx3-ubyte", bytes),
        ("TRAIN-LABELS-IDX1-UBYTE.GZ", gzip.compress),
        ("MNIST/raw/t10k-images-idx3-ubyte", bytes),
        ("t10k-labels.idx1-ubyte.gz", gzip.compress),
    )
    for (name, pack), held in zip(ways, content.values(), strict=True):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(pack(held))
    monkeypatch.setenv("DCM_DATA", str(tmp_path))
    assert sources.find().content == content


@pytest.mark.parametrize("written", ["d", " d ", '"d"', "./x/../d", "~/d"])
def test_the_name_of_the_given_folder_is_resolved(written, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("DCM_DATA", written)
    assert sources.given_folder() == Path.cwd() / "d"


@pytest.mark.parametrize("written", ["", "  ", '""'])
def test_a_blank_name_is_none(written, monkeypatch):
    monkeypatch.setenv("DCM_DATA", written)
    assert sources.given_folder() is None


def test_a_given_folder_that_holds_nothing_usable_is_an_error(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    for name, words in {
        "none": "No such file",
        "file": "Not a directory",
        "": "none of the",
    }.items():
        monkeypatch.setenv("DCM_DATA", str(tmp_path / name))
        with pytest.raises(datasets.DataError, match=f"DCM_DATA is .*{words}.*set DCM_DATA to it"):
            datasets.mnist()


@pytest.mark.usefixtures("_offline")
def test_no_source_says_how_to_get_the_files():
    with pytest.raises(datasets.DataUnavailable, match=r"put the four files .* DCM_DATA"):
        datasets.mnist()


@pytest.mark.usefixtures("_offline")
def test_child_processes_look_where_their_parent_found_the_data(monkeypatch, tmp_path):
    real = sources.Found({"a": b"held"}, "a mirror", None)
    monkeypatch.setenv("DCM_DATA", "")
    monkeypatch.setattr(sources, "find", lambda: real)
    assert sources.for_children(tmp_path / "spare")[0] == "MNIST from a mirror"
    assert os.environ["DCM_DATA"] == str(tmp_path / "spare"), "kept nowhere else"
    assert (tmp_path / "spare" / "a").read_bytes() == b"held"


@pytest.mark.usefixtures("_offline")
def test_child_processes_do_not_look_for_what_their_parent_did_not_find(monkeypatch, tmp_path):
    monkeypatch.setenv("DCM_DOWNLOAD", "1")
    data, why = sources.for_children(tmp_path / "spare")
    assert data == datasets.small_digits().name
    assert "MNIST was not found" in why
    assert os.environ["DCM_DOWNLOAD"] == "0"


READING = """\
from dcm.experiments.mnist import data as datasets
try:
    data = datasets.mnist()
except datasets.DataUnavailable:
    data = datasets.small_digits()
print(data.name, len(data.train.labels))"""


@pytest.fixture
def clone(tmp_path):
    """A clone whose notebook 04 only reads its data."""
    folder = tmp_path / "clone"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "dcm").symlink_to(ROOT / "dcm")
    parameters = new_code_cell('profile = "quick"\nseed = 0', metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [parameters, new_code_cell(READING)]
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    for name in ("00_the_circuit", "04_mnist"):
        nbformat.write(notebook, folder / "notebooks" / f"{name}.ipynb")
    return folder


def figures_mnist(cwd, **environment):
    """``dcm figures mnist``: the process, what summary.json says, what the kernel printed."""
    command = [sys.executable, "-m", "dcm", "figures", "mnist"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    summary = cwd / "figures" / "quick" / "summary.json"
    if not summary.is_file():
        return done, None, None
    executed = nbformat.read(cwd / "build" / "notebooks" / "quick" / "04_mnist.ipynb", 4)
    (said,) = [out.text for cell in executed.cells for out in cell.get("outputs", ())]
    return done, json.loads(summary.read_text("utf-8"))["notebooks"]["mnist"], said


@pytest.mark.slow
@pytest.mark.mnist
def test_figures_use_a_folder_named_from_where_the_user_is_and_say_so(clone):
    found = sources.find(download=False)
    (clone / "data").symlink_to(found.folder)
    done, entry, said = figures_mnist(clone, DCM_DATA="data ")
    assert done.returncode == 0, done.stderr
    assert said == "MNIST 55000\n"
    assert f"MNIST from DCM_DATA: {clone / 'data'}" in done.stderr
    assert "mnist used MNIST from DCM_DATA" in done.stdout
    assert entry["data"] == "MNIST from DCM_DATA"


@pytest.mark.slow
def test_figures_say_that_the_data_are_the_small_digits_and_why(clone, tmp_path):
    nothing = {"DCM_DATA": "", "DCM_DOWNLOAD": "0"}
    home = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"), str(tmp_path))
    done, entry, said = figures_mnist(clone, **nothing, **home)
    assert done.returncode == 0, done.stderr
    assert said == "small digits (not MNIST) 1200\n"
    assert (
        "mnist uses small digits (not MNIST): MNIST was not found. Tried the cache" in done.stderr
    )
    assert "the mirrors: not asked (DCM_DOWNLOAD=0)" in done.stderr
    assert "mnist used small digits (not MNIST)" in done.stdout
    assert entry["data"] == "small digits (not MNIST)"


@pytest.mark.slow
def test_figures_refuse_a_folder_without_the_files(clone):
    done, entry, _ = figures_mnist(clone, DCM_DATA="nothing")
    assert done.returncode == 2
    assert f"DCM_DATA is {clone / 'nothing'}: No such file" in done.stderr
    assert done.stderr.count("\n") == 1
    assert entry is None


def test_notebook_4_uses_small_digits_where_mnist_is_missing(monkeypatch, capsys):
    """The cell that chooses the data, run as it stands in the notebook."""

    def missing():
        raise datasets.DataUnavailable("MNIST is nowhere.")

    monkeypatch.setattr(datasets, "mnist", missing)
    notebook = json.loads((ROOT / "notebooks" / "04_mnist.ipynb").read_text("utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    (choice,) = [source for source in sources if "datasets.mnist()" in source]
    scope = {"datasets": datasets, "replace": replace, "experiment": experiment}
    exec(choice, scope)
    assert scope["data"].name == datasets.small_digits().name
    assert "NOT MNIST" in capsys.readouterr().out


# The experiment


@pytest.mark.slow
@pytest.mark.mnist
def test_two_epochs_on_real_images_learn_and_repeat_bit_for_bit():
    data = datasets.mnist(download=False)
    few = datasets.Split(data.train.images[:5000], data.train.labels[:5000])
    data = replace(data, train=few)
    config = replace(experiment.Config.quick(), epochs=2)
    first = experiment.side_by_side(config, np.random.default_rng(1), silent, data)
    again = experiment.side_by_side(config, np.random.default_rng(1), silent, data)
    assert first["microcircuit"]["test_error"][-1] < 40
    for learner in first:
        np.testing.assert_array_equal(first[learner]["test_error"], again[learner]["test_error"])


@pytest.mark.slow
def test_small_digits_are_called_so_and_learned():
    data = datasets.small_digits()
    assert "not MNIST" in data.name
    config = replace(experiment.Config.quick(), epochs=20)
    results = experiment.side_by_side(config, np.random.default_rng(0), silent, data)
    error = results["microcircuit"]["test_error"]
    assert error[-1] < error[0] - 20
    assert results["microcircuit"].about["data"] == data.name
    assert error[0] == results["frozen hidden layers"]["test_error"][0], "circuits start alike"


class Interruption:
    """A progress wrapper that interrupts after some steps of the loop called ``desc``."""

    def __init__(self, after, desc):
        self.after = after
        self.desc = desc

    def __call__(self, iterable, desc="", **options):
        for number, item in enumerate(iterable):
            if desc.startswith(self.desc) and number == self.after:
                raise KeyboardInterrupt
            yield item


@pytest.mark.parametrize("learner", ["microcircuit", "backprop"])
def test_a_run_resumes_bit_for_bit(learner, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "mnist", datasets.small_digits)
    config = experiment.Config(hidden=(12, 11), epochs=4, learner=learner)
    checkpoint = Checkpoint(tmp_path / "c.npz", {"run": "a/b", "config": config, "seed": 5})

    def run(progress, checkpoint):
        return experiment.run(config, np.random.default_rng(5), progress, checkpoint)

    whole = run(silent, None)
    with pytest.raises(KeyboardInterrupt):
        run(Interruption(2, learner), checkpoint)
    assert checkpoint.load()["step"] == 2, "what was done is kept"
    resumed = run(silent, checkpoint)
    assert set(resumed.arrays) == set(whole.arrays)
    for name in whole.arrays:
        np.testing.assert_array_equal(resumed[name], whole[name], err_msg=name)


def test_an_unknown_learner_is_refused():
    with pytest.raises(ValueError, match="learner is 'back-prop'; choose from microcircuit, "):
        experiment.Config(learner="back-prop")


def test_one_factor_for_each_hidden_layer():
    advice = r"give one factor for each hidden layer, as \(1.0,\) \* 3"
    with pytest.raises(ValueError, match=advice):
        experiment.Config(hidden=(5, 4, 3))


def test_frozen_weights_have_rate_zero():
    def frozen(learner):
        return learning_rates(experiment.Config(learner=learner), epoch=1)

    assert all(frozen("microcircuit").up)
    assert all(frozen("microcircuit").ip)
    assert np.flatnonzero(frozen("hidden to hidden frozen").up).tolist() == [0, 2]
    assert np.flatnonzero(frozen("frozen hidden layers").up).tolist() == [2]
    assert frozen("microcircuit").pi == frozen("microcircuit").down == 0
    assert frozen("all plastic").pi > 0
    assert frozen("all plastic").down > 0


# The recipes


def chosen_numbers(config):
    """The numbers that the search settled for this learner."""
    names = ["learner", "scale_up", "scale_output", "output_threshold"]
    if config.learner == "backprop":
        names += ["backprop_rate", "hidden_rate"]
    elif config.learner == "single layer":
        names += ["single_rate"]
    else:
        names += ["mixing_hidden", "mixing_output", "mixing_interneuron"]
        names += ["gain_output", "base_rate", "inter_rate"]
    if config.learner not in NETS and len(config.hidden) > 1:
        names += ["gain_hidden", "hidden_rate"]
    return plain({name: getattr(config, name) for name in names})


def test_every_recipe_was_a_trial_and_every_trial_is_committed(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from mnist_search import recipe
    from mnist_trials import TRIALS

    tried = [chosen_numbers(recipe(learner, changes)) for learner, changes in TRIALS]
    for variant in runs.RUNS:
        assert chosen_numbers(variant.config) in tried, variant.name
    rows = json.loads((ROOT / "results" / "mnist" / "search.json").read_text("utf-8"))["trials"]
    done = [[row["learner"], row["changes"]] for row in rows]
    assert all([learner, changes] in done for learner, changes in TRIALS)


def test_the_table_has_a_dash_where_a_learner_has_no_such_number():
    rows = [line.split() for line in recipes().splitlines()[1:]]
    numbers = {label: " ".join(cells) for label, *cells in rows}
    assert len(numbers) == len(runs.RUNS)
    assert numbers["microcircuit"] == "0.1 0.2 0.1 2 2 1 30 0 5 0.01 200 1, 1"
    assert numbers["backprop"] == "– – – 4 3.3 – – -2 – 0.05 100 10, 10"
    assert numbers["single-layer"] == "– – – – 3.3 – – – – 0.03 100 –"
    assert numbers["hidden-to-hidden-frozen"].endswith(" 3, –")


# How fast interneurons may learn, and whether they track


def mismatch(circuit, r_in):
    """Distance of the interneurons from their self-predicting potentials, without a target."""
    state = two_pass(circuit, r_in)
    return np.linalg.norm(state.u_i[0] - state.u_p[1])


def after_batches(circuit, r_in, rates, times):
    """The circuit after the whole set of patterns was shown ``times`` times, as one batch each."""
    shown = np.tile(r_in, (times, 1))
    return learn(circuit, shown, None, rates, settle=two_pass, duration=1.0, batch=len(r_in))[0]


@pytest.mark.parametrize("thresholds", [False, True])
@pytest.mark.parametrize(("share", "grows"), [(0.5, False), (1.9, False), (2.1, True)])
def test_beyond_two_a_small_mismatch_grows_and_below_it_falls(share, grows, thresholds, rng):
    circuit = make_circuit((7, 12, 3), thresholds=thresholds).self_predicting()
    r_in = rng.uniform(0, 1, (20, 7))
    unit_rate = LearningRates(ip=1.0, thresholds=thresholds)
    (unit,) = largest_correction(circuit, r_in, unit_rate, sweeps=200)
    rates = LearningRates(ip=share / unit, thresholds=thresholds)
    assert largest_correction(circuit, r_in, rates, sweeps=200)[0] == pytest.approx(share)
    w_ip = tuple(w + 1e-6 * rng.normal(size=w.shape) for w in circuit.w_ip)
    start = dataclasses.replace(circuit, w_ip=w_ip)
    before = mismatch(start, r_in)
    after = mismatch(after_batches(start, r_in, rates, 60), r_in)
    assert (after > 3 * before) if grows else (after < before)


def test_the_largest_correction_of_a_single_pattern_by_hand(rng):
    circuit = make_circuit((5, 4, 3), thresholds=False).self_predicting()
    r_in = rng.uniform(0, 1, 5)
    g = circuit.conductances
    r = circuit.transfer(two_pass(circuit, r_in).u_p[0])
    slopes = circuit.transfer.derivative(g.attenuation_interneuron * (circuit.w_ip[0] @ r))
    by_hand = 0.3 * g.mixing_interneuron * g.attenuation_interneuron * slopes.max() * (r @ r)
    assert largest_correction(circuit, r_in, LearningRates(ip=0.3))[0] == pytest.approx(by_hand)


def test_one_correction_per_hidden_layer_proportional_to_its_rate(rng):
    circuit = make_circuit((9, 8, 7, 6, 4))
    r_in = rng.uniform(0, 1, (30, 9))
    one = largest_correction(circuit, r_in, LearningRates(ip=1.0))
    other = largest_correction(circuit, r_in, LearningRates(ip=(0.5, 1.0, 2.0)))
    np.testing.assert_allclose(other, np.multiply(one, (0.5, 1, 2)))


def test_a_self_predicting_circuit_is_silent_and_one_without_w_pi_is_not(rng):
    circuit = make_circuit((9, 8, 7, 4)).self_predicting()
    r_in = rng.uniform(0, 1, (30, 9))
    u_target = rng.normal(size=(30, 4))
    measures = hidden_layer_measures(circuit, r_in, u_target)
    np.testing.assert_allclose(measures["silence"], 0, atol=1e-12)
    np.testing.assert_allclose(measures["silence_nudged"], 0, atol=1e-12)
    assert measures["mirror"] == [0, 0]
    nothing = dataclasses.replace(circuit, w_pi=tuple(0 * w for w in circuit.w_pi))
    measures = hidden_layer_measures(nothing, r_in, u_target)
    assert measures["silence"][1] == pytest.approx(1), "the whole drive stands"
    assert measures["mirror"] == [1, 1]
    transposed = circuit.with_feedback([w.T for w in circuit.w_up[1:]])
    alignment = hidden_layer_measures(transposed, r_in, u_target)["alignment"]
    np.testing.assert_allclose(alignment, 0, atol=1e-5)


# The claims


def net(error, **more):
    return result(test_error=[90.0, error], validation_error=[90.0, error], **more)


def test_test_errors_are_judged_by_their_median():
    claim = claims.test_error("F3a", "784-500-500-10 (3B)", 1.96, 0.15, runs.MICROCIRCUIT)
    judge = claim.judge
    assert claim.criterion == "test error at most 2.11 %."
    assert judge([net(2.0), net(2.1), net(5.0)]).holds
    assert not judge([net(2.0), net(2.2), net(2.2)]).holds


def test_one_shallow_learner_must_be_near_the_papers():
    assert claims.shallow_digits([net(8.0)], [net(20.0)]).holds
    assert not claims.shallow_digits([net(12.0)], [net(20.0)]).holds


def test_no_mixing_factor_may_be_half_a_point_worse():
    assert claims.mixing([net(2.0)], [net(2.4)], [net(2.5)]).holds
    assert not claims.mixing([net(2.0)], [net(2.4)], [net(2.6)]).holds


def test_silence_is_judged_at_the_worst_epoch():
    quiet = np.full((3, 2), 0.02)
    ratio = np.ones((3, 2))
    assert claims.silence([net(2.0, silence=quiet, silence_nudged=ratio)]).holds
    loud = np.vstack([quiet, [[0.04, 0]]])
    assert not claims.silence([net(2.0, silence=loud, silence_nudged=ratio)]).holds


# The panels


def test_error_curves_are_the_median_over_seeds():
    seeds = [result(test_error=[90.0, 9.0, error]) for error in (2.0, 3.0, 7.0)]
    other = [result(test_error=[90.0, 5.0])]
    ax = plt.subplots()[1]
    one, two = panels.error_curves(
        ax, {"microcircuit": seeds, "backprop": other, "all plastic": []}
    )
    np.testing.assert_array_equal(one.get_ydata(), [90, 9, 3])
    np.testing.assert_array_equal(one.get_xdata(), [0, 1, 2])
    np.testing.assert_array_equal(two.get_ydata(), [90, 5])
    assert one.get_label() == "microcircuit: 3.00 %"


def test_receptive_fields_are_laid_out_row_by_row():
    w = np.arange(9 * 16.0).reshape(9, 16)
    image = panels.receptive_fields(plt.subplots()[1], [result(fields=w)]).get_array()
    np.testing.assert_array_equal(image[0:4, 5:9], w[1].reshape(4, 4))
    np.testing.assert_array_equal(image[5:9, 0:4], w[3].reshape(4, 4))


def test_mistakes_are_counted_per_class():
    labels = np.array([3, 3, 5])
    results = [result(predicted=[8, 3, 8])]
    wrong = panels.confusion(plt.subplots()[1], results, labels).get_array()
    assert wrong.sum() == 2
    assert wrong[3, 8] == wrong[5, 8] == 1


def test_panels_without_results_are_empty():
    axes = plt.subplots(1, 4)[1]
    assert panels.error_curves(axes[0], {}) == []
    assert panels.silence(axes[1], []) == panels.silence_nudged(axes[2], []) == []
    assert panels.mixing(axes[3], {0.1: []}) == []


# The explorer


def test_the_kept_circuit_classifies_its_digits_and_is_small():
    circuit, kept = kept_circuit.read_kept(kept_circuit.kept_file())
    images = kept["images"].reshape(-1, 784) / np.float32(255)
    labels = np.repeat(range(10), kept_circuit.PER_DIGIT)
    assert np.mean(classify(circuit, images) == labels) > 0.9
    assert kept.about["test_error"] < 6
    assert kept_circuit.kept_file().stat().st_size < 4_000_000


def test_the_kept_circuit_has_the_numbers_that_train_it_anew():
    made_with = kept_circuit.read_kept(kept_circuit.kept_file())[1].about["config"]
    rates_of_nets = {"backprop_rate", "single_rate"}
    config = plain(kept_circuit.CONFIG)
    for name in made_with.keys() - rates_of_nets:
        assert config[name] == made_with[name], name


def test_the_nudge_moves_the_output_by_its_share_and_reaches_every_layer():
    shown = explorer.digit(3, 0, target=8, strength=0.3)
    free = shown.free.u_p[-1]
    nudged = shown.nudged.u_p[-1]
    mixed = 0.7 * free + 0.3 * shown.nudged.u_target
    np.testing.assert_allclose(nudged, mixed, rtol=1e-4, atol=1e-5)
    v_free = [np.linalg.norm(v) for v in shown.free.v_apical]
    v_nudged = [np.linalg.norm(v) for v in shown.nudged.v_apical]
    assert v_nudged[1] > 20 * v_free[1]
    assert v_nudged[0] > 1.5 * v_free[0]


def test_nudging_to_the_right_class_says_less_than_to_a_wrong_one():
    right = explorer.digit(0, 0, target=0).nudged.v_apical[1]
    wrong = explorer.digit(0, 0, target=8).nudged.v_apical[1]
    assert np.linalg.norm(right) < 0.5 * np.linalg.norm(wrong)


def test_no_nudge_is_the_free_state():
    shown = explorer.digit(strength=0.0)
    assert shown.nudged is shown.free


def test_a_small_circuit_is_trained_again_and_read_alike(tmp_path):
    config = experiment.Config(hidden=(5, 4), epochs=1)
    data = datasets.small_digits()
    kept = kept_circuit.trained_circuit(config, 1, data=data)
    again = kept_circuit.trained_circuit(config, 1, data=data)
    write(tmp_path / "kept.npz", kept.about, kept.arrays)
    circuit, file = kept_circuit.read_kept(tmp_path / "kept.npz")
    assert set(kept.arrays) == {"images", *circuit.arrays()}
    for name, w in circuit.arrays().items():
        np.testing.assert_array_equal(kept[name], again[name], err_msg=name)
        np.testing.assert_array_equal(kept[name], w, err_msg=name)
    np.testing.assert_array_equal(file["images"], kept["images"])
    assert file.about["data"] == "small digits (not MNIST)"


def test_a_missing_circuit_says_how_to_train_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"python -m dcm\.experiments\.mnist\.kept_circuit"):
        kept_circuit.read_kept(tmp_path / "none.npz")
