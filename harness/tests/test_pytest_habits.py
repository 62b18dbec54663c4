"""However people run pytest, each claim comes to the same verdict, and what was left out is said."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import pytest

from harness.tests.suite import Suite

CLAIMS = """
from harness.tests.fake_recipes import Draw

@claim("XX-01", where="Eq. 1", rule=less_than(2.0), control="ten more", readings={"how": ("one", "two")})
def test_readings(lab, how):
    \"\"\"What is drawn is below two.\"\"\"
    import torch
    values = torch.rand(4, generator=lab.generator)
    lab.measure(values)
    lab.control(values + 10)

@claim("XX-02", where="Eq. 2", rule=less_than(-100.0), control="a thousand more", runs=lambda: {"draws": Draw()},
       seeds=range(3), reach={"smoke": "paper"}, about="mechanism")
def test_draws(lab):
    \"\"\"Draws are below minus a hundred, which they are not.\"\"\"
    values = [record.metrics["mean"] for record in lab.records(lab.runs["draws"])]
    lab.measure(values)
    lab.control([value + 1000 for value in values])

@claim("XX-03", where="Eq. 3", rule=less_than(100.0), control="a thousand more")
def test_few(lab):
    \"\"\"One value decides nothing.\"\"\"
    lab.measure([1.0])
    lab.control([1001.0, 1002.0, 1003.0])

@claim("XX-04", where="Eq. 4", rule=equals(1.0), control="two")
def test_last(lab):
    \"\"\"One is one.\"\"\"
    lab.measure(Exact(1.0))
    lab.control(Exact(2.0))
"""

SHUFFLED = """
import random

def pytest_collection_modifyitems(items):
    random.Random({seed}).shuffle(items)

"""


@pytest.fixture
def claims(suite: Suite) -> Suite:
    suite.claims(CLAIMS)
    suite.add_file("pyproject.toml", "[tool.pytest.ini_options]\n")
    return suite


def found(suite: Suite):
    """What each case of each claim came to, to the last digit."""
    return {
        (entry["id"], case["case"]): (entry["verdict"], case["verdict"], case["parts"])
        for entry in suite.document()["claims"]
        for case in entry["cases"]
    }


def in_folder(suite: Suite, folder: str, *args: str):
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--judge-anew", *args]
    return subprocess.run(command, cwd=suite.root / folder, capture_output=True, text=True, check=False)


@pytest.fixture
def plain(claims):
    """As `pytest claims` has it."""
    assert claims.run("--no-ledger").ret == pytest.ExitCode.TESTS_FAILED
    came_to = found(claims)
    assert {verdict for verdict, *_ in came_to.values()} == {"supported", "refuted", "inconclusive"}
    return came_to


def test_any_order_and_any_way_to_share_the_work_comes_to_the_same(claims, plain):
    for dist in ("load", "loadscope", "loadfile", "loadgroup", "worksteal", "each", "no"):
        result = claims.run("--judge-anew", "--no-ledger", "-n", "2", "--dist", dist)
        assert result.ret == pytest.ExitCode.TESTS_FAILED, dist
        assert found(claims) == plain, dist
        assert claims.document()["partial"] is False, dist
    for seed in (1, 2):
        claims.add_file("conftest.py", SHUFFLED.format(seed=seed) + 'pytest_plugins = ["harness.plugin"]\n')
        claims.run("--judge-anew", "--no-ledger")
        assert found(claims) == plain, seed


@pytest.mark.parametrize("options", [["-x"], ["--maxfail", "1"], ["-x", "-n", "1"]])
def test_what_was_judged_before_the_first_failure_came_to_the_same_and_the_rest_is_missing(claims, plain, options):
    assert claims.run("--judge-anew", "--no-ledger", *options).ret == pytest.ExitCode.INTERRUPTED
    missing = {one["id"] for one in claims.document()["session"]["missing"]}
    assert claims.document()["partial"] is True
    assert "XX-04" in missing
    for key, came_to in found(claims).items():
        assert came_to == plain[key] if key[0] not in missing else came_to[0] == "not run"


def test_a_node_id_from_another_folder_and_options_from_the_environment(claims, plain, monkeypatch):
    whole = (claims.root / "reports/latest/claims.json").read_bytes()
    ended = in_folder(claims, "claims/paper2020", "--no-ledger", "test_topic.py::test_readings")
    assert ended.returncode == pytest.ExitCode.OK, ended.stdout
    assert found(claims) == {key: value for key, value in plain.items() if key[0] == "XX-01"}
    file = claims.root / "claims/paper2020/test_topic.py"
    ended = in_folder(claims, "..", "--rootdir", str(claims.root), "--no-ledger", f"{file}::test_last")
    assert ended.returncode == pytest.ExitCode.OK, ended.stdout
    assert found(claims) == {key: value for key, value in plain.items() if key[0] == "XX-04"}
    assert (claims.root / "reports/latest/claims.json").read_bytes() == whole, "of a selection is no report over all"

    monkeypatch.setenv("PYTEST_ADDOPTS", "-q --tb=no -n 1 --junit-xml=mine.xml --judge-anew --no-ledger")
    claims.run()
    assert found(claims) == plain
    mine = ElementTree.parse(claims.root / "mine.xml").getroot()
    ours = ElementTree.parse(claims.root / "reports/latest/junit.xml").getroot()
    assert len([*mine.iter("testcase")]) == len([*ours.iter("testcase")]) == 5


def test_what_failed_last_time_is_judged_alone_and_leaves_the_whole_report(claims, plain):
    whole = (claims.root / "reports/latest/claims.json").read_bytes()
    for _ in range(2):
        claims.pytester.runpytest_subprocess("claims", "--lf", "--judge-anew", "--no-ledger", "--report", "reports/lf")
    assert found(claims) == {key: value for key, value in plain.items() if key[0] == "XX-02"}
    assert (claims.root / "reports/latest/claims.json").read_bytes() == whole
    assert claims.document()["session"]["selection"] is True


@pytest.mark.parametrize(
    "phase", ["pytest_collection", "pytest_runtestloop", "pytest_runtest_call", "pytest_sessionfinish"]
)
@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_a_signal_in_any_phase_leaves_no_report_that_looks_whole(claims, phase, signal):
    """At collection nothing is judged, and the report that was there stays; later it is taken for no newer one."""
    file = claims.add_file("reports/latest/claims.json", "{}")
    hook = f"""
import os, signal
import pytest
signal.signal(signal.SIGINT, signal.default_int_handler)

@pytest.hookimpl(tryfirst=True)
def {phase}():
    os.kill(os.getpid(), signal.{signal})

"""
    claims.add_file("conftest.py", hook + 'pytest_plugins = ["harness.plugin"]\n')
    assert claims.run("--judge-anew", "--no-ledger").ret in (pytest.ExitCode.INTERRUPTED, -2, 130)
    if phase == "pytest_collection":
        assert file.read_text() == "{}"
    else:
        assert not file.exists() or claims.document()["partial"] is True


REPEATED = """
import pytest

@pytest.fixture
def _number(request):
    return request.param

def pytest_generate_tests(metafunc):
    metafunc.fixturenames.append("_number")
    metafunc.parametrize("_number", range(2), indirect=True, ids=["1-2", "2-2"])

"""
"""What pytest-repeat does."""


def test_cases_that_a_plugin_repeats_are_the_same_cases(claims, plain):
    claims.run("--update-ledger")
    claims.add_file("conftest.py", REPEATED + 'pytest_plugins = ["harness.plugin"]\n')
    result = claims.run("--judge-anew")
    result.assert_outcomes(passed=10)
    assert found(claims) == plain
    assert claims.document()["changed"] == []
