"""The repository keeps its promises: floors, notebook hygiene, agreeing dependency lists, sizes."""

import ast
import json
import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# The rooms of the house by floor, from the ground up. Rooms of one floor do not know each other.
FLOORS = [
    {"model"},
    {"settle"},
    {"kernels", "lab"},
    {"experiments"},
    {"exercises", "commands"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def module_name(path: Path) -> str:
    """``dcm.model.circuit`` of its file; a package has the name of its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((ROOT / "dcm").rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def imported(name: str) -> set[str]:
    """The modules of ``dcm`` that a module imports, at its top or within functions."""
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            found.update(source(node.module, alias.name) for alias in node.names)
    return {module for module in found if module in MODULES}


def source(module: str, name: str) -> str:
    """Where ``from module import name`` finds the name: a module, for a public name its own."""
    if f"{module}.{name}" in MODULES:
        return f"{module}.{name}"
    if module == "dcm":
        for node in TREES["dcm"].body:
            if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
                return node.module
    return module


def room(name: str) -> str:
    return name.split(".")[1]


def test_every_module_lives_in_a_room():
    rooms = {room(name) for name in MODULES if name not in ("dcm", "dcm.__main__")}
    assert rooms == set(FLOOR)


def test_imports_point_down_only():
    for name in MODULES:
        if name in ("dcm", "dcm.__main__"):
            continue
        for other in imported(name):
            same_room = room(other) == room(name)
            assert same_room or FLOOR[room(other)] < FLOOR[room(name)], f"{name} imports {other}"


def test_the_public_names_come_from_the_ground_floors():
    first = {"dcm.lab.interrupt", "dcm.lab.lacking"}  # for Ctrl-C and a missing package meanwhile
    others = imported("dcm") - first
    assert {room(other) for other in others} == {"model", "settle"}


def test_no_module_imports_itself_in_a_circle():
    """Nor do two folders of experiments: each is a module of this graph, by its ``__init__``."""
    graph = {name: imported(name) - {name} for name in MODULES}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError with the circle
    assert set(MODULES) <= set(order)


def test_no_two_folders_of_experiments_import_each_other():
    graph = {}
    for name in MODULES:
        folder = folder_of_experiment(name)
        if folder:
            others = {folder_of_experiment(other) for other in imported(name)}
            graph.setdefault(folder, set()).update(others - {folder, None})
    assert len(graph) >= 7
    TopologicalSorter(graph).prepare()


def folder_of_experiment(name: str) -> str | None:
    """``mnist`` of ``dcm.experiments.mnist.runs``; None of what lies outside such folders."""
    parts = name.split(".")
    is_inside = parts[:2] == ["dcm", "experiments"] and len(parts) > 2
    if not is_inside or MODULES[".".join(parts[:3])].name != "__init__.py":
        return None
    return parts[2]


def test_text_is_read_and_written_in_utf_8():
    """Ruff sees only ``open``; how a system reads text by itself differs (Windows: code pages)."""
    for folder in ("dcm", "tools", "tests", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                position = {"read_text": 0, "write_text": 1}.get(node.func.attr)
                if position is None or "encoding" in [word.arg for word in node.keywords]:
                    continue
                assert len(node.args) > position, f"{path}, line {node.lineno}: no encoding"


def test_modules_and_functions_are_small():
    for name, path in MODULES.items():
        lines = path.read_text("utf-8").count("\n")
        assert lines <= 300, f"{name} has {lines} lines"
        for node in ast.walk(TREES[name]):
            if isinstance(node, ast.FunctionDef):
                length = own_lines(node)
                assert length <= 50, f"{name}: {node.name} has {length} lines"


def own_lines(function: ast.FunctionDef) -> int:
    """Lines of a function's body, without its docstring and the functions that it holds."""
    length = 0
    for statement in function.body[1 if ast.get_docstring(function) else 0 :]:
        if not isinstance(statement, ast.FunctionDef):
            length += statement.end_lineno - statement.lineno + 1
    return length


def test_what_is_public_is_documented():
    for name, tree in TREES.items():
        assert ast.get_docstring(tree), name
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
                continue
            assert ast.get_docstring(node), f"{name}: {node.name}"
            for inner in node.body if isinstance(node, ast.ClassDef) else []:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    assert ast.get_docstring(inner), f"{name}: {node.name}.{inner.name}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_hygiene(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"
    lengths = sorted(len(cell["source"]) for cell in code)
    assert lengths[-1] <= 25
    assert lengths[len(lengths) // 2] <= 8
    tags = [cell["metadata"].get("tags", []) for cell in code]
    assert tags.count(["parameters"]) == 1
    assert any("nbval-check-output" in each for each in tags)
    assert path.stat().st_size < 1_000_000
    text = "".join(line for cell in cells for line in cell["source"])
    for heading in (
        "Predict before you run",
        "checked by hand",
        "Try it",
        "What differs from the paper",
        "References",
    ):
        assert heading in text, heading


def packages(requirements) -> dict[str, str]:
    """Lowest versions by package; conda calls Matplotlib without its Qt window matplotlib-base."""
    lowest = {}
    for requirement in requirements:
        name, version = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()
        lowest["matplotlib" if name == "matplotlib-base" else name] = version
    return lowest


def test_dependency_lists_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    conda = packages(d for d in conda if isinstance(d, str) and d != "pip")
    assert conda.pop("python") == project["requires-python"].removeprefix(">=")
    assert conda == packages(project["dependencies"] + extras["test"])
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = {name for name, _ in re.findall(r"^([\w.-]+)==(\S+)", lock, re.M)}
    locked = project["dependencies"] + extras["test"] + extras["dev"] + extras["browser"]
    assert set(packages(locked)) <= pinned
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock


def test_readme_table_names_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    readme = (ROOT / "README.md").read_text("utf-8")
    requirements = project["dependencies"]
    for extra in project["optional-dependencies"].values():
        requirements += extra
    for name in packages(requirements):
        assert f"| {name} |" in readme, name


def test_readme_examples_run_as_printed(capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert len(blocks) >= 2
    scope = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), scope)
    assert capsys.readouterr().out.strip()


def test_every_promise_has_a_test_and_every_fault_test_a_promise():
    named = re.findall(
        r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/promises.md").read_text("utf-8")
    )
    assert len(named) > 40
    tests = set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                tests.add((path.relative_to(ROOT).as_posix(), node.name))
    assert set(named) <= tests, sorted(set(named) - tests)
    kinds = set()
    for path in sorted((ROOT / "tests/faults").glob("test_*.py")):
        for test in ast.parse(path.read_text("utf-8")).body:
            if isinstance(test, ast.FunctionDef) and "tally" in ast.unparse(test.args):
                kinds.add((path.relative_to(ROOT).as_posix(), test.name))
                if test.name.startswith("test_"):
                    assert ast.unparse(test.body[-1]) == "assert not tally.problems", test.name
    missing = (kinds & tests) - set(named)
    assert not missing, sorted(missing)
