#!/usr/bin/env python3
"""Runs every workload of the benchmark program once, in a tiny size.

usage: smoke.py PROGRAM

Checks that the program still runs and finds its results right, that each line is
a JSON object with the promised keys, that every workload of every peer has said
something, and what happens with a wrong name. Says nothing about speed.
"""

import json
import subprocess
import sys

KEYS = {"peer": str, "workload": str, "n": int, "metric": str,
        "min": (int, float), "median": (int, float), "max": (int, float)}

METRICS = {"ns_per_op", "ms", "us", "bytes", "ratio", "utilisation"}


def run(program, *arguments):
    return subprocess.run([program, *arguments], text=True, timeout=60,
                          capture_output=True, check=False)


def check(condition, what):
    if not condition:
        sys.exit(f"smoke.py: {what}")


def check_line(text):
    """Returns the workload and the peer that a line is about."""
    line = json.loads(text, parse_constant=lambda x: check(False, f"{x}: {text}"))
    check(line.keys() == KEYS.keys(), f"other keys than promised: {text}")
    for key, kind in KEYS.items():
        check(isinstance(line[key], kind), f"'{key}' is of another type: {text}")
    check(line["metric"] in METRICS, f"an unknown metric: {text}")
    check(line["n"] > 0, f"nothing was done: {text}")
    check(0 <= line["min"] <= line["median"] <= line["max"],
          f"figures out of order: {text}")
    return line["workload"], line["peer"]


def main(program):
    listed = run(program, "--list")
    check(listed.returncode == 0, listed.stderr)
    expected = {tuple(line.split()) for line in listed.stdout.splitlines()}
    check(expected, "--list lists nothing")

    done = run(program, "--json", "--runs", "2", "--scale", "0.001")
    check(done.returncode == 0, f"exit status {done.returncode}: {done.stderr}")
    check(done.stderr == "", f"on standard error: {done.stderr}")
    found = {check_line(line) for line in done.stdout.splitlines()}
    check(found == expected, f"not as listed: {sorted(found ^ expected)}")

    wrong = run(program, "--json", "spwan_join")
    check(wrong.returncode == 2, f"exit status {wrong.returncode} for a wrong name")
    check(wrong.stdout == "", f"a wrong name gives figures: {wrong.stdout}")
    check(all(name in wrong.stderr for name, _ in expected),
          f"a wrong name does not show the right ones: {wrong.stderr}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
