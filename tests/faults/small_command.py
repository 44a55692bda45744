"""``dcm`` with small runs in place of the paper-scale ones and no notebooks after them.

For tests that kill it; its workers keep a checkpoint every few steps.
"""

import sys
from pathlib import Path

sys.argv[0] = "dcm"  # so that it answers signals as early
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

if __name__ == "__main__":
    from dcm.commands import figures
    from dcm.commands.cli import main

    from small_jobs import Config, walking

    RUNS = [walking(seed, Config(steps=25, pause=0.03, every=0.1)) for seed in range(3)]
    figures.plan = lambda seeds, names: RUNS[: min(seeds, len(RUNS))]
    figures.draw = lambda *arguments: 0
    main(prog_name="dcm")
