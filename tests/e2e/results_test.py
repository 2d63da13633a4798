"""The closing count of tests/run: nothing is lost, and nothing that failed counts as passed."""

import subprocess
import sys

import pytest

import servers

COUNT = servers.SOURCE / "tests/support/results.py"

CTEST = """<?xml version="1.0"?>
<testsuite name="(empty)" tests="4" failures="1" disabled="1" skipped="1">
  <testcase name="A.Passes" classname="A.Passes" time="0.1" status="run"><system-out>fine</system-out></testcase>
  <testcase name="A.Fails" classname="A.Fails" time="0.1" status="fail"><failure message="Failed"/></testcase>
  <testcase name="A.NotBuilt" classname="A.NotBuilt" time="0" status="notrun"/>
  <testcase name="A.Off" classname="A.Off" time="0" status="disabled"><skipped message="Disabled"/></testcase>
  <testcase name="A.Skips" classname="A.Skips" time="0.1" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
</testsuite>"""
PYTEST = """<?xml version="1.0"?>
<testsuites><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
  <testcase classname="x" name="test_good" time="0.1"/>
  <testcase classname="x" name="test_bad"><failure message="assert 1 == 2&#10;more">trace</failure></testcase>
  <testcase classname="x" name="test_broken"><error message="failed on setup">trace</error></testcase>
  <testcase classname="x" name="test_not_here"><skipped message="no such kernel" type="pytest.skip"/></testcase>
</testsuite></testsuites>"""


def count(folder):
    done = subprocess.run([sys.executable, COUNT, "sum", folder], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_sums_over_all_parts_and_names_what_did_not_pass(tmp_path):
    (tmp_path / "unit.xml").write_text(CTEST)
    (tmp_path / "e2e.xml").write_text(PYTEST)
    code, lines = count(tmp_path)
    assert code == 1
    assert lines[-1] == "2 passed, 4 failed, 3 skipped"
    assert "  e2e: test_not_here: no such kernel" in lines
    assert "  e2e: test_bad: assert 1 == 2" in lines
    assert "  e2e: test_broken: failed on setup" in lines
    assert "  unit: A.NotBuilt: notrun" in lines


def test_all_passed(tmp_path):
    (tmp_path / "one.xml").write_text("<testsuite><testcase name='a'/><testcase name='b'/></testsuite>")
    assert count(tmp_path) == (0, ["2 passed, 0 failed, 0 skipped"])


@pytest.mark.parametrize("content", ["", "<testsuite><testcase", "no XML"])
def test_results_that_cannot_be_read_are_a_failure(tmp_path, content):
    (tmp_path / "good.xml").write_text("<testsuite><testcase name='a'/></testsuite>")
    (tmp_path / "torn.xml").write_text(content)
    code, lines = count(tmp_path)
    assert (code, lines[-1]) == (1, "1 passed, 1 failed, 0 skipped")


def test_no_results_are_a_failure(tmp_path):
    assert count(tmp_path) == (1, ["0 passed, 0 failed, 0 skipped"])


@pytest.mark.parametrize("command, code, line", [
    (["true"], 0, "1 passed, 0 failed, 0 skipped"),
    (["sh", "-c", "exit 7"], 7, "0 passed, 1 failed, 0 skipped"),
    (["/nonexistent"], 127, "0 passed, 1 failed, 0 skipped"),
])
def test_a_command_counts_as_a_test(tmp_path, command, code, line):
    done = subprocess.run([sys.executable, COUNT, "run", tmp_path / "new", "a check", *command], check=False)
    assert done.returncode == code
    assert count(tmp_path / "new")[1][-1] == line
