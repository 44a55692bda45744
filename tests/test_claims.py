"""The table of claims: computed from the committed results, as text, page and JSON."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from dcm.commands import claims, plan
from dcm.commands.claims import CLAIMS, Row
from dcm.experiments.mnist.runs import MICROCIRCUIT
from dcm.experiments.teacher_regression.runs import FEEDBACK, FULL
from dcm.lab import paths
from dcm.lab.store import Result, ResultError, read, write
from dcm.lab.verdict import paired, spread

ROOT = Path(__file__).resolve().parents[1]
FEWER_SEEDS = {"F2n a": 3, "F2n b": 1, "F2r": 2, "F3g": 3}  # five for all other claims
HEADER = {"run", "config", "seed", "packages", "commit", "machine", "wall_s", "cpu_s"}


@pytest.fixture(scope="module")
def rows():
    return claims.table()


def test_the_committed_table_is_the_one_that_the_committed_results_give(rows):
    page = f"{claims.markdown(rows)}\n{claims.cost()}\n"
    assert (ROOT / "figures" / "claims.md").read_text("utf-8") == page
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"{claims.START}\n{page}{claims.END}" in readme
    assert claims.headline(rows) in page.splitlines()[0]


def test_every_row_names_existing_result_files(rows):
    for row in rows:
        assert row.results, row.id
        for name in row.results:
            assert (ROOT / name).is_file(), name
        assert row.verdict in ("reproduced", "differs", "not reproduced")
        assert row.low <= row.measured <= row.high
        assert row.criterion.endswith("."), row.id
        assert row.seeds == FEWER_SEEDS.get(row.id, 5), row.id


def test_every_claim_has_a_name_of_its_own_and_needs_runs_that_are_planned():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)
    planned = plan.variants()
    for claim in CLAIMS:
        assert claim.needs, claim.id
        for variant in (*claim.needs, *claim.also):
            assert variant in planned, (claim.id, variant.name)


def test_the_plan_names_every_run_once_and_keeps_to_its_seeds():
    runs = plan.plan(5)
    assert len({str(run) for run in runs}) == len(runs)
    assert len({run.path for run in runs}) == len(runs)
    names = [run.variant.name for run in runs]
    assert names.count(FULL.name) == names.count(MICROCIRCUIT.name) == 5
    assert names.count(FEEDBACK[2.0].name) == 3
    assert {run.seed for run in plan.plan(1)} == {0}
    with pytest.raises(ValueError, match="seeds is 0; give 1 to 1000"):
        plan.plan(0)


def test_each_notebook_has_its_own_part_of_the_plan():
    parts = {notebook: plan.plan(2, [notebook]) for notebook in plan.EXPERIMENTS}
    for notebook, runs in parts.items():
        assert runs
        assert {run.path.parent.name for run in runs} == {notebook}
    assert sum(map(len, parts.values())) == len(plan.plan(2))
    assert plan.plan(2, ["the_circuit"]) == []


def test_every_planned_run_is_committed_with_its_config():
    for run in plan.plan(5):
        result = read(run.path)
        assert result.is_of(run.about), run.path


def test_every_committed_result_is_whole_and_says_where_it_comes_from():
    files = sorted((ROOT / "results").glob("*/*-seed*.npz"))
    assert files
    for path in files:
        about = read(path).about
        assert set(about) >= HEADER, path
        assert path == ROOT / "results" / f"{about['run']}-seed{about['seed']}.npz"


def test_a_result_of_another_config_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "repository", lambda: tmp_path)
    run = MICROCIRCUIT.run(0)
    write(run.path, run.about, {"test_error": [1.0]})
    (result,) = MICROCIRCUIT.results()
    assert result.path == run.path
    with pytest.raises(ResultError, match=r"microcircuit-seed0\.npz holds no 'silence'"):
        result["silence"]
    refusal = r"microcircuit-seed0\.npz was made with another config or seed"
    other_config = {**run.about["config"], "epochs": 7}
    write(run.path, {**run.about, "config": other_config}, {"test_error": [0.5]})
    with pytest.raises(ResultError, match=refusal):
        MICROCIRCUIT.results()
    write(run.path, {**run.about, "seed": 3}, {"test_error": [0.5]})
    with pytest.raises(ResultError, match=refusal):
        MICROCIRCUIT.results()


def test_only_results_of_planned_runs_count_for_the_cost(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "repository", lambda: tmp_path)
    run = MICROCIRCUIT.run(0)
    write(run.path, {**run.about, "cpu_s": 3600.0}, {"test_error": [1.0]})
    foreign = run.path.with_name("mine-seed0.npz")
    foreign.write_bytes(run.path.read_bytes())
    assert claims.cost() == "1 result files, 1.0 core-hours in all."
    foreign.rename(run.path.with_name(f"{run.path.stem} (copy).npz"))
    with pytest.raises(ResultError, match=r"\(copy\)\.npz was made with another .*; delete it"):
        claims.cost()


def as_typed(*options):
    """The output of ``dcm claims --json``, with options for Python."""
    command = [sys.executable, *options, "-m", "dcm", "claims", "--json"]
    answer = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(answer.stdout)


@pytest.mark.parametrize("options", [[], ["-OO"]], ids=["plain", "without docstrings"])
def test_as_typed_with_json(options, rows):
    expected = json.loads(json.dumps([asdict(row) for row in rows]))
    assert as_typed(*options) == expected
    assert all(row["criterion"] for row in expected)


def test_missing_results_are_said_and_damaged_ones_are_refused(tmp_path):
    rows = claims.table(lambda variant: [])
    assert {row.verdict for row in rows} == {"not run"}
    assert claims.headline(rows) == f"0 of {len(CLAIMS)} claims reproduced, {len(CLAIMS)} not run"
    path = tmp_path / "lateral-seed0.npz"
    write(path, {}, {"apical": np.ones(2)})
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ResultError, match=r"lateral-seed0\.npz is damaged"):
        claims.table(lambda variant: [read(path)])


def published(tmp_path, monkeypatch, readme: bytes):
    """The files that change when the table of no claims is published beside this README."""
    monkeypatch.setattr(paths, "repository", lambda: tmp_path)
    (tmp_path / "README.md").write_bytes(readme)
    return [path.name for path in claims.publish([])]


def test_the_table_takes_its_place_in_the_readme_and_nothing_else_changes(tmp_path, monkeypatch):
    readme = f"# Ä\r\n{claims.START}\r\nolder\r\n{claims.END}\r\nend".encode()
    assert published(tmp_path, monkeypatch, readme) == ["claims.md", "README.md"]
    text = (tmp_path / "README.md").read_bytes().decode()
    table = claims.markdown([]).replace("\n", "\r\n")
    assert text.startswith(f"# Ä\r\n{claims.START}\r\n{table}")
    assert text.endswith(f"{claims.END}\r\nend")
    assert claims.publish([]) == [], "nothing to change"


@pytest.mark.parametrize(
    ("readme", "words"),
    [
        (b"# A title only\n", "README.md has no place for the table of claims; put <!-- claims"),
        (f"{claims.START}{claims.START}{claims.END}".encode(), "has no place for the table"),
        (f"{claims.END}\n{claims.START}".encode(), "has no place for the table"),
        (b"\xff\xfe", "README.md cannot be read as UTF-8 text .*; restore it from git"),
    ],
    ids=["no marks", "twice", "reversed", "not UTF-8"],
)
def test_a_readme_without_a_place_for_the_table_is_refused(tmp_path, monkeypatch, readme, words):
    with pytest.raises(ResultError, match=words):
        published(tmp_path, monkeypatch, readme)
    assert (tmp_path / "README.md").read_bytes() == readme
    assert not (tmp_path / "figures").exists()


def test_comparisons_are_made_within_a_seed():
    def runs(*seeds):
        return [Result({"seed": seed}, {}) for seed in seeds]

    pairs = paired(runs(0, 1, 3), runs(0, 2, 3))
    assert [(a.about["seed"], b.about["seed"]) for a, b in pairs] == [(0, 0), (3, 3)]


def test_several_seeds_are_said_as_median_and_range():
    assert spread([3.0, 1.0, 2.0]) == "2 (1 to 3)"
    assert spread([2.0]) == "2"


def test_the_page_shows_median_range_and_verdict():
    row = Row(
        id="X",
        claim="a claim",
        paper="1",
        quantity="a number",
        criterion="At most 3.",
        measured=2.0,
        low=1.0,
        high=3.0,
        seeds=5,
        verdict="reproduced",
        detail="and more",
        results=("results/a.npz",),
    )
    page = claims.markdown([row])
    assert "## 1 of 1 claims reproduced" in page
    assert "| X | a claim | 1 | a number: 2 (1 to 3) | 5 | reproduced |" in page
    assert "- **X** *At most 3.* and more" in page
    assert "a number: 2 (1 to 3), 5 seeds" in claims.text([row])
