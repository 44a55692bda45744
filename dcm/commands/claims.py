"""``dcm claims``: the paper's values beside ours, each computed from the files in ``results/``."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcm.commands.plan import EXPERIMENTS, variants
from dcm.lab import paths
from dcm.lab.run import Variant
from dcm.lab.store import REMEDY, ResultError
from dcm.lab.verdict import Claim, spread
from dcm.model import files

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
    used = ["/".join(result.path.parts[-3:]) for seeds in results for result in seeds]
    about = (claim.id, claim.claim, claim.paper, claim.quantity, claim.criterion)
    missing = [v.name for v, seeds in zip(claim.needs, results, strict=False) if not seeds]
    if missing:
        words = f"missing: {', '.join(missing)}"
        return Row(*about, None, None, None, 0, "not run", words, tuple(used))
    judged = claim.judge(*results)
    numbers = [float(summary(judged.values)) for summary in (np.median, np.min, np.max)]
    verdict = "differs" if judged.partly else "not reproduced"
    if judged.holds:
        verdict = "reproduced"
    return Row(*about, *numbers, len(judged.values), verdict, judged.detail, tuple(used))


def cost() -> str:
    """How long all planned runs that are there took, in words."""
    found = [result for variant in variants() for result in variant.results()]
    seconds = 0.0
    for result in found:
        if "cpu_s" not in result.about:
            raise ResultError(f"{result.path} does not say how long it took; {REMEDY}")
        seconds += result.about["cpu_s"]
    return f"{len(found)} result files, {seconds / 3600:.1f} core-hours in all."


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
    wanted = {paths.repository() / "figures" / "claims.md": page.encode()}
    readme = paths.repository() / "README.md"
    if readme.exists():
        wanted[readme] = with_table(readme, page)
    changed = []
    for path, new in wanted.items():
        files.tidy(path.parent)
        with suppress(OSError):  # none yet, or one that cannot be read and so not be trusted
            if path.read_bytes() == new:
                continue
        files.write(path, new)
        changed.append(path)
    return changed


def with_table(readme: Path, page: str) -> bytes:
    """The README with ``page`` between its two markers; ``ResultError`` if it lacks them."""
    try:
        old = readme.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        remedy = "restore it from git"
        raise ResultError(f"{readme} cannot be read as UTF-8 text ({error}); {remedy}") from error
    before, *between = old.split(START)
    if len(between) != 1 or between[0].count(END) != 1:
        remedy = f"put {START} and {END} back around the table, once each"
        raise ResultError(f"{readme} has no place for the table of claims; {remedy}")
    after = between[0].partition(END)[2]
    block = f"{START}\n{page}{END}"
    if "\r\n" in old:  # as git checks it out on Windows
        block = block.replace("\n", "\r\n")
    return f"{before}{block}{after}".encode()
