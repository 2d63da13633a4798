#!/usr/bin/env python3
"""Counts test results kept as JUnit XML in a folder, and runs a plain command as one test of such a folder."""

import argparse
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ET


def run(folder, name, command):
    """Runs `command` with its output shown, and files whether it succeeded."""
    started = time.monotonic()
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        print(error, file=sys.stderr)
        code = 127
    suite = ET.Element("testsuite", name=name)
    case = ET.SubElement(suite, "testcase", classname="check", name=name, time=f"{time.monotonic() - started:.3f}")
    if code != 0:
        ET.SubElement(case, "failure", message=f"exit code {code} of: {' '.join(command)}")
    folder.mkdir(parents=True, exist_ok=True)
    file_name = "".join(c if c.isalnum() else "_" for c in name)
    ET.ElementTree(suite).write(folder / f"{file_name}.xml", encoding="unicode")
    return code


def outcome(case):
    """'passed', 'failed' or 'skipped', and why."""
    for child in case:
        if child.tag in ("failure", "error"):
            return "failed", child.get("message") or ""
    for child in case:
        if child.tag == "skipped":
            message = child.get("message") or ""
            # ctest only says that a regular expression matched; why is in what the test printed.
            return "skipped", skip_reason(case) or message
    # ctest's own words for a test that it could not even start.
    if case.get("status") in ("fail", "notrun"):
        return "failed", case.get("status")
    if case.get("status") == "disabled":
        return "skipped", "disabled"
    return "passed", ""


def skip_reason(case):
    """What GoogleTest printed before it skipped."""
    lines = (case.findtext("system-out") or "").splitlines()
    for before, line in zip(lines, lines[1:]):
        if "Skipped" in before and line.strip():
            return line.strip()
    return ""


def summarize(folder):
    """Prints what failed, what was skipped and why, and the closing count. Returns whether all is well."""
    count = {"passed": 0, "failed": 0, "skipped": 0}
    notes = {"failed": [], "skipped": []}
    for path in sorted(folder.glob("*.xml")):
        try:
            cases = list(ET.parse(path).getroot().iter("testcase"))
        except ET.ParseError as error:
            count["failed"] += 1
            notes["failed"].append(f"{path.stem}: unreadable results: {error}")
            continue
        for case in cases:
            result, reason = outcome(case)
            count[result] += 1
            if result != "passed":
                first_line = reason.strip().splitlines()[0] if reason.strip() else ""
                notes[result].append(f"{path.stem}: {case.get('name')}" + (f": {first_line}" if first_line else ""))
    for result, title in (("skipped", "Skipped, and why:"), ("failed", "Failed:")):
        if notes[result]:
            print(title, *notes[result], sep="\n  ")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count), flush=True)
    return count["failed"] == 0 and count["passed"] > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="action", required=True)
    runner = commands.add_parser("run")
    runner.add_argument("folder", type=pathlib.Path)
    runner.add_argument("name")
    runner.add_argument("command", nargs=argparse.REMAINDER)
    summary = commands.add_parser("sum")
    summary.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.action == "run":
        sys.exit(run(arguments.folder, arguments.name, arguments.command))
    sys.exit(0 if summarize(arguments.folder) else 1)


if __name__ == "__main__":
    main()
