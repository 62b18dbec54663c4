"""Sessions in which something goes wrong: what is at fault is named, and everything else is judged and reported."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from harness.report.earlier import OUTPUTS
from harness.tests.processes import group_exists, wait_until
from harness.tests.suite import Suite
from harness.tests.test_commands_train import harness

CLAIMS = """
from harness.tests.fake_recipes import Counted, Dies, Diverges, Draw

@claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two")
def test_one(lab):
    \"\"\"One is one.\"\"\"
    lab.measure(Exact(1.0))
    lab.control(Exact(2.0))

@claim("XX-02", where="Eq. 2", rule=less_than(100.0), control="a thousand more", runs=lambda: {"draws": Draw()},
       seeds=range(3), reach={"smoke": "proxy"}, about="mechanism")
def test_draws(lab):
    \"\"\"Draws are below a hundred.\"\"\"
    values = [record.metrics["mean"] for record in lab.records(lab.runs["draws"])]
    lab.measure(values)
    lab.control([value + 1000 for value in values])

@claim("XX-03", where="Eq. 3", rule=less_than(100.0), control="a thousand more", runs=lambda: {"draws": {recipe}},
       seeds=range(2), reach={"smoke": "proxy"}, about="mechanism")
def test_others(lab):
    \"\"\"Others are, too.\"\"\"
    values = [record.metrics.get("mean", 0.0) + record.made_of["seed"] for record in lab.records(lab.runs["draws"])]
    lab.measure(values)
    lab.control([value + 1000 for value in values])
"""

READ_ONLY = """
import errno, os
opened = os.open

def refuse(path, flags, *rest, **named):
    if flags & (os.O_WRONLY | os.O_RDWR) and "reports/store" in os.fspath(path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
    return opened(path, flags, *rest, **named)

os.open = refuse  # root may write anywhere: as on a file system that is mounted read-only
"""

CLOCK = """
import time
told = iter(range(10**6))
time.time = lambda: 4e9 - 3600.0 * next(told)  # the year 2096, and an hour back at each look
"""


def with_recipe(suite: Suite, recipe: str) -> None:
    suite.claims(CLAIMS.replace("{recipe}", recipe))


def verdicts(suite: Suite) -> dict[str, str]:
    return {entry["id"]: entry["verdict"] for entry in suite.document()["claims"]}


ALL_BUT_THE_THIRD = {"XX-01": "supported", "XX-02": "supported", "XX-03": "not run"}


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_run_that_kills_its_process_costs_its_own_claim_alone(suite, options):
    with_recipe(suite, "Dies()")
    assert suite.run(*options).ret == pytest.ExitCode.TESTS_FAILED
    assert verdicts(suite) == ALL_BUT_THE_THIRD
    assert "killed by SIGKILL" in suite.entry("XX-03")["reason"]
    assert suite.document()["partial"] is False


def test_a_run_that_kills_its_process_does_not_end_the_session_where_it_is_the_only_one(suite):
    suite.claims(CLAIMS.replace("{recipe}", "Dies()").replace("seeds=range(2)", "seeds=range(1)"))
    suite.run("-k", "XX-01 or XX-03").assert_outcomes(passed=1, failed=1, deselected=1)
    trained = harness(suite.root, "train", "-k", "XX-03")
    assert trained.returncode == 1
    assert "killed by SIGKILL" in trained.stderr


def test_a_run_that_hangs_is_given_up_with_the_line_that_it_is_at(suite):
    hold = suite.add_file("hold", "")
    with_recipe(suite, f"Counted({str(suite.root / 'count')!r}, seconds=1.0, hold={str(hold)!r})")
    assert suite.run("--stalled", "2").ret == pytest.ExitCode.TESTS_FAILED
    assert verdicts(suite) == ALL_BUT_THE_THIRD
    reason = suite.entry("XX-03")["reason"]
    assert "no progress for 2 s" in reason
    assert "fake_recipes.py" in reason


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_time_after_which_a_run_has_stalled_is_above_zero(suite, seconds):
    with_recipe(suite, "Draw()")
    assert suite.run(f"--stalled={seconds}").ret == pytest.ExitCode.USAGE_ERROR


def test_a_claim_that_hangs_is_given_up_with_its_stack_and_the_others_are_judged(suite):
    suite.claims(
        CLAIMS.replace("{recipe}", "Draw()").replace("lab.measure(Exact(1.0))", "import time; time.sleep(600)")
    )
    result = suite.run("--timeout", "3", "-n", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*time.sleep(600)", "*Timeout*"])
    assert verdicts(suite) == {"XX-01": "not run", "XX-02": "supported", "XX-03": "supported"}
    assert "Timeout" in suite.entry("XX-01")["reason"]


def test_a_store_that_can_only_be_read_is_said_and_what_it_has_is_judged(suite):
    with_recipe(suite, "Diverges()")
    suite.run("-k", "XX-02").assert_outcomes(passed=1, deselected=2)
    suite.add_file("conftest.py", READ_ONLY + 'pytest_plugins = ["harness.plugin"]\n')
    result = suite.run("-n", "1")
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines(["*said by the suite*", "store not writable*Read-only file system*reading only"])
    assert verdicts(suite) == ALL_BUT_THE_THIRD
    assert "not writable" in suite.entry("XX-03")["reason"]


def test_a_damaged_record_is_said_at_the_end_though_all_is_well_again(suite):
    with_recipe(suite, "Draw()")
    suite.run().assert_outcomes(passed=3)
    record = min((suite.root / "reports/store/records").glob("*.json"))
    record.write_bytes(record.read_bytes()[:-9])
    result = suite.run("--judge-anew", "-n", "1")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["*said by the suite*", f"store entry {record.stem} corrupt (sha256*, will be run again"]
    )


def test_a_diverged_run_says_where_with_what_loss_and_what_else_it_left(suite):
    with_recipe(suite, "Diverges()")
    suite.run().assert_outcomes(passed=2, skipped=1)
    assert "diverged at step 812 (loss nan): lr 0.1, last finite loss 3.2" in suite.entry("XX-03")["reason"]


@pytest.mark.parametrize("device", ["cuda:99", "no-such-device"])
def test_a_device_that_is_not_here_is_told_at_the_start(suite, device):
    with_recipe(suite, "Draw()")
    result = suite.run("--device", device)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--device {device}: *"])
    assert not (suite.root / "reports").exists()


def stopped_while_training(suite: Suite, number: signal.Signals, *options: str) -> subprocess.Popen:
    hold, count = suite.add_file("hold", ""), suite.root / "count"
    with_recipe(suite, f"Counted({str(count)!r}, hold={str(hold)!r})")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "claims", "-p", "no:cacheprovider", *options],
        cwd=suite.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which one in the background may ignore
    )  # fmt: skip
    wait_until(lambda: count.exists() or process.poll() is not None)
    os.kill(process.pid, number)
    process.wait(120)
    return process


@pytest.mark.parametrize(("number", "options"), [(signal.SIGINT, []), (signal.SIGTERM, ["-n", "2"])])
def test_who_stops_a_session_while_it_trains_gets_a_partial_report_and_leaves_no_process(suite, number, options):
    process = stopped_while_training(suite, number, *options)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert suite.document()["partial"] is True
    assert {one["id"] for one in suite.document()["session"]["missing"]} == {"XX-01", "XX-02", "XX-03"}
    assert set(verdicts(suite).values()) == {"not run"}
    wait_until(lambda: not group_exists(process.pid))


@pytest.mark.parametrize("options", [[], ["-n", "2"]])
def test_the_report_before_a_session_that_was_killed_is_taken_for_no_report_of_its_own(suite, options):
    latest = suite.root / "reports/latest"
    with_recipe(suite, "Draw()")
    suite.run()
    before = {name: (latest / name).read_bytes() for name in OUTPUTS}
    for _ in range(2):
        (suite.root / "count").unlink(missing_ok=True)
        process = stopped_while_training(suite, signal.SIGKILL, *options)
        assert process.returncode == -signal.SIGKILL
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what trains
        page = (latest / "index.html").read_text()
        assert [file.name for file in latest.iterdir() if not file.name.startswith(".")] == ["index.html"]
        assert page.count("has not written its report. What follows is the one before.") == 1
        assert "One is one." in page
    suite.claims("raise RuntimeError")
    assert suite.run().ret == pytest.ExitCode.INTERRUPTED, "nothing can be collected, so that nothing is reported"
    assert {name: (latest / name).read_bytes() for name in OUTPUTS} == before
    (suite.root / "hold").unlink()
    with_recipe(suite, "Draw()")
    suite.run()
    assert sorted(file.name for file in latest.iterdir()) == sorted(OUTPUTS)
    assert "What follows is the one before" not in (latest / "index.html").read_text()


def test_a_clock_that_goes_back_changes_no_verdict_and_no_duration(suite):
    with_recipe(suite, "Draw()")
    suite.add_file("conftest.py", CLOCK + 'pytest_plugins = ["harness.plugin"]\n')
    suite.run().assert_outcomes(passed=3)
    document = suite.document()
    seconds = [document["session"]["seconds"], *(entry["seconds"] for entry in document["claims"])]
    assert all(0 <= one < 3600 for one in seconds)


@pytest.mark.parametrize("options", [["-k", "typo"], ["-k", "typo", "-n", "1"]])
def test_a_selection_of_nothing_is_no_success_and_says_of_how_many(suite, options):
    with_recipe(suite, "Draw()")
    result = suite.run(*options)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["0 of *cases were selected: no report is written"])
    assert not list(suite.root.glob("reports/*/claims.json"))


def test_cases_have_the_same_ids_in_the_same_order_whatever_the_hash_seed(suite, monkeypatch):
    names = ", ".join(repr(name) for name in ("zeta", "alpha", "mu", "nu", "omega"))
    with_recipe(suite, "Draw()")
    suite.claims(
        f"""
        @claim("XX-04", where="Eq. 1", rule=equals(1.0), control="two", readings={{"how": ({names})}})
        def test_one(lab, how):
            \"\"\"One is one.\"\"\"
        """,
        name="test_readings.py",
    )
    collected = set()
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        lines = suite.run("--collect-only", "-q").outlines
        collected.add(tuple(line for line in lines if "::" in line))
    assert len(collected) == 1
    assert len(*collected) == 8
