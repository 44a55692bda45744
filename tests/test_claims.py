"""The table of claims: computed from the committed results, with verdicts that can go either way."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dcm.commands import claims
from dcm.commands import plan as paper_scale
from dcm.commands.claims import CLAIMS, Row
from dcm.experiments.backprop_approximation import claims as theory
from dcm.experiments.mnist import claims as digits
from dcm.experiments.mnist import experiment as mnist
from dcm.experiments.teacher_regression import claims as small_circuits
from dcm.lab.store import Result, ResultError, plain, read, write
from dcm.lab.verdict import paired

ROOT = Path(__file__).resolve().parents[1]
FEWER_SEEDS = {"F2n a": 3, "F2n b": 1, "F2r": 2, "F3g": 3}  # five for all other claims


def saved(**arrays):
    return Saved(
        Path("results/some/thing-seed0.npz"), {}, {k: np.asarray(v) for k, v in arrays.items()}
    )


def test_the_committed_table_is_the_one_that_the_committed_results_give():
    rows = claims.table()
    page = f"{claims.markdown(rows)}\n{claims.cost()}\n"
    assert (ROOT / "figures" / "claims.md").read_text("utf-8") == page
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"{claims.START}\n{page}{claims.END}" in readme
    assert claims.headline(rows) in page.splitlines()[0]


def test_every_row_names_existing_result_files():
    for row in claims.table():
        assert row.results, row.id
        for name in row.results:
            assert (ROOT / name).is_file(), name
        assert row.verdict in ("reproduced", "differs", "not reproduced")
        assert row.low <= row.measured <= row.high
        assert row.criterion.endswith("."), row.id
        assert row.seeds == FEWER_SEEDS.get(row.id, 5), row.id


def test_every_planned_run_is_committed_with_its_config():
    for run in paper_scale.plan(5):
        saved = read(run.path(ROOT / "results"))
        assert run.made(saved), saved.path


def test_a_result_of_another_config_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(paper_scale, "repository", lambda: tmp_path)
    (run,) = [run for run in paper_scale.plan(1) if run.name == "mnist/backprop"]
    path = run.path(tmp_path / "results")
    write(path, run.about, {"test_error": [1.0]})
    assert [saved.path for saved in paper_scale.load("mnist/backprop")] == [path]
    with pytest.raises(ResultError, match=r"backprop-seed0\.npz holds no 'validation_error'"):
        digits.test_error(2, 0)(paper_scale.load("mnist/backprop"))
    write(
        path, {**run.about, "config": {**run.about["config"], "epochs": 7}}, {"test_error": [0.5]}
    )
    with pytest.raises(
        ResultError, match=r"backprop-seed0\.npz was made with another config or seed"
    ):
        paper_scale.load("mnist/backprop")
    write(path, {**run.about, "seed": 3}, {"test_error": [0.5]})
    with pytest.raises(
        ResultError, match=r"backprop-seed0\.npz was made with another config or seed"
    ):
        paper_scale.load("mnist/backprop")


def test_every_mnist_recipe_was_a_trial_and_every_trial_is_committed(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from mnist_search import recipe
    from mnist_trials import TRIALS

    def of(config):
        names = ["learner", "scale_up", "scale_output", "output_threshold"]
        names += {
            "backprop": ["backprop_rate", "hidden_rate"],
            "single layer": ["single_rate"],
        }.get(
            config.learner,
            [
                "mixing_hidden",
                "mixing_output",
                "mixing_interneuron",
                "gain_output",
                "base_rate",
                "inter_rate",
            ],
        )
        names += (
            ["gain_hidden", "hidden_rate"]
            if config.learner not in mnist.NETS and len(config.hidden) > 1
            else []
        )
        return plain({name: getattr(config, name) for name in names})

    tried = [of(recipe(learner, changes)) for learner, changes in TRIALS]
    for name, (_, config, *_) in paper_scale.variants().items():
        if name.startswith("mnist/"):
            assert of(config) in tried, name
    rows = json.loads((ROOT / "results" / "mnist" / "search.json").read_text())["trials"]
    done = [[row["learner"], row["changes"]] for row in rows]
    assert all([learner, changes] in done for learner, changes in TRIALS)


def test_every_committed_result_is_whole_and_says_where_it_comes_from():
    paths = sorted((ROOT / "results").glob("*/*-seed*.npz"))
    assert paths
    for path in paths:
        about = read(path).about
        assert {"run", "config", "seed", "packages", "commit", "machine", "wall_s", "cpu_s"} <= set(
            about
        ), path
        assert path.name == f"{about['run'].split('/')[1]}-seed{about['seed']}.npz"


def test_as_typed_with_json():
    command = [sys.executable, "-m", "dcm", "claims", "--json"]
    answer = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    rows = json.loads(answer.stdout)
    assert [row["id"] for row in rows] == [claim.id for claim in CLAIMS]
    for row in rows:
        assert {
            "id",
            "claim",
            "paper",
            "measured",
            "low",
            "high",
            "seeds",
            "verdict",
            "results",
        } <= set(row)


def test_missing_results_are_said_and_damaged_ones_are_refused(tmp_path):
    rows = claims.table(lambda name: [])
    assert {row.verdict for row in rows} == {"not run"}
    assert claims.headline(rows) == f"0 of {len(CLAIMS)} claims reproduced, {len(CLAIMS)} not run"
    path = tmp_path / "lateral-seed0.npz"
    write(path, {}, {"apical": np.ones(2)})
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ResultError, match=r"lateral-seed0\.npz is damaged"):
        claims.table(lambda name: [read(path)])


def lateral(fold=200.0, gap=150.0, ip=0.1, pi=0.02):
    return saved(apical=[fold, 1], mismatch=[gap, 1], distance_ip=[1, ip], distance_pi=[1, pi])


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"fold": 90.0}, False),
        ({"gap": 90.0}, False),
        ({"ip": 0.16}, False),
        ({"pi": 0.06}, False),
    ],
)
def test_self_prediction_needs_all_four_numbers(change, holds):
    runs = [lateral(), lateral(**change), lateral(**change)]
    verdict = small_circuits.self_prediction(runs)
    assert verdict.holds is np.bool_(holds) or verdict.holds == holds
    assert len(verdict.values) == 3


def regression(end, start=0.1, n=3, **more):
    return saved(patterns=np.arange(n), error=np.linspace(start, end, n), **more)


def test_the_full_circuit_must_be_three_times_better_and_below_a_quarter():
    shallow = [regression(0.06)]
    assert small_circuits.beats_shallow([regression(0.019)], shallow).holds
    assert not small_circuits.beats_shallow([regression(0.021)], shallow).holds
    assert not small_circuits.beats_shallow([regression(0.026)], [regression(0.09)]).holds


@pytest.mark.parametrize(
    ("end", "holds"), [(46.0, True), (54.0, True), (66.0, False), (30.0, False)]
)
def test_about_45_degrees_means_within_ten(end, holds):
    run = saved(angle_weights=[89.0, end], angle_errors=[89.0, end])
    verdict = small_circuits.alignment([run], [], [], [], [])
    assert verdict.holds == holds
    assert verdict.partly


def test_learning_must_go_on_at_every_strength_and_rate():
    good, bad = [regression(0.05)], [regression(0.095)]
    assert small_circuits.strengths(good, good, good).holds
    assert not small_circuits.strengths(good, good, bad).holds
    assert small_circuits.rates(good, good, bad, good, good).holds, "the largest rates may fail"
    assert not small_circuits.rates(good, good, good, good, bad).holds


@pytest.mark.parametrize(
    ("onset", "left", "output", "holds"),
    [(12, 5, 4, True), (9, 5, 4, False), (12, 11, 4, False), (12, 5, 6, False)],
)
def test_an_association_needs_onset_decay_and_output(onset, left, output, holds):
    run = saved(presentation=[0, 200, 400, 600], apical=[100.0, 50, left, 0], level_onset=onset, level_free=1.0,
                output_error=[100.0, 50, output, 0])  # fmt: skip
    assert small_circuits.association([run]).holds == holds


def test_both_lateral_weights_must_come_within_fifteen_percent():
    assert small_circuits.emergence([saved(distance_ip=[1, 0.14], distance_pi=[1.4, 0.1])]).holds
    assert not small_circuits.emergence(
        [saved(distance_ip=[1, 0.1], distance_pi=[1.4, 0.16])]
    ).holds
    assert not small_circuits.emergence(
        [saved(distance_ip=[1, 0.16], distance_pi=[1.4, 0.1])]
    ).holds


def test_the_error_must_fall_at_every_noise():
    falls, rises = [regression(0.09)], [regression(0.101)]
    assert small_circuits.noise(falls, falls, falls).holds
    assert not small_circuits.noise(falls, falls, rises).holds
    assert not small_circuits.noise(rises, falls, falls).holds


def test_continuous_time_must_stay_within_five_percent():
    probe = {"probe_deviation": np.ones((2, 6, 4))}
    steady = [saved(patterns=[0, 1, 2], error=[0.1, 0.09, 0.08])]
    assert small_circuits.transients(
        [saved(patterns=[1, 2], error=[0.09, 0.0838], **probe)], steady, []
    ).holds
    verdict = small_circuits.transients(
        [saved(patterns=[1, 2], error=[0.09, 0.0845], **probe)], steady, []
    )
    assert not verdict.holds
    assert verdict.partly


def test_comparisons_are_made_within_a_seed():
    def run(seed, name):
        return Saved(Path(f"results/t/{name}-seed{seed}.npz"), {"seed": seed}, {})

    pairs = paired([run(0, "a"), run(1, "a"), run(3, "a")], [run(0, "b"), run(2, "b"), run(3, "b")])
    assert [(a.about["seed"], b.about["seed"]) for a, b in pairs] == [(0, 0), (3, 3)]


def net(error, **more):
    return saved(test_error=[90.0, error], validation_error=[90.0, error], **more)


def test_test_errors_are_judged_by_their_median():
    judge = digits.test_error(1.96, 0.15)
    assert judge([net(2.0), net(2.1), net(5.0)]).holds
    assert not judge([net(2.0), net(2.2), net(2.2)]).holds
    assert digits.shallow_digits([net(8.0)], [net(20.0)]).holds
    assert not digits.shallow_digits([net(12.0)], [net(20.0)]).holds
    assert digits.mixing([net(2.0)], [net(2.4)], [net(2.5)]).holds
    assert not digits.mixing([net(2.0)], [net(2.4)], [net(2.6)]).holds
    quiet, ratio = np.full((3, 2), 0.02), np.ones((3, 2))
    assert digits.silence([net(2.0, silence=quiet, silence_nudged=ratio)]).holds
    assert not digits.silence(
        [net(2.0, silence=np.vstack([quiet, [[0.04, 0]]]), silence_nudged=ratio)]
    ).holds


def power_laws(extra=0.0):
    """Results whose remainders, angles and deviations follow the theory up to ``extra`` in the exponent."""
    lam, arrays = np.array(theory.PAPER.lambdas), {}
    for depth in theory.PAPER.depths:
        orders = np.arange(depth + 1, 1, -1) + extra
        for kind in theory.FEEDBACK:
            table = np.tile(lam[:, None] ** orders, (4, 1, 1))
            arrays |= {
                f"{name} {depth} {kind}": table for name in ("remainder_soma", "remainder_update")
            }
            linear = np.tile(lam[:, None] * np.ones(depth), (4, 1, 1))
            arrays |= {f"angle {depth} {kind}": 9 * linear, f"two_pass {depth} {kind}": linear}
    return saved(**arrays)


def test_orders_and_angles_of_exact_power_laws():
    assert theory.orders([power_laws()]).values[0] < 1e-9
    assert theory.orders([power_laws()]).holds
    assert not theory.orders([power_laws(0.2)]).holds
    verdict = theory.angles("random")([power_laws()])
    np.testing.assert_allclose(verdict.values, 0.09)
    assert verdict.holds
    assert theory.two_passes([power_laws()]).holds
    wide, flat = power_laws(), power_laws()
    for name in wide.arrays:
        if name.startswith("angle"):
            wide.arrays[name][:, theory.PAPER.lambdas.index(0.01)] = 0.6
        if name.startswith("two_pass"):
            flat.arrays[name][:] = 0.01
    assert not theory.angles("random")([wide]).holds
    assert not theory.two_passes([flat]).holds


def test_the_page_shows_median_range_and_verdict():
    row = Row(
        "X",
        "a claim",
        "1",
        "a number",
        2.0,
        1.0,
        3.0,
        5,
        "reproduced",
        "and more",
        ("results/a.npz",),
        "At most 3.",
    )
    page = claims.markdown([row])
    assert "## 1 of 1 claims reproduced" in page
    assert "| X | a claim | 1 | a number: 2 (1 to 3) | 5 | reproduced |" in page
    assert "- **X** *At most 3.* and more" in page
    assert "a number: 2 (1 to 3), 5 seeds" in claims.text([row])
