"""The table of claims: the paper's value beside ours, every row computed from the files in ``results/``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dcm.commands.plan import FACTORS, MIXINGS, STRENGTHS, load
from dcm.experiments.backprop_approximation import claims as theory
from dcm.experiments.mnist import claims as digits
from dcm.experiments.teacher_regression import claims as small_circuits
from dcm.lab.paths import repository
from dcm.lab.store import Result
from dcm.lab.store import read as read_file
from dcm.lab.verdict import Verdict, spread


@dataclass(frozen=True)
class Claim:
    """One row: what the paper says, the number that stands for it, and how it is computed from which results.

    The first paragraph of the judge's docstring, after the claim's id, is the criterion that the table shows.
    """

    id: str
    claim: str
    paper: str
    quantity: str
    judge: Callable[..., Verdict]
    needs: tuple[str, ...]  # result names, in the order of the judge's arguments
    also: tuple[str, ...] = ()  # likewise, may be missing


@dataclass(frozen=True)
class Row:
    """A claim and what was measured: median, range and number of seeds, verdict, and the files it comes from."""

    id: str
    claim: str
    paper: str
    quantity: str
    measured: float | None
    low: float | None
    high: float | None
    seeds: int
    verdict: str
    detail: str
    results: tuple[str, ...]
    criterion: str = ""


T = "teacher_regression/"
CLAIMS = (
    Claim("S1a", "Lateral plasticity alone finds the self-predicting state (S1, 1C)", "v_A → 0, u_I → u_P",
          "fall of the apical potential, fold", small_circuits.self_prediction, ("self_predicting_state/lateral",)),
    Claim("F1b", "A new target opens an apical error; learning closes it (1B)", "trace",
          "apical error left after 400 presentations, %", small_circuits.association,
          ("error_in_the_dendrite/association",)),
    Claim("F2c", "The circuit beats the shallow learner after 10⁷ trials (2C)", "well below the shallow curve",
          "shallow over full squared error", small_circuits.beats_shallow, (f"{T}full", f"{T}shallow")),
    Claim("F2s", "The self-predicting state emerges during regression (S1)", "weights approach it",
          "relative distance of lateral weights, larger of both", small_circuits.emergence, (f"{T}full",)),
    Claim("F2a", "Up weights align with the fixed top-down weights (S1)", "about 45°",
          "angle between W_21ᵀ and W_12 after 10⁷ patterns, degrees", small_circuits.alignment, (f"{T}full",),
          (f"{T}weak-feedback", f"{T}small-start", f"{T}long", f"{T}continuous",
           *(f"{T}rates-x{f:g}" for f in FACTORS))),
    Claim("F2n a", "Works with weak and strong feedback (2)", "—",
          "error left after 5·10⁶ patterns, worst strength, %", small_circuits.strengths,
          tuple(f"{T}feedback-{g:g}" for g in STRENGTHS)),
    Claim("F2n b", "Works with injected noise (2)", "—",
          "change of the error in 2·10⁵ patterns, worst of σ = 0, .3, .6, %", small_circuits.noise,
          (f"{T}noise-0", f"{T}continuous", f"{T}noise-0.6")),
    Claim("F2r", "Not highly sensitive to learning rates (2)", "—",
          "error left after 5·10⁶ patterns, worst but for doubled rates, %", small_circuits.rates,
          (*(f"{T}rates-x{f:g}" for f in FACTORS), f"{T}inter-rate-x0.5", f"{T}inter-rate-x2")),
    Claim("F2t", "Continuous time learns as the steady state does", "—",
          "largest difference of the error curves, %", small_circuits.transients, (f"{T}continuous", f"{T}full"),
          (f"{T}noise-0",)),
    Claim("F3a", "784-500-500-10 test error (3B)", "1.96 %", "test error, %",
          digits.test_error(1.96, 0.15), ("mnist/microcircuit",)),
    Claim("F3b", "The same net with backprop (3B)", "1.53 %", "test error, %",
          digits.test_error(1.53, 0.15), ("mnist/backprop",)),
    Claim("F3c", "«Single-layer», «shallow learner» (3B)", "8.4 %", "test error of the one nearer to 8.4, %",
          digits.shallow_digits, ("mnist/single-layer", "mnist/frozen-hidden")),
    Claim("F3d", "Hidden-to-hidden weights frozen (3.4)", "2.11 %", "test error, %",
          digits.test_error(2.11, 0.2), ("mnist/hidden-to-hidden-frozen",)),
    Claim("F3e", "784-1000-10, everything plastic (3.4)", "2.48 %", "test error, %",
          digits.test_error(2.48, 0.25), ("mnist/all-plastic",)),
    Claim("F3g", "Larger feedback and nudging do not appreciably hurt (3.4)", "—",
          "rise of the test error from λ = .1, worst λ, points", digits.mixing,
          tuple(f"mnist/mixing-{m:g}" for m in MIXINGS)),
    Claim("F3s", "Apical dendrites stay silent without nudging (3.4)", "approximately silent",
          "un-nudged ‖v_A‖ over its top-down drive, worst epoch, %", digits.silence, ("mnist/microcircuit",)),
    Claim("T1", "Potentials and updates carry the backpropagated error (3.1)", "order λ^(N-k+1)",
          "largest gap between fitted and predicted order", theory.orders, ("backprop_approximation/angles",)),
    Claim("T2", "Updates equal backprop's as λ → 0 (3.1)", "angle → 0",
          "hidden-layer angle at λ = .01, degrees", theory.angles("transposed"), ("backprop_approximation/angles",)),
    Claim("T3", "Random top-down: feedback alignment's (3.1)", "angle → 0",
          "hidden-layer angle at λ = .01, degrees", theory.angles("random"), ("backprop_approximation/angles",)),
    Claim("T4", "Two passes approximate the relaxation as g_A → 0 (3.4)", "deviation → 0",
          "relative deviation of the update at λ = .01, %", theory.two_passes, ("backprop_approximation/angles",)),
)  # fmt: skip


def table(read: Callable[[str], list[Saved]] = load, only: tuple[str, ...] = ()) -> list[Row]:
    """Every row, or those with an id in ``only``, computed now.

    ``read`` gives the results of a name; ``ResultError`` if a file must not be used.
    """
    chosen = [claim for claim in CLAIMS if not only or claim.id in only]
    return [
        judged(claim, {name: read(name) for name in (*claim.needs, *claim.also)})
        for claim in chosen
    ]


def judged(claim: Claim, results: dict[str, list[Saved]]) -> Row:
    """One row; a claim whose runs are missing says so."""
    about = (claim.id, claim.claim, claim.paper, claim.quantity)
    files = [
        f"results/{s.path.parent.name}/{s.path.name}" for saved in results.values() for s in saved
    ]
    if missing := [name for name in claim.needs if not results[name]]:
        words = f"missing: {', '.join(missing)}"
        return Row(*about, None, None, None, 0, "not run", words, tuple(files), criterion(claim))
    verdict = claim.judge(*(results[name] for name in (*claim.needs, *claim.also)))
    said = "reproduced" if verdict.holds else "differs" if verdict.partly else "not reproduced"
    numbers = (float(f(verdict.values)) for f in (np.median, np.min, np.max))
    return Row(
        *about, *numbers, len(verdict.values), said, verdict.detail, tuple(files), criterion(claim)
    )


def criterion(claim: Claim) -> str:
    """When the claim counts as reproduced, in words."""
    return " ".join(claim.judge.__doc__.partition("\n\n")[0].partition(": ")[2].split())


def cost() -> str:
    """What all result files together took, in words."""
    paths = sorted((repository() / "results").glob("*/*-seed*.npz"))
    hours = sum(read_file(path).about["cpu_s"] for path in paths) / 3600
    return f"{len(paths)} result files, {hours:.1f} core-hours in all."


def headline(rows: list[Row]) -> str:
    """How many claims reproduced."""
    count = {
        said: sum(row.verdict == said for row in rows)
        for said in ("differs", "not reproduced", "not run")
    }
    words = {"differs": "differs" if count["differs"] == 1 else "differ"}
    rest = "".join(f", {n} {words.get(said, said)}" for said, n in count.items() if n)
    return f"{len(rows) - sum(count.values())} of {len(rows)} claims reproduced{rest}"


def markdown(rows: list[Row]) -> str:
    """The table as a page: one line a claim, the other numbers below."""
    lines = [
        f"## {headline(rows)}",
        "",
        "| id | claim | paper | measured: median (range) | seeds | verdict |",
    ]
    lines += ["|---|---|---|---|---|---|"]
    lines += [
        f"| {r.id} | {r.claim} | {r.paper} | {r.quantity}: {number(r)} | {r.seeds} | {r.verdict} |"
        for r in rows
    ]
    lines += ["", "When each counts as reproduced, and the numbers beside the leading one:", ""]
    lines += [f"- **{r.id}** *{r.criterion}* {r.detail}" for r in rows]
    return "\n".join(lines) + "\n"


def text(rows: list[Row]) -> str:
    """The table for a terminal."""
    lines = [headline(rows), ""]
    for r in rows:
        seeds = "1 seed" if r.seeds == 1 else f"{r.seeds} seeds"
        lines += [f"{r.id:6s} {r.verdict:15s} {r.claim}", f"{'':22s} paper: {r.paper}",
                  f"{'':22s} ours:  {r.quantity}: {number(r)}, {seeds}", f"{'':22s} {r.detail}"]  # fmt: skip
    return "\n".join(lines)


def number(row: Row) -> str:
    """«median (low to high)», or a dash."""
    return "—" if row.measured is None else spread([row.low, row.measured, row.high])


def as_json(rows: list[Row]) -> list[dict]:
    """Rows as dictionaries, for ``--json``."""
    return [asdict(row) for row in rows]


START, END = "<!-- claims: written by dcm claims -->", "<!-- end of claims -->"


def publish(rows: list[Row]) -> list[Path]:
    """Write ``figures/claims.md`` and the README's block between its markers; returns the files that changed."""
    text = f"{markdown(rows)}\n{cost()}\n"
    page, readme = repository() / "figures" / "claims.md", repository() / "README.md"
    wanted = {page: text}
    if readme.is_file():
        block = f"{START}\n{text}{END}"
        wanted[readme] = re.sub(
            f"{START}.*?{END}", lambda _: block, readme.read_text("utf-8"), flags=re.S
        )
    changed = [
        path for path, new in wanted.items() if not path.is_file() or path.read_text("utf-8") != new
    ]
    for path in changed:
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted[path], "utf-8")
    return changed
