"""No session loses its report, and none that was cut short looks whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from harness.system.plain import plain
from harness.tests.suite import Suite

FINE = """
    @claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two")
    def test_one(lab):
        \"\"\"One is one.\"\"\"
        lab.measure(Exact(1.0))
        lab.control(Exact(2.0))

    @claim("XX-02", where="Eq. 2", rule=equals(1.0), control="two")
    def test_two(lab):
        \"\"\"The second has a fault.\"\"\"
        import os, pytest
        import numpy as np
        {fault}
        lab.measure(Exact(1.0))
        lab.control(Exact(2.0))

    @claim("XX-03", where="Eq. 3", rule=equals(1.0), control="two")
    def test_three(lab):
        \"\"\"Three is one.\"\"\"
        lab.measure(Exact(1.0))
        lab.control(Exact(2.0))
"""
OTHERS = FINE.replace("XX-03", "XX-06").replace("XX-02", "XX-05").replace("XX-01", "XX-04").replace("{fault}", "pass")
CRASH = "os._exit(3)"
STOPPED = [
    ([], "pytest.exit('enough', 0)", {"XX-02", "XX-03"}),
    (["-x"], "assert False", {"XX-03"}),
    (["--maxfail=1"], "assert False", {"XX-03"}),
    (["-n", "1"], "pytest.exit('enough', 0)", {"XX-02", "XX-03"}),
    ([], "raise KeyboardInterrupt", {"XX-02", "XX-03"}),
    (["-n", "1"], CRASH, {"XX-02"}),
    (["-n", "1", "--max-worker-restart", "0"], CRASH, {"XX-02", "XX-03"}),
]


def faulty(suite: Suite, fault: str) -> None:
    suite.claims(FINE.replace("{fault}", fault))


@pytest.mark.parametrize(("options", "fault", "unjudged"), STOPPED)
def test_a_session_that_is_cut_short_reports_what_was_judged_and_what_is_missing(
    suite: Suite, options, fault, unjudged
):
    faulty(suite, fault)
    assert suite.run(*options).ret == pytest.ExitCode.INTERRUPTED
    document = suite.document()
    assert document["partial"] is True
    assert {one["id"] for one in document["session"]["missing"]} >= unjudged
    assert [entry["id"] for entry in document["claims"]] == ["XX-01", "XX-02", "XX-03"]
    assert suite.entry("XX-01")["verdict"] == "supported"
    assert all(suite.entry(id)["verdict"] == "not run" and suite.entry(id)["reason"] for id in unjudged)


def test_a_failure_that_ends_the_workers_does_not_end_the_report(suite: Suite):
    faulty(suite, "assert False")
    ended = suite.run("-n", "2", "-x", "--dist", "each")
    assert ended.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
    assert [entry["id"] for entry in suite.document()["claims"]] == ["XX-01", "XX-02", "XX-03"]


def test_a_worker_that_died_is_named(suite: Suite):
    faulty(suite, CRASH)
    suite.run("-n", "2")
    assert "crashed while running" in suite.entry("XX-02")["reason"]
    assert suite.entry("XX-03")["verdict"] == "supported"


def test_a_session_cut_short_leaves_the_ledger_as_it_is(suite: Suite):
    faulty(suite, "pass")
    suite.run("--update-ledger")
    before = suite.ledger.read_bytes()
    faulty(suite, "pytest.exit('enough', 0)")
    suite.run("--update-ledger").stdout.fnmatch_lines(["PARTIAL: 2 of 3 *the ledger is left as it is"])
    assert suite.ledger.read_bytes() == before


@pytest.mark.parametrize(
    "fault",
    [
        r"lab.note('\ud800 \x00 \x1b[31m')",
        r"raise ValueError('\ud800 \x00')",
        r"print('\ud800')",
        "lab.note(np.str_('text')); lab.note(np.float64(1))",
    ],
)
@pytest.mark.parametrize("workers", ["0", "1"])
def test_what_a_claim_says_costs_no_other_claim_its_verdict(suite: Suite, fault, workers):
    faulty(suite, fault)
    fails = "raise" in fault
    assert suite.run("-n", workers).ret == (pytest.ExitCode.TESTS_FAILED if fails else pytest.ExitCode.OK)
    verdicts = {entry["id"]: entry["verdict"] for entry in suite.document()["claims"]}
    assert verdicts == {"XX-01": "supported", "XX-02": "not run" if fails else "supported", "XX-03": "supported"}
    assert suite.document()["partial"] is False


def test_a_part_that_is_measured_twice_is_refused(suite: Suite):
    faulty(suite, "lab.measure(Exact(2.0))")
    assert suite.run().ret == pytest.ExitCode.TESTS_FAILED
    assert "measured twice" in suite.entry("XX-02")["reason"]


def test_a_report_folder_that_is_a_file_is_told_before_any_test(suite: Suite):
    faulty(suite, "pass")
    result = suite.run("--report", str(suite.add_file("taken", "")))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--report *taken: nothing can be written there*"])


def test_a_report_that_cannot_be_written_is_no_changed_verdict(suite: Suite):
    faulty(suite, "from pathlib import Path; Path('reports/latest/index.html').mkdir(parents=True)")
    result = suite.run()
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["index.html is not written*"])
    assert len(suite.document()["claims"]) == 3, "the others are"


def test_without_pytests_junit_xml_the_rest_is_written(suite: Suite):
    faulty(suite, "pass")
    assert suite.run("-p", "no:junitxml").ret == pytest.ExitCode.OK
    assert len(suite.document()["claims"]) == 3


@pytest.mark.parametrize("options", [["--continue-on-collection-errors"], ["-n", "1"]])
def test_modules_that_cannot_be_collected_leave_a_report_partial_and_the_ledger_as_it_is(suite: Suite, options):
    suite.claims(OTHERS, "test_others.py")
    faulty(suite, "pass")
    suite.run("--update-ledger")
    before = suite.ledger.read_bytes()
    suite.add_file("claims/paper2020/test_others.py", "import no_such_module\n")
    result = suite.run(*options, "--update-ledger")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["PARTIAL: *1 modules could not be collected*the ledger is left as it is"])
    assert suite.document()["partial"] is True
    (missing,) = suite.document()["session"]["missing"]
    assert (missing["id"], "no_such_module" in missing["reason"]) == ("claims/paper2020/test_others.py", True)
    assert {entry["verdict"] for entry in suite.document()["claims"]} == {"supported"}
    assert suite.ledger.read_bytes() == before


@pytest.mark.parametrize("option", ["--store", "--evidence", "--history"])
def test_a_file_in_the_place_of_a_folder_is_told_before_any_test(suite: Suite, option):
    faulty(suite, "pass")
    result = suite.run(option, str(suite.add_file("taken", "")))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{option} *taken: this is a file, and has to be a folder"])


@pytest.mark.parametrize("options", [[], ["-n", "1"]])
def test_a_ledger_that_cannot_be_read_is_told_before_any_test(suite: Suite, options):
    faulty(suite, "pass")
    suite.add_file("claims/ledger.json", "<<<<<<< HEAD")
    result = suite.run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*ledger.json: not a ledger *; restore it from version control"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_ends_with_a_report(suite: Suite, number):
    faulty(suite, "open('reached', 'w').close(); import time; time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "claims", "-p", "no:cacheprovider"], cwd=suite.root, stdout=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # which under nohup is ignored
    )  # fmt: skip
    while not (suite.root / "reached").exists() and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, number)
    assert process.wait() == pytest.ExitCode.INTERRUPTED
    assert suite.document()["partial"] is True
    assert suite.entry("XX-01")["verdict"] == "supported"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.zeros(2), [0.0, 0.0]),
        (torch.ones((), requires_grad=True), 1.0),
        ({np.int64(1): (np.float32(0.5), "\ud800")}, {1: (0.5, "\\ud800")}),
        (ValueError("x"), "x"),
    ],
)
def test_plain_values_are_of_python_alone(value, expected):
    given = plain(value)
    assert given == expected
    assert type(given) is type(expected)
    json.dumps(given)
