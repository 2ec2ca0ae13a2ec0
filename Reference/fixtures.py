"""What the scripts that make fixtures share: writing one, comparing one, and their command line.

A fixture is a JSON file in Tests/BackpropTests/Fixtures. Every number in it is the shortest decimal
that reads back to the same double. Every script runs as

    python Reference/<script>.py                  writes its fixture
    python Reference/<script>.py --check          computes it anew and fails if the file differs
    python Reference/<script>.py --output FOLDER  writes it elsewhere
"""

import argparse
import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "BackpropTests" / "Fixtures"


def largest(values):
    """The largest magnitude among the numbers of nested lists; 0 where there are none."""
    if isinstance(values, list):
        return max(map(largest, values), default=0.0)
    return abs(values) if isinstance(values, (int, float)) else 0.0


def differences(found, expected, tolerance, path="", scale=None):
    """Yields a line for every place where two documents differ.

    Numbers agree if |found - expected| <= tolerance * (the largest magnitude in their array, or
    their own where they stand alone); everything else must be equal, save "source", which names
    the version that computed it.
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(set(found) | set(expected)):
            if key == "source":
                continue
            if key not in found or key not in expected:
                yield f"{path}.{key}: only in the {'new' if key in found else 'committed'} one"
            else:
                yield from differences(found[key], expected[key], tolerance, f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(found) != len(expected):
            yield f"{path}: {len(found)} elements, not {len(expected)}"
            return
        plain = not any(isinstance(element, dict) for element in expected)
        inner = largest(expected) if plain and scale is None else scale
        for index, pair in enumerate(zip(found, expected)):
            yield from differences(*pair, tolerance, f"{path}[{index}]", inner)
    elif isinstance(expected, float) and isinstance(found, float):
        bound = tolerance * (abs(expected) if scale is None else scale)
        if not abs(found - expected) <= bound:
            yield f"{path}: {found!r}, not {expected!r}"
    elif found != expected:
        yield f"{path}: {found!r}, not {expected!r}"


def text(document):
    """JSON with one line for each case (or each top-level key), so that a change reads well."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = ",\n".join(json.dumps(case, separators=(",", ":")) for case in value)
            lines.append(f"{json.dumps(key)}:[\n{inner}\n]")
        else:
            lines.append(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(name, build, tolerance=1e-15, compare=differences):
    """Builds the document and writes it, or compares it with the committed file."""
    parser = argparse.ArgumentParser(description=f"Makes {name}.")
    parser.add_argument("--check", action="store_true", help="compare with the committed file")
    parser.add_argument("--output", type=pathlib.Path, help="a folder to write to")
    arguments = parser.parse_args()
    document = json.loads(text(build()))
    if arguments.output or not arguments.check:
        folder = arguments.output or FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text(document))
    if arguments.check:
        committed = json.loads((FOLDER / name).read_text())
        wrong = list(compare(document, committed, tolerance))
        for line in wrong[:20]:
            print(f"{name}{line}", file=sys.stderr)
        if wrong:
            sys.exit(f"{name}: {len(wrong)} differences beyond {tolerance}")
        print(f"{name}: the same as the committed one within {tolerance}")
