"""The bounds at new seeds, one run after the other: ``python -m proofs_checks.fresh 20`` prints seeds and results."""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile


def main(runs: int) -> int:
    """Run all checks at new seeds, and say which seeds were green.

    Parameters
    ----------
    runs : int
        How many seeds.

    Returns
    -------
    int
        0 if every run passed, else 1; a seed that did not can be repeated with ``pytest -m bounds --seed``.
    """
    results: dict[int, str] = {}
    for number in range(runs):
        seed = secrets.randbelow(2**31)
        with tempfile.TemporaryDirectory() as evidence:  # the report is made from the run at the default seed
            options = ["-q", "-m", "bounds", "--seed", str(seed), "--evidence", evidence]
            command = [sys.executable, "-m", "pytest", *options]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        results[seed] = "green" if done.returncode == 0 else "red"
        last = (done.stdout.strip() or done.stderr.strip() or "no output").splitlines()[-1]
        print(f"{number + 1} of {runs}: seed {seed} {results[seed]}: {last}", flush=True)
        if done.returncode != 0:
            print(done.stdout, done.stderr, sep="\n", flush=True)
    for color in ("green", "red"):
        print(f"{color}: {[seed for seed, result in results.items() if result == color]}")
    return int("red" in results.values())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
