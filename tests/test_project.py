"""The repository keeps its own promises: floors, notebook hygiene, agreeing dependency lists, sizes."""

import ast
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FLOORS = [
    {"checks", "transfer", "conductances", "circuit", "state"},
    {"plasticity", "backprop"},
    {"equilibrium", "two_pass", "learning", "dynamics", "kernels"},
    {"experiments", "datasets", "runs", "results", "scheduler"},
    {
        "plotting",
        "explore",
        "exercises",
        "notebooks",
        "paper_scale",
        "claims",
        "bench",
        "console",
        "cli",
        "__main__",
    },
]


def room(path: Path) -> str:
    return path.relative_to(ROOT / "dcm").parts[0].removesuffix(".py")


def floor(name: str) -> int:
    return next(i for i, rooms in enumerate(FLOORS) if name in rooms)


def test_imports_point_down_only():
    for path in (ROOT / "dcm").rglob("*.py"):
        if path.parent.name == "dcm" and path.name == "__init__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.split(".")[0] == "dcm"
            ):
                inner = node.module.split(".")[1:]
                names = inner[:1] or [alias.name for alias in node.names]
            for name in names:
                assert floor(name) <= floor(room(path)), f"{path.name} reaches up to {name}"


def test_modules_are_small_and_public_functions_documented():
    for path in (ROOT / "dcm").rglob("*.py"):
        text = path.read_text()
        assert text.count("\n") <= 210, f"{path} has {text.count(chr(10))} lines"
        tree = ast.parse(text)
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_hygiene(path):
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [
        o
        for cell in code
        for o in cell["outputs"]
        if o["output_type"] == "error" or o.get("name") == "stderr"
    ]
    lengths = sorted(len(cell["source"]) for cell in code)
    assert lengths[-1] <= 25
    assert lengths[len(lengths) // 2] <= 8
    assert [c["metadata"].get("tags") for c in code].count(["parameters"]) == 1
    assert path.stat().st_size < 1_000_000
    assert any("nbval-check-output" in c["metadata"].get("tags", ()) for c in code)
    text = "".join(line for cell in cells for line in cell["source"])
    for heading in (
        "Predict before you run",
        "checked by hand",
        "Try it",
        "What differs from the paper",
        "References",
    ):
        assert heading in text, heading


def packages(requirements):
    return {
        re.match(r"[\w-]+", r)[0].replace("matplotlib-base", "matplotlib"): r.partition(">=")[2]
        for r in requirements
    }


def test_dependency_lists_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = packages(d for d in conda if isinstance(d, str) and d != "pip")
    assert conda.pop("python") == project["requires-python"].removeprefix(">=")
    assert conda == packages(project["dependencies"] + extras["test"])
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {name for name, _ in re.findall(r"^([\w.-]+)==(\S+)", lock, re.M)}
    assert (
        set(packages(project["dependencies"] + extras["test"] + extras["dev"] + extras["browser"]))
        <= pinned
    )
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock


def test_readme_table_names_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    readme = (ROOT / "README.md").read_text()
    for name in packages(
        project["dependencies"]
        + [r for extra in project["optional-dependencies"].values() for r in extra]
    ):
        assert f"| {name} |" in readme, name


def test_readme_examples_run_as_printed(capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert len(blocks) >= 2
    scope = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), scope)
    assert capsys.readouterr().out.strip()
