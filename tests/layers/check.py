#!/usr/bin/env python3
"""Checks rules about the source tree that no compiler checks.

usage: check.py [ROOT]

Prints one line a violation, `file:line: what`, and exits with 1 if there is one.

1. A lower layer never includes a higher one. The folder names the layer, below
   include/axiom and below actors; the order is ORDER below.
2. The headers of CAF's internals are included in runtime/ and task/detail/ only.
3. Nothing but tests, benchmarks and examples includes the test kit.
4. The umbrella header axiom/axiom.hpp is for users only.
5. No file is longer than 1000 lines.
6. No file names a directory of somebody's machine.
7. Every header and every source is listed in the CMakeLists.txt that builds it.
"""

import os
import re
import sys

# Lowest first. A file may include its own layer and those before it.
ORDER = [
    "error values",
    "runtime",
    "task values",
    "error aggregates",
    "task",
    "coordination",
    "error",
    "resource",
    "observe",
    "deploy",
    "tools",
]

# Headers of error/ and task/ that are plain values, which lower layers carry.
# Names without a suffix, so that actors/error/errc.cpp belongs to the same layer.
ERROR_VALUES = {"enum_names", "errc", "failure", "exception", "printable"}
ERROR_AGGREGATES = {"concurrent_errors", "error_walk", "error_text", "error_json",
                    "json_text"}
TASK_VALUES = {"priority", "reference"}

# The test kit sees everything up to this layer.
TESTING_SEES = "observe"

CAF_INTERNALS = re.compile(
    r"caf/(monitorable_actor\.hpp|resumable\.hpp|execution_unit\.hpp"
    r"|attachable\.hpp|scheduler/.*|detail/.*)$"
)

# These drag in the internals unseen (and every header of CAF).
CAF_EVERYTHING = re.compile(r"caf/(io/|openssl/)?all\.hpp$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

MAX_LINES = 1000

# Written in pieces, so that this file does not find itself.
MACHINE_PATH = re.compile(
    r"(?<![\w.$}/-])/(?:" + "|".join(["home/[a-z]", "root/", "work/", "tmp/",
                                      "Users/[A-Za-z]"]) + ")"
)

CODE = (".hpp", ".cpp", ".h", ".hh", ".cc", ".cxx", ".ipp", ".inl")

SKIPPED_FOLDERS = re.compile(
    r"^(\.git|\.cache|build.*|cmake-build-.*|out|Testing|__pycache__)$"
)


def files(root):
    """Yields the paths of all files below root, relative, sorted."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not SKIPPED_FOLDERS.match(f))
        for name in sorted(names):
            if name == ".git":  # of a work tree elsewhere
                continue
            yield os.path.relpath(os.path.join(folder, name), root)


def layer_of(path):
    """The layer of a header or source: a name of ORDER, "testing", "umbrella",
    "base" (may be included by all, includes none), or None (free to include
    what it likes: tests, benchmarks, examples)."""
    parts = path.split(os.sep)
    if parts[0] == "tools":
        return "tools"
    if parts[:2] == ["include", "axiom"]:
        parts = parts[2:]
    elif parts[0] == "actors":
        parts = parts[1:]
    else:
        return None
    stem = parts[-1].split(".")[0]
    if len(parts) == 1:
        if stem == "config":
            return "resource"  # it knows every message type of the core
        return "umbrella" if stem == "axiom" else "base"
    if parts[0] == "error":
        if stem in ERROR_VALUES:
            return "error values"
        return "error aggregates" if stem in ERROR_AGGREGATES else "error"
    if parts[0] == "task" and stem in TASK_VALUES:
        return "task values"
    return parts[0]


def resolve(root, path, quoted, target):
    """The file of this tree that an include directive means, or None."""
    candidates = []
    if quoted:
        candidates.append(os.path.join(os.path.dirname(path), target))
    candidates += [os.path.join("include", target), os.path.join("actors", target)]
    for candidate in candidates:
        if os.path.isfile(os.path.join(root, candidate)):
            return os.path.normpath(candidate)
    # A header that is not there yet still says which layer it belongs to.
    return os.path.join("include", target) if target.startswith("axiom/") else None


def check_include(root, path, quoted, target):
    """Yields what is wrong with one include directive."""
    layer = layer_of(path)
    if layer is None:
        return
    folders = os.path.dirname(path)
    internals_allowed = layer == "runtime" or re.search(
        r"(^|/)task/detail$", folders
    )
    if CAF_INTERNALS.match(target) and not internals_allowed:
        yield (f"includes CAF's internal header {target}; only runtime/ and "
               "task/detail/ may")
    if CAF_EVERYTHING.match(target):
        yield f"includes {target}; include the headers that are used"
    included = resolve(root, path, quoted, target)
    if included is None:
        return
    other = layer_of(included)
    if other in (None, "base"):
        return
    if other == "umbrella":
        if layer != "umbrella":
            yield f"includes the umbrella header {target}, which is for users"
        return
    if other == "testing":
        if layer != "testing":
            yield f"includes the test kit ({target})"
        return
    if other not in ORDER:
        yield f"includes {target}, whose folder is no layer"
        return
    if layer == "base":
        yield f"includes {target}, but belongs to no layer"
        return
    if layer == "umbrella":
        return
    if layer not in ORDER and layer != "testing":
        yield f"is in a folder that is no layer ({layer})"
        return
    highest = TESTING_SEES if layer == "testing" else layer
    if ORDER.index(other) > ORDER.index(highest):
        yield f"layer '{layer}' includes the higher layer '{other}' ({target})"


def strip_comments(lines):
    """Blanks block comments and line comments; enough for include directives."""
    inside = False
    for line in lines:
        out = ""
        while line:
            if inside:
                end = line.find("*/")
                if end < 0:
                    line = ""
                else:
                    inside, line = False, line[end + 2:]
            else:
                starts = [i for i in (line.find("/*"), line.find("//")) if i >= 0]
                if not starts:
                    out, line = out + line, ""
                else:
                    i = min(starts)
                    out += line[:i]
                    inside = line[i:i + 2] == "/*"
                    line = line[i + 2:] if inside else ""
        yield out


def listed_in(root, cmake_file):
    """The words of a CMakeLists.txt, comments left out."""
    try:
        with open(os.path.join(root, cmake_file), encoding="utf-8") as f:
            return set(re.findall(r"[\w./+-]+", re.sub(r"#.*", "", f.read())))
    except FileNotFoundError:
        return set()


def check_listed(root, paths):
    """Yields (path, what) for each header and source that no list names."""
    lists = {}
    for path in paths:
        if not path.endswith(CODE):
            continue
        parts = path.split(os.sep)
        if parts[:2] == ["include", "axiom"]:
            cmake_file, name = "actors/CMakeLists.txt", os.sep.join(parts[2:])
        elif parts[0] in ("actors", "tools", "bench", "examples", "tests"):
            if not path.endswith((".cpp", ".cc", ".cxx")):
                continue
            if path == os.path.join("tests", "main.cpp"):
                continue
            if parts[:2] == ["tests", "install"]:  # projects of their own
                continue
            cmake_file, name = f"{parts[0]}/CMakeLists.txt", os.sep.join(parts[1:])
        else:
            continue
        if cmake_file not in lists:
            lists[cmake_file] = listed_in(root, cmake_file)
        words = lists[cmake_file]
        example = parts[0] == "examples" and name[:-4] in words
        if name not in words and not example:
            yield path, f"is not listed in {cmake_file}"


def check(root):
    """Yields (path, line, what) for every violation below root."""
    paths = list(files(root))
    for path in paths:
        with open(os.path.join(root, path), "rb") as f:
            data = f.read()
        if b"\0" in data:
            continue
        lines = data.decode("utf-8", "replace").splitlines()
        if len(lines) > MAX_LINES:
            yield path, MAX_LINES + 1, (
                f"has {len(lines)} lines; more than {MAX_LINES} are two concepts")
        for number, line in enumerate(lines, 1):
            match = MACHINE_PATH.search(line)
            if match:
                yield path, number, f"names a path of one machine: {match[0]}..."
        if not path.endswith(CODE):
            continue
        for number, line in enumerate(strip_comments(lines), 1):
            match = INCLUDE.match(line)
            if match:
                quoted = match[1] == '"'
                for what in check_include(root, path, quoted, match[2]):
                    yield path, number, what
    for path, what in check_listed(root, paths):
        yield path, 1, what


def main(arguments):
    if len(arguments) > 2:
        print(__doc__, file=sys.stderr)
        return 2
    here = os.path.dirname(os.path.abspath(__file__))
    root = arguments[1] if len(arguments) == 2 else os.path.join(here, "..", "..")
    count = 0
    for path, line, what in check(os.path.normpath(root)):
        print(f"{path}:{line}: {what}")
        count += 1
    print(f"{count} violation{'' if count == 1 else 's'}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
