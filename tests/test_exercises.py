"""Exercises: each assessment is right, whatever is handed in; the notebooks run, solved or not."""

import ast
import inspect
import json
import math
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dcm.exercises import CATALOGUE, TOPICS, Desk
from dcm.exercises.checker import running
from dcm.exercises.checker.diagnosis import NOT_ATTEMPTED, NOT_YET, PASS, judge
from dcm.exercises.desk import draw_comparison

matplotlib.use("agg")
FOLDER = Path(__file__).resolve().parents[1] / "notebooks" / "exercises"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
EVERY = pytest.mark.parametrize("exercise", CATALOGUE.values(), ids=CATALOGUE)
CODE = [e for e in CATALOGUE.values() if e.heading.kind == "code"]
FUNCTIONS = pytest.mark.parametrize("exercise", CODE, ids=[e.heading.id for e in CODE])
KNOWN = [(e, message) for e in CATALOGUE.values() for message in e.wrong_values[0]]


@pytest.fixture
def desk():
    return Desk()


def fails_with(exercise, answer) -> str:
    assessment = judge(exercise, answer)
    assert assessment.status == NOT_YET
    return assessment.message


def mistaken(exercise, message):
    """The answer of a student who makes the mistake that ``message`` is for."""
    if exercise.heading.kind == "code":
        return lambda *arguments: exercise.mistakes(*arguments)[message]
    return exercise.wrong_values[0][message]


def first_mistake(exercise):
    return mistaken(exercise, next(iter(exercise.wrong_values[0])))


def test_there_are_enough_of_every_kind():
    assert len(CATALOGUE) >= 12
    assert {exercise.heading.kind for exercise in CATALOGUE.values()} == {
        "code",
        "explore",
        "think",
    }
    assert any("Blind" in exercise.heading.title for exercise in CATALOGUE.values())
    for topic, exercises in TOPICS.items():
        for n, exercise in enumerate(exercises, start=1):
            assert exercise.heading.id == f"{topic}.{n}"


@EVERY
def test_the_solution_passes_and_the_stub_is_not_attempted(exercise):
    assert judge(exercise, exercise.reference).status == PASS
    assert judge(exercise, None).status == NOT_ATTEMPTED
    assert judge(exercise, lambda *arguments: None).status == NOT_ATTEMPTED


@pytest.mark.parametrize(
    ("exercise", "message"), KNOWN, ids=[f"{e.heading.id}-{m[:20]}" for e, m in KNOWN]
)
def test_each_known_mistake_gets_its_own_message(exercise, message):
    assert fails_with(exercise, mistaken(exercise, message)) == message


@EVERY
def test_exercises_are_well_made(exercise):
    assert len(exercise.wrong_values) == len(exercise.inputs)
    messages = list(exercise.wrong_values[0])
    assert len(messages) >= 2
    for wrong in exercise.wrong_values:
        assert list(wrong) == messages
    assert len(exercise.hints) >= 2
    assert exercise.heading.difficulty in ("●○○", "●●○", "●●●")
    assert 2 <= exercise.heading.minutes <= 15
    if exercise.heading.kind == "code":
        body = ast.parse(inspect.getsource(exercise.solution)).body[0].body
        assert body[-1].end_lineno - body[0].end_lineno <= 5, "a solution has at most five lines"
        assert len(exercise.inputs) >= 2


# ---------------------------------------------------------------------- what a student may hand in


@FUNCTIONS
def test_an_exception_is_reported_with_its_line(exercise):
    def divides(*arguments):
        return 1 / 0

    message = fails_with(exercise, divides)
    assert "ZeroDivisionError: division by zero" in message
    assert "«return 1 / 0»" in message


@FUNCTIONS
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, RecursionError, GeneratorExit])
def test_no_exception_escapes(exercise, error):
    def raises(*arguments):
        raise error

    assert re.search("interrupted|It raises", fails_with(exercise, raises))


@FUNCTIONS
@pytest.mark.parametrize(
    "value", ["word", {}, [[1.0], [1.0, 2.0]], 1j, object(), True], ids=lambda v: type(v).__name__
)
def test_a_wrong_type_is_named(exercise, value):
    message = fails_with(exercise, lambda *arguments: value)
    assert f" {type(value).__name__}; " in message
    assert "is asked for" in message


@FUNCTIONS
def test_a_wrong_shape_is_named_beside_the_right_one(exercise):
    wanted = np.shape(exercise.targets[0])
    message = fails_with(exercise, lambda *arguments: np.zeros((2, 3, 4)))
    assert "shape (2, 3, 4)" in message
    assert (f"shape {wanted}" if wanted else "a number is asked for") in message


@FUNCTIONS
def test_nan_is_named(exercise):
    def gives_nan(*arguments):
        return exercise.solution(*arguments) * np.array(np.nan)

    assert "NaN" in fails_with(exercise, gives_nan)


@FUNCTIONS
def test_generic_slips_are_recognised(exercise):
    def changed(factor, offset=0.0):
        return lambda *arguments: factor * np.asarray(exercise.solution(*arguments)) + offset

    assert "flipped" in fails_with(exercise, changed(-1.0))
    assert "constant factor: yours is 1.7 times" in fails_with(exercise, changed(1.7))
    assert re.search("it gives .* and should give", fails_with(exercise, changed(1.0, offset=0.1)))


@FUNCTIONS
def test_a_call_or_another_signature_is_explained(exercise):
    assert "without brackets" in fails_with(exercise, 3.0)
    assert "keep the first line" in fails_with(exercise, lambda: 3.0)


def test_a_branch_without_return_is_explained():
    def forgetful(g, layer):
        if layer == "hidden":
            return g.basal / (g.leak + g.basal + g.apical)

    assert "does every branch end in return" in fails_with(CATALOGUE["1.2"], forgetful)


def test_a_transposed_product_is_explained():
    def transposed(r_above, r_inter, w_down, w_pi):
        return w_down.T @ r_above

    shapes = "r_above (2,), r_inter (2,), w_down (5, 2), w_pi (5, 2)"
    message = fails_with(CATALOGUE["1.1"], transposed)
    assert f"shapes do not fit; it was called with {shapes}" in message


def test_missing_brackets_are_explained():
    message = fails_with(CATALOGUE["1.2"], lambda g, layer: g.basal / g.leak + g.basal)
    assert "lack its brackets" in message


def test_a_value_outside_a_domain_is_explained():
    message = fails_with(CATALOGUE["2.2"], lambda w_down: math.acos(2.0) * w_down)
    assert "outside a function's domain" in message


@pytest.mark.parametrize(
    "derivative", [np.gradient, lambda u, dt: np.append(np.diff(u), u[-1] - u[-2]) / dt]
)
def test_the_blind_exercise_forgives_another_derivative(derivative):
    def infer(dt, u, v_1, v_2):
        return np.linalg.lstsq(np.stack([-u, v_1 - u, v_2 - u], axis=1), derivative(u, dt))[0]

    assert judge(CATALOGUE["1.6"], infer).status == PASS


def test_what_is_right_is_said_too():
    message = fails_with(CATALOGUE["1.3"], lambda b, a, g: (g.basal * b + g.apical * a) / 1.9)
    assert "It is right for «default conductances»" in message


def test_arguments_are_copies():
    def destructive(u, v_basal, v_apical, g, sigma, dt, xi):
        u += dt * (g.basal * (v_basal - u) + g.apical * (v_apical - u) - g.leak * u)
        u += sigma * np.sqrt(dt) * xi
        return u

    def zeroing(v_basal, v_apical, g):
        result = (g.basal * v_basal + g.apical * v_apical) / (g.leak + g.basal + g.apical)
        v_basal[:] = 0
        v_apical[:] = 0
        return result

    assert judge(CATALOGUE["1.4"], destructive).status == PASS
    assert [judge(CATALOGUE["1.3"], zeroing).status for _ in range(2)] == [PASS, PASS]


@pytest.mark.parametrize("id", [id for id, e in CATALOGUE.items() if e.heading.kind == "think"])
def test_choices_are_judged_without_case_and_blanks(id):
    exercise = CATALOGUE[id]
    assert judge(exercise, f" {exercise.reference.upper()} ").status == PASS
    for bad in ("z", 3, [1], object()):
        assert fails_with(exercise, bad) == "Answer with one of 'a', 'b', 'c'."


@pytest.mark.parametrize("id", [id for id, e in CATALOGUE.items() if e.heading.kind == "explore"])
def test_values_are_judged_without_giving_them_away(id):
    exercise = CATALOGUE[id]
    target = exercise.reference
    assert judge(exercise, target * (1 + exercise.rtol / 2)).status == PASS
    assert "Too large" in fails_with(exercise, 1.45 * target)
    assert "Too small" in fails_with(exercise, 0.6 * target)
    assert f"{target:.2g}" not in fails_with(exercise, 1.45 * target)
    assert "a number is asked for" in fails_with(exercise, "much")
    assert "NaN" in fails_with(exercise, float("nan"))


# ------------------------------------------------------------------------------------ never-ending


def stubborn(*arguments):
    while True:
        try:
            sum(range(100))
        except BaseException:  # swallows the first alarms
            sum(range(100))


def endless(*arguments):
    while True:
        pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarms")
@pytest.mark.parametrize("answer", [endless, stubborn])
def test_a_loop_that_never_ends_is_stopped(answer, monkeypatch, desk, capsys):
    monkeypatch.setattr(running, "LIMIT", 0.2)
    handler = signal.getsignal(signal.SIGALRM)
    desk.check("1.1", answer)
    assert "had not returned after 0.2 s (5 cells below 2)" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_where_there_are_no_alarms_this_is_said(desk, capsys):
    thread = threading.Thread(target=desk.check, args=("1.1", CATALOGUE["1.1"].solution))
    thread.start()
    thread.join()
    assert re.match(r"\(No time limit.*\)\n✓ 1.1 pass\n", capsys.readouterr().out)


# ----------------------------------------------------------------------------- the student's calls


def test_check_prints_one_line_a_status(desk, capsys):
    desk.check("2.2", None)
    assert capsys.readouterr().out == "○ 2.2 not attempted\n"
    desk.check("2.2", lambda w_down: -w_down)
    assert capsys.readouterr().out == "✓ 2.2 pass\n"
    desk.check("2.2", lambda w_down: w_down)
    assert capsys.readouterr().out.startswith("✗ 2.2 not yet: The sign is flipped")


def test_hints_come_one_a_call(desk, capsys):
    hints = CATALOGUE["2.1"].hints
    for _ in range(len(hints) + 1):
        desk.hint("2.1")
    out = capsys.readouterr().out
    for n in range(len(hints)):
        assert out.count(f"Hint {n + 1} of {len(hints)}") == 1
    assert 'solution("2.1") shows the reference' in out


@EVERY
def test_solution_shows_the_source_of_what_is_tested(exercise, desk, capsys):
    desk.solution(exercise.heading.id)
    assert capsys.readouterr().out.strip() == inspect.getsource(exercise.solution).strip()


@EVERY
def test_use_goes_on_with_the_reference_after_a_notice(exercise, desk, capsys):
    right = exercise.reference
    assert desk.use(exercise.heading.id, right) is right
    assert not capsys.readouterr().out
    assert desk.use(exercise.heading.id, first_mistake(exercise)) is exercise.reference
    assert "REFERENCE" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["check", "hint", "solution", "use"])
@pytest.mark.parametrize(("id", "near"), [("1.7", "1."), ("apical", ""), (None, ""), (2.9, "2.")])
def test_an_unknown_exercise_names_the_nearest(name, id, near, desk, capsys):
    function = getattr(desk, name)
    result = function(id, 5) if name in ("check", "use") else function(id)
    assert result == (5 if name == "use" else None)
    expected = rf"No exercise is called .*; the nearest are ({re.escape(near)}.*)\.\n"
    assert re.fullmatch(expected, capsys.readouterr().out)


def test_begin_refuses_what_would_silently_be_true(desk):
    with pytest.raises(ValueError, match="instructor is 'false'"):
        desk.begin(1, "false")
    with pytest.raises(ValueError, match="topic is 9"):
        desk.begin(9)


@pytest.mark.parametrize("exercise", [e for e in CODE if e.curve], ids=lambda e: e.heading.id)
def test_the_students_curve_is_drawn_beside_the_reference(exercise):
    reference = exercise.curve.y(exercise.solution, exercise.curve.x)
    for answer in (exercise.solution, first_mistake(exercise)):
        figure = draw_comparison(exercise, answer)
        target, yours = figure.axes[0].lines
        np.testing.assert_allclose(target.get_ydata(), reference)
        np.testing.assert_allclose(yours.get_ydata(), exercise.curve.y(answer, exercise.curve.x))
        plt.close(figure)
    assert draw_comparison(exercise, lambda *arguments: "word") is None


def test_a_check_leaves_the_students_own_figures_alone(desk):
    own = plt.figure()
    for answer in (CATALOGUE["1.3"].solution, lambda *arguments: "word", None):
        desk.check("1.3", answer)
    desk.check("1.1", CATALOGUE["1.1"].solution)  # it has no curve
    assert plt.get_fignums() == [own.number]
    plt.close(own)


@pytest.mark.parametrize("exercise", [e for e in CODE if e.curve], ids=lambda e: e.heading.id)
def test_some_mistake_shows_in_every_curve(exercise):
    right = exercise.curve.y(exercise.solution, exercise.curve.x)
    differs = []
    for message in exercise.wrong_values[0]:
        figure = draw_comparison(exercise, mistaken(exercise, message))
        if figure:
            yours = figure.axes[0].lines[1].get_ydata()
            differs.append(not np.allclose(yours, right, rtol=0.02))
    plt.close("all")
    assert any(differs)


# ----------------------------------------------------------------------------------- the notebooks


def read(path):
    return json.loads(path.read_text("utf-8"))["cells"]


def printed(cells) -> str:
    text = []
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stdout":
                text += output["text"]
    return "".join(text)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Cells of every notebook after a run, by (stem, instructor); two papermills at a time."""
    folder = tmp_path_factory.mktemp("exercises")

    def run(case):
        path, instructor = case
        target = folder / f"{path.stem}_{instructor}.ipynb"
        options = f"--no-progress-bar --log-level ERROR -p instructor {instructor}".split()
        command = [sys.executable, "-m", "papermill", *options, "--cwd", str(FOLDER)]
        command += [str(path), str(target)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return read(target)

    cases = [(path, instructor) for path in NOTEBOOKS for instructor in (False, True)]
    names = [(path.stem, instructor) for path, instructor in cases]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(run, cases), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_unsolved_and_solved(path, runs):
    ids = [exercise.heading.id for exercise in TOPICS[int(path.stem[0])]]
    unsolved = printed(runs[path.stem, False])
    assert re.findall(r"^○ (\S+) not attempted$", unsolved, re.M) == ids
    assert not re.findall("[✓✗]", unsolved)
    solved = printed(runs[path.stem, True])
    assert re.findall(r"^✓ (\S+) pass$", solved, re.M) == ids
    assert not re.findall("[○✗] ", "\n".join(solved.splitlines()[len(ids) + 1 :]))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_exercise_notebook_hygiene(path):
    cells = read(path)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    text = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    exercises = TOPICS[int(path.stem[0])]
    for exercise in exercises:
        assert (
            f"## {exercise.heading.id} {exercise.heading.title}\n\n*{exercise.heading.label}*\n"
            in text
        )
    time = f"**Time:** {sum(exercise.heading.minutes for exercise in exercises)} minutes"
    for part in ("**Paper:**", "**Equations:**", time, "How it works"):
        assert part in text, part
    for part in ("What to take along", "References"):
        assert part in text, part
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"
        if "plt.show()" in "".join(cell["source"]):
            assert any("image/png" in output.get("data", {}) for output in cell["outputs"])
    assert sum(bool(line.strip()) for line in code[0]["source"]) <= 8
    lengths = sorted(len(cell["source"]) for cell in code)
    assert lengths[-1] <= 25
    assert lengths[len(lengths) // 2] <= 8
    assert code[1]["metadata"]["tags"] == ["parameters"]
    for cell in code:
        if re.search(r"^(check|begin)\(", "".join(cell["source"]), re.M):
            assert cell["metadata"].get("tags") == ["nbval-check-output"]
    assert path.stat().st_size < 1_000_000


def test_the_class_plan_fits_two_hours_and_names_real_exercises():
    plan = (FOLDER / "TEACHING.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+):(\d+) \| (\d+) \|(.*)\|$", plan, re.M)
    clock = [60 * int(h) + int(m) for h, m, *_ in rows]
    lasts = [int(minutes) for _, _, minutes, _ in rows]
    assert [start + last for start, last in zip(clock, lasts, strict=True)] == [*clock[1:], 120]
    for (*_, what), last in zip(rows, lasts, strict=True):
        planned = re.findall(r"\b[1-4]\.[1-9]\b", what.partition("Early")[0])
        assert sum(CATALOGUE[id].heading.minutes for id in planned) <= last
    total = sum(exercise.heading.minutes for exercise in CATALOGUE.values())
    assert f"{len(CATALOGUE)} exercises, {total} minutes in all" in plan
    assert set(re.findall(r"\b([1-4]\.\d)\b", plan)) <= set(CATALOGUE)
