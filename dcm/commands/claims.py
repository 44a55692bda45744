"""``dcm claims``: the paper's values beside ours, each computed from the files in ``results/``."""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from dcm.commands.plan import EXPERIMENTS
from dcm.lab import paths
from dcm.lab.run import Variant
from dcm.lab.store import read
from dcm.lab.verdict import Claim, spread

CLAIMS = [claim for experiment in EXPERIMENTS.values() for claim in experiment.CLAIMS]
START, END = "<!-- claims: written by dcm claims -->", "<!-- end of claims -->"


@dataclass(frozen=True)
class Row:
    """A claim and what was measured: median, range, seeds, verdict, and the files it comes from."""

    id: str
    claim: str
    paper: str
    quantity: str
    criterion: str
    measured: float | None
    low: float | None
    high: float | None
    seeds: int
    verdict: str
    detail: str
    results: tuple[str, ...]


def table(results_of=Variant.results, only=()) -> list[Row]:
    """Every row, or those with an id in ``only``; ``results_of`` gives a variant's results."""
    return [row(claim, results_of) for claim in CLAIMS if not only or claim.id in only]


def row(claim: Claim, results_of) -> Row:
    """One row; a claim whose runs are missing says so."""
    results = [results_of(variant) for variant in (*claim.needs, *claim.also)]
    files = ["/".join(result.path.parts[-3:]) for seeds in results for result in seeds]
    about = (claim.id, claim.claim, claim.paper, claim.quantity, claim.criterion)
    missing = [v.name for v, seeds in zip(claim.needs, results, strict=False) if not seeds]
    if missing:
        words = f"missing: {', '.join(missing)}"
        return Row(*about, None, None, None, 0, "not run", words, tuple(files))
    judged = claim.judge(*results)
    numbers = [float(summary(judged.values)) for summary in (np.median, np.min, np.max)]
    verdict = "differs" if judged.partly else "not reproduced"
    if judged.holds:
        verdict = "reproduced"
    return Row(*about, *numbers, len(judged.values), verdict, judged.detail, tuple(files))


def cost() -> str:
    """How long all result files together took, in words."""
    files = sorted(paths.results().glob("*/*-seed*.npz"))
    hours = sum(read(path).about["cpu_s"] for path in files) / 3600
    return f"{len(files)} result files, {hours:.1f} core-hours in all."


def headline(rows: list[Row]) -> str:
    """How many claims reproduced."""
    n = Counter(row.verdict for row in rows)
    words = f"{n['reproduced']} of {len(rows)} claims reproduced"
    for verdict in ("differs", "not reproduced", "not run"):
        verb = "differ" if verdict == "differs" and n[verdict] > 1 else verdict
        words += f", {n[verdict]} {verb}" if n[verdict] else ""
    return words


def markdown(rows: list[Row]) -> str:
    """The table as a page: one line per claim, the other numbers below."""
    lines = [
        f"## {headline(rows)}\n",
        "| id | claim | paper | measured: median (range) | seeds | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for r in rows:
        measured = f"{r.quantity}: {number(r)}"
        lines.append(f"| {r.id} | {r.claim} | {r.paper} | {measured} | {r.seeds} | {r.verdict} |")
    lines.append("\nWhen each counts as reproduced, and the numbers beside the leading one:\n")
    lines += [f"- **{r.id}** *{r.criterion}* {r.detail}" for r in rows]
    return "\n".join(lines) + "\n"


def text(rows: list[Row]) -> str:
    """The table for a terminal."""
    indent = " " * 22
    lines = [headline(rows), ""]
    for r in rows:
        seeds = "1 seed" if r.seeds == 1 else f"{r.seeds} seeds"
        lines.append(f"{r.id:6s} {r.verdict:15s} {r.claim}")
        lines.append(f"{indent} paper: {r.paper}")
        lines.append(f"{indent} ours:  {r.quantity}: {number(r)}, {seeds}")
        lines.append(f"{indent} {r.detail}")
    return "\n".join(lines)


def number(row: Row) -> str:
    """«median (low to high)», or a dash."""
    return "—" if row.measured is None else spread([row.low, row.measured, row.high])


def publish(rows: list[Row]) -> list:
    """Write ``figures/claims.md`` and the README's block; returns the files that changed."""
    page = f"{markdown(rows)}\n{cost()}\n"
    wanted = {paths.repository() / "figures" / "claims.md": page}
    readme = paths.repository() / "README.md"
    if readme.is_file():
        block = f"{START}\n{page}{END}"
        old = readme.read_text("utf-8")
        wanted[readme] = re.sub(f"{START}.*?{END}", lambda _: block, old, flags=re.DOTALL)
    changed = []
    for path, new in wanted.items():
        if not path.is_file() or path.read_text("utf-8") != new:
            path.parent.mkdir(exist_ok=True)
            path.write_text(new, "utf-8")
            changed.append(path)
    return changed
