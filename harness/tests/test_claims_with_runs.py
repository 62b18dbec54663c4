"""Claims that need runs or data: done before the tests, once each; what is missing is not run, never judged."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.store import Store
from harness.store.record import seal

CLAIM = """
from harness.tests.fake_recipes import Counted, Diverges, Draw, Fails, Reads

@claim("XX-01", where="Eq. 1", rule=less_than(100.0), control="a thousand more",
       runs=lambda: {{"draws": {recipe}}}, seeds=range(4), reach={{"smoke": "proxy"}}, about="mechanism",
       readings={{"how": ("one", "two")}})
def test_draws(lab, how):
    \"\"\"Draws are below a hundred.\"\"\"
    values = [record.metrics.get("mean", record.metrics.get("marker", 0)) + record.made_of["seed"]
              for record in lab.records(lab.runs["draws"])]
    lab.measure(values)
    lab.control([value + 1000 for value in values])
"""

DATA = """
@claim("XX-02", where="Eq. 2", rule=greater_than(0), control="nothing", tier="laptop", data=("mnist", "cifar10"))
def test_images(lab, data):
    \"\"\"There are images.\"\"\"
    lab.measure(Exact(float(len(lab.images(data)))))
    lab.control(Exact(0.0))
"""


def with_recipe(suite, recipe: str) -> None:
    suite.claims(CLAIM.format(recipe=recipe))


def lines(file) -> list[str]:
    return sorted(file.read_text().split())


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_each_run_is_done_once_and_judging_again_needs_none(suite, options):
    count = suite.root / "count"
    with_recipe(suite, f"Counted({str(count)!r})")
    suite.run(*options).assert_outcomes(passed=2)
    assert lines(count) == ["0/0", "0/1", "0/2", "0/3"]
    suite.run(*options, "--no-train").assert_outcomes(passed=2)
    assert len(lines(count)) == 4
    entry = suite.entry("XX-01")
    assert entry["evidence"] == "proxy"
    assert len(entry["runs"]) == 4


@pytest.mark.parametrize(("ends", "verdict"), [("0.1, 0.2, -0.1", "supported"), ("8.0, 8.1, 8.05", "inconclusive")])
def test_runs_that_end_where_no_sound_run_does_decide_nothing(ends, verdict, suite):
    reference = f'__import__("harness.runs.recipe", fromlist=["x"]).Reference("mean", ({ends}))'
    with_recipe(suite, f"Draw(reference={reference})")
    suite.run()
    entry = suite.entry("XX-01")
    assert entry["verdict"] == verdict
    assert ("rests on a suspect run" in entry["reason"]) == (verdict == "inconclusive")


@pytest.mark.parametrize(("tier", "seeds"), [("smoke", [0, 1]), ("laptop", [0, 1]), ("nightly", [5, 6, 7])])
def test_a_tier_may_have_seeds_of_its_own(tier, seeds, suite):
    count = suite.root / "count"
    claims = CLAIM.format(recipe=f"Counted({str(count)!r})")
    suite.claims(claims.replace("seeds=range(4)", 'seeds={"smoke": (0, 1), "nightly": (5, 6, 7)}'))
    suite.run("--tier", tier)
    assert lines(count) == [f"0/{seed}" for seed in seeds]
    entry = suite.entry("XX-01")
    assert (len(entry["runs"]), entry["measured"]["n"]) == (len(seeds), len(seeds))


@pytest.mark.parametrize(("tier", "name", "stands_in"), [
    ("smoke", "digits", True), ("laptop", "textures", False), ("nightly", "two-digits", False),
])  # fmt: skip
def test_a_tier_may_have_data_of_its_own(tier, name, stands_in, suite):
    by_tier = '{"laptop": ("textures",), "nightly": ("two-digits",)}, proxies=("digits",)'
    suite.claims(DATA.replace('tier="laptop", data=("mnist", "cifar10")', f"data={by_tier}"))
    suite.run("--tier", tier).assert_outcomes(passed=1)
    (case,) = suite.entry("XX-02")["cases"]
    assert (case["parameters"], case["stand_in"], case["tier"]) == ({"data": name}, stands_in, tier)


def test_claims_that_need_training_can_be_left_out(suite):
    with_recipe(suite, "Draw()")
    suite.run("-m", "not trained").assert_outcomes(deselected=2)
    suite.run("-m", "trained").assert_outcomes(passed=2)


def test_without_training_a_missing_run_leaves_the_claim_not_run(suite):
    with_recipe(suite, "Draw()")
    result = suite.run("--no-train", "-rs")
    result.assert_outcomes(skipped=2)
    entry = suite.entry("XX-01")
    assert entry["verdict"] == "not run"
    assert "is not in" in entry["reason"]


def test_a_run_that_diverged_is_not_judged_and_says_where(suite):
    with_recipe(suite, "Diverges()")
    suite.run().assert_outcomes(skipped=2)
    assert "diverged at step 812" in suite.entry("XX-01")["reason"]


def test_a_run_that_fails_fails_its_claims_with_the_reason_and_is_tried_once(suite):
    with_recipe(suite, 'Fails("the disk is gone")')
    result = suite.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*the disk is gone*"])
    assert suite.entry("XX-01")["verdict"] == "not run"


def test_progress_of_runs_is_told_in_plain_lines(suite):
    with_recipe(suite, "Draw()")
    first, second = suite.run(), suite.run()
    first.stderr.fnmatch_lines(["*fake-draw, seed 0: started", "*4/4*fake-draw*"])
    assert not second.stderr.lines


def test_a_record_with_a_flipped_byte_is_set_aside_and_its_run_done_again(suite):
    with_recipe(suite, "Draw()")
    suite.run().assert_outcomes(passed=2)
    before = suite.entry("XX-01")
    store = suite.root / "reports/store"
    record = min((store / "records").glob("*.json"))
    content = bytearray(record.read_bytes())
    content[len(content) // 2] ^= 1
    record.write_bytes(content)
    suite.run("--no-train").assert_outcomes(skipped=2)
    assert list((store / "quarantine").iterdir())
    suite.run().assert_outcomes(passed=2)
    assert suite.entry("XX-01")["measured"] == before["measured"]


def test_killed_in_the_middle_it_loses_no_finished_record(suite):
    count, hold = suite.root / "count", suite.root / "hold"
    hold.touch()
    suite.claims(CLAIM.format(recipe=f"Counted({str(count)!r})"))
    suite.run().assert_outcomes(passed=2)
    finished = sorted((suite.root / "reports/store/records").iterdir())
    with_recipe(suite, f"Counted({str(count)!r}, marker=1, hold={str(hold)!r})")
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "claims", "-p", "no:cacheprovider"],
        cwd=suite.root, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    while "started" not in process.stderr.readline():
        assert process.poll() is None
    process.kill()
    process.communicate()
    assert set(finished) <= set((suite.root / "reports/store/records").iterdir())
    hold.unlink()
    suite.run().assert_outcomes(passed=2)
    assert [line for line in lines(count) if line.startswith("0/")] == ["0/0", "0/1", "0/2", "0/3"]


def test_a_data_set_that_is_not_there_is_said_and_skipped_or_required(suite):
    suite.claims(DATA)
    suite.run("--tier", "laptop").assert_outcomes(skipped=2)
    entry = suite.entry("XX-02")
    assert entry["verdict"] == "not run"
    assert "--data DIR" in entry["reason"]
    required = suite.run("--tier", "laptop", "--require-data")
    required.assert_outcomes(failed=2)


def test_a_damaged_data_set_fails_before_anything_is_judged(suite):
    suite.claims(DATA)
    raw = suite.root / "data/MNIST/raw"
    raw.mkdir(parents=True)
    for split in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{split}-{kind}-ubyte.gz").write_bytes(b"cut short")
    result = suite.run("--tier", "laptop", "--data", "data", "-k", "mnist")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*DatasetCorrupt*MNIST/raw*9 bytes*"])


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_damaged_data_set_costs_only_the_claims_whose_runs_need_it(suite, options):
    damaged = (
        CLAIM.format(recipe='Reads("mnist")').replace("smoke", "laptop").replace("seeds=", 'tier="laptop", seeds=')
    )
    suite.claims(damaged + CLAIM.format(recipe="Draw()").replace("XX-01", "XX-02").replace("test_draws", "test_others"))
    raw = suite.root / "data/MNIST/raw"
    raw.mkdir(parents=True)
    for split in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{split}-{kind}-ubyte.gz").write_bytes(b"cut short")
    result = suite.run("--tier", "laptop", "--data", "data", *options)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*DatasetCorrupt*MNIST/raw*9 bytes*"])
    assert suite.entry("XX-02")["verdict"] == "supported"


def test_a_folder_of_data_that_is_not_there_is_a_usage_error(suite):
    suite.claims(DATA)
    result = suite.run("--data", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--data nowhere: there is no such folder*"])


READS = """
from harness.tests.fake_recipes import Draw

@claim("XX-01", where="Eq. 1", rule=less_than(100.0), control="a thousand more", seeds=range(3), about="mechanism",
       runs={"smoke": {"a": Draw(), "b": Draw(scale=2.0)}}, reach={"smoke": "proxy"})
def test_draws(lab):
    \"\"\"Draws are below a hundred.\"\"\"
    values = [one.metrics["mean"] + two.metrics["mean"] for one, two in zip(lab.records(FIRST), lab.records(SECOND))]
    lab.measure(values)
    lab.control([value + 1000 for value in values])
"""


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ('lab.runs["a"]', 'lab.runs["b"]', None),
        ('lab.runs["a"]', "Draw(scale=3.0)", "reads fake-draw, scale 3, which its `runs` do not name at tier smoke"),
    ],
)
def test_a_claim_reads_no_run_that_it_does_not_declare(suite, first, second, why):
    suite.claims(READS.replace("FIRST", first).replace("SECOND", second))
    suite.run().assert_outcomes(passed=why is None, failed=why is not None)
    entry = suite.entry("XX-01")
    assert (entry["verdict"] == "supported") == (why is None)
    assert why is None or why in entry["reason"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"mean": "0.5", "curve": [0.0]}, "'mean' of record {key} is text, and in record"),
        ({"mean": [0.5], "curve": [0.0]}, "'mean' of record {key} is a list, and in record"),
        ({"curve": [0.0]}, "has 'mean', and record {key} of another seed has not"),
    ],
)
def test_a_record_with_metrics_of_another_kind_than_its_seeds_have_is_named(suite, changed, why):
    suite.claims(READS.replace("FIRST", 'lab.runs["a"]').replace("SECOND", 'lab.runs["b"]'))
    suite.run().assert_outcomes(passed=1)
    store = Store(suite.root / "reports/store")
    (record,) = [one for one in store.records() if (one.made_of["seed"], one.made_of["recipe"]["fields"]) == (2, {})]
    body = json.loads(store.files(record.key)[0].read_bytes())
    del body["sha256"]
    store.files(record.key)[0].write_bytes(seal({**body, "metrics": changed}))
    suite.run().assert_outcomes(failed=1)
    assert why.replace("{key}", record.key) in suite.entry("XX-01")["reason"]
