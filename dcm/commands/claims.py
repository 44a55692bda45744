"""``dcm claims``: the paper's values beside ours, each computed from the files in ``results/``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dcm.commands.plan import EXPERIMENTS
from dcm.lab import paths
from dcm.lab.run import Variant
from dcm.lab.store import Result, read
from dcm.lab.verdict import Claim, Verdict, spread

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


def table(
    results_of: Callable[[Variant], list[Result]] = Variant.results, only: tuple[str, ...] = ()
) -> list[Row]:
    """Every row, or those with an id in ``only``, computed now.

    ``results_of`` gives the results of a variant; ``ResultError`` if a file must not be used.
    """
    return [row(claim, results_of) for claim in CLAIMS if not only or claim.id in only]


def row(claim: Claim, results_of: Callable[[Variant], list[Result]] = Variant.results) -> Row:
    """One row; a claim whose runs are missing says so."""
    needed = [results_of(variant) for variant in claim.needs]
    optional = [results_of(variant) for variant in claim.also]
    files = [_name(result) for results in (*needed, *optional) for result in results]
    about = (claim.id, claim.claim, claim.paper, claim.quantity, claim.criterion)
    pairs = zip(claim.needs, needed, strict=True)
    missing = [variant.name for variant, results in pairs if not results]
    if missing:
        words = f"missing: {', '.join(missing)}"
        return Row(*about, None, None, None, 0, "not run", words, tuple(files))
    verdict = claim.judge(*needed, *optional)
    numbers = [float(summary(verdict.values)) for summary in (np.median, np.min, np.max)]
    n_seeds = len(verdict.values)
    return Row(*about, *numbers, n_seeds, in_a_word(verdict), verdict.detail, tuple(files))


def in_a_word(verdict: Verdict) -> str:
    """«reproduced», «differs» or «not reproduced»."""
    if verdict.holds:
        return "reproduced"
    return "differs" if verdict.partly else "not reproduced"


def _name(result: Result) -> str:
    return f"results/{result.path.parent.name}/{result.path.name}"


def cost() -> str:
    """How long all result files together took, in words."""
    files = sorted(paths.results().glob("*/*-seed*.npz"))
    hours = sum(read(path).about["cpu_s"] for path in files) / 3600
    return f"{len(files)} result files, {hours:.1f} core-hours in all."


def headline(rows: list[Row]) -> str:
    """How many claims reproduced."""
    n = dict.fromkeys(("reproduced", "differs", "not reproduced", "not run"), 0)
    for r in rows:
        n[r.verdict] += 1
    words = f"{n.pop('reproduced')} of {len(rows)} claims reproduced"
    for said, number in n.items():
        verb = "differ" if said == "differs" and number > 1 else said
        words += f", {number} {verb}" if number else ""
    return words


def markdown(rows: list[Row]) -> str:
    """The table as a page: one line per claim, the other numbers below."""
    lines = [
        f"## {headline(rows)}",
        "",
        "| id | claim | paper | measured: median (range) | seeds | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for r in rows:
        measured = f"{r.quantity}: {number(r)}"
        lines.append(f"| {r.id} | {r.claim} | {r.paper} | {measured} | {r.seeds} | {r.verdict} |")
    lines += ["", "When each counts as reproduced, and the numbers beside the leading one:", ""]
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


def as_json(rows: list[Row]) -> list[dict]:
    """Rows as dictionaries, for ``--json``."""
    return [asdict(row) for row in rows]


def publish(rows: list[Row]) -> list[Path]:
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
