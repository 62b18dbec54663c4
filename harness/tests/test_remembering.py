"""A case that was judged before is not judged again, until anything that it comes from changes."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from harness.judging.memory import Memory
from harness.judging.sources import Sources
from harness.rules import Estimate, greater_than
from harness.runs import Bench, Result, Run, ingredients
from harness.runs.code import closure
from harness.runs.devices import surely_no_gpu
from harness.store import Store, content_key
from harness.store.record import encode
from harness.tests import fake_data
from harness.tests.fake_recipes import Draw
from harness.tests.made_up_cases import case, not_run
from harness.tests.test_commands_train import harness

PROJECT = Path(__file__).resolve().parents[2]

CLAIM = """
from pathlib import Path
from claims.paper2020.methods.helper import number

@claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two", readings={"how": ("one", "two")})
def test_one(lab, how):
    \"\"\"One is one.\"\"\"
    with Path("judged").open("a") as file:
        file.write(f"{how}\\n")
    lab.note("noted")
    lab.series("curve", [1, 2], [0.1, float("nan")])
    lab.measure(Exact(number()))
    lab.control(Exact(2.0))
"""

RECORDS = """
from pathlib import Path
from harness.tests.fake_recipes import Draw

@claim("XX-02", where="Eq. 1", rule=less_than(100.0), control="a thousand more", runs=lambda: {"draws": Draw()},
       seeds=range(4), reach={"smoke": "proxy"}, about="mechanism")
def test_draws(lab):
    \"\"\"Draws are below a hundred.\"\"\"
    with Path("judged").open("a") as file:
        file.write("draws\\n")
    values = [record.metrics["mean"] for record in lab.records(lab.runs["draws"])]
    lab.measure(values)
    lab.control([value + 1000 for value in values])
"""

IMAGES = """
from pathlib import Path

@claim("XX-03", where="Eq. 1", rule=greater_than(0.0), control="nothing", tier="laptop", data=("fake",))
def test_images(lab, data):
    \"\"\"There are images.\"\"\"
    with Path("judged").open("a") as file:
        file.write("images\\n")
    lab.measure(Exact(float(lab.images(data).images.sum())))
    lab.control(Exact(0.0))
"""

PUBLISHED = """
from harness.data import catalogue
from harness.data.idx import Idx
from harness.tests.fake_data import GREY, listed, spec

FILES = [listed(name, Path("data", name).read_bytes()) for name in ("raw/images", "raw/labels")]
catalogue.PUBLISHED["fake"] = spec(Idx(*FILES), images=GREY)
"""

TORCH = """
import sys

def pytest_sessionfinish():
    print("torch was", "imported" if "torch" in sys.modules else "not needed")
"""


@pytest.fixture
def paper(suite):
    suite.add_file("pytest.ini", "[pytest]\npythonpath = .\n")
    suite.add_file("claims/paper2020/methods/__init__.py", "")
    suite.add_file("claims/paper2020/methods/helper.py", "def number(): return 1.0\n")
    return suite


def judged(suite) -> list[str]:
    """What was judged since this was asked last."""
    file = suite.root / "judged"
    lines = sorted(file.read_text().split()) if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def without_seconds(value):
    """Without the time that was taken, and what was reported before."""
    if isinstance(value, dict):
        left_out = ("seconds", "previous")
        return {name: without_seconds(one) for name, one in value.items() if name not in left_out}
    return [without_seconds(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_second_session_judges_nothing_and_reports_the_same(paper, options):
    paper.claims(CLAIM)
    paper.add_file("claims/conftest.py", TORCH)
    paper.run(*options).assert_outcomes(passed=2)
    first = paper.document()
    assert judged(paper) == ["one", "two"]
    again = paper.run(*options, "-s")
    again.assert_outcomes(passed=2)
    again.stdout.fnmatch_lines(["2 cases were judged before*"])
    if not options:
        again.stdout.fnmatch_lines(["*torch was not needed*"])
    assert judged(paper) == []
    second = paper.document()
    assert second["history"] != first["history"]  # which has the first session before it now
    assert without_seconds({**second, "history": first["history"]}) == without_seconds(first)
    assert [one["seconds"] for one in paper.entry("XX-01")["cases"]] == [
        one["seconds"] for one in first["claims"][0]["cases"]
    ]


CHANGES = {
    "claims/paper2020/test_topic.py": "\n# a comment\n",
    "claims/paper2020/methods/helper.py": "\ndef number(): return 2.0 - 1.0\n",
    "claims/paper2020/table.csv": "1,2\n",
    "claims/conftest.py": "\n",
}


def test_a_change_of_a_file_judges_anew(paper):
    paper.claims(CLAIM)
    paper.run().assert_outcomes(passed=2)
    judged(paper)
    for file, text in CHANGES.items():
        with (paper.root / file).open("a") as stream:
            stream.write(text)
        paper.run().assert_outcomes(passed=2)
        assert judged(paper) == ["one", "two"], file


def test_a_claim_of_another_module_changes_nothing(paper):
    paper.claims(CLAIM)
    paper.run()
    judged(paper)
    paper.claims(CLAIM.replace("XX-01", "XX-04"), "test_other.py")
    paper.run("-k", "XX-01").assert_outcomes(passed=2, deselected=2)
    assert judged(paper) == []


def test_a_remembered_case_is_held_against_the_ledger_of_today(paper):
    paper.claims(CLAIM)
    paper.run("--update-ledger").assert_outcomes(passed=2)
    ledger = paper.ledger.read_text()
    paper.ledger.write_text(ledger.replace("supported", "refuted"))
    judged(paper)
    result = paper.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*recorded was: refuted*"])
    assert judged(paper) == []


def test_to_judge_anew_and_to_verify_take_nothing_from_memory(paper):
    paper.claims(CLAIM)
    paper.run()
    judged(paper)
    paper.run("--judge-anew").assert_outcomes(passed=2)
    assert judged(paper) == ["one", "two"]
    assert harness(paper.root, "verify").returncode == 0
    assert judged(paper) == ["one", "two"]


def test_what_failed_or_did_not_run_is_judged_again(paper):
    paper.claims(CLAIM.replace("lab.measure(Exact(number()))", "raise OSError"))
    paper.run().assert_outcomes(failed=2)
    assert judged(paper) == ["one", "two"]
    paper.run().assert_outcomes(failed=2)
    assert judged(paper) == ["one", "two"]


@pytest.mark.skipif(not surely_no_gpu(), reason="whether there is a GPU is for torch to say")
@pytest.mark.parametrize(
    ("text", "options"), [(IMAGES.replace('"fake"', '"mnist"'), ["--tier", "laptop"]), (RECORDS, ["--no-train"])]
)
def test_a_claim_whose_data_or_runs_are_not_here_does_not_load_torch(paper, text, options):
    paper.claims(text)
    paper.add_file("claims/conftest.py", TORCH)
    result = paper.run(*options, "-s")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*torch was not needed*"])


def test_other_threads_judge_anew(paper, monkeypatch):
    paper.claims(CLAIM)
    paper.run()
    judged(paper)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    paper.run()
    assert judged(paper) == ["one", "two"]


def test_a_damaged_memory_is_passed_over_and_written_anew(paper):
    paper.claims(CLAIM)
    paper.run()
    judged(paper)
    first, second = sorted((paper.root / "reports/store/judged").iterdir())
    whole = [first.read_bytes(), second.read_bytes()]
    first.write_bytes(whole[0].replace(b"supported", b"refuted  "))
    second.write_bytes(whole[1][:-20])
    paper.run().assert_outcomes(passed=2)
    assert judged(paper) == ["one", "two"]
    paper.run().assert_outcomes(passed=2)
    assert judged(paper) == []


def test_a_store_that_cannot_be_made_costs_only_the_memory(paper):
    paper.claims(CLAIM)
    (paper.root / "file").touch()
    for _ in range(2):
        paper.run("--store", "file/store").assert_outcomes(passed=2)
        assert judged(paper) == ["one", "two"]


def test_another_record_judges_anew_and_a_missing_one_leaves_the_claim_not_run(paper):
    paper.claims(RECORDS)
    paper.run().assert_outcomes(passed=1)
    assert judged(paper) == ["draws"]
    paper.run().assert_outcomes(passed=1)
    assert judged(paper) == []
    store = Store(paper.root / "reports/store")
    made_of = ingredients(Run(Draw(), 2), Bench())
    key = content_key(made_of)
    json_file, tensors_file = store.files(key)
    content, _ = encode(key, made_of, Result({"mean": 7.5, "curve": []}), {}, 0.0)
    json_file.write_bytes(content)
    tensors_file.unlink()
    paper.run("--no-train").assert_outcomes(passed=1)
    assert judged(paper) == ["draws"]
    json_file.unlink()
    paper.run("--no-train").assert_outcomes(skipped=1)


def test_other_data_judge_anew(paper):
    paper.add_file("conftest.py", f"{(paper.root / 'conftest.py').read_text()}\nfrom pathlib import Path\n{PUBLISHED}")
    paper.claims(IMAGES)
    fake_data.idx(paper.root / "data")
    options = ("--tier", "laptop", "--data", "data")
    paper.run(*options).assert_outcomes(passed=1)
    assert judged(paper) == ["images"]
    paper.run(*options).assert_outcomes(passed=1)
    assert judged(paper) == []
    images = fake_data.GREY[:, 0].copy()
    images[0, 0, 0] ^= 1
    (paper.root / "data/raw/images").write_bytes(fake_data.idx_bytes(images))
    paper.run(*options).assert_outcomes(passed=1)
    assert judged(paper) == ["images"]


WHAT, DEPENDS, READS = {"claim": "XX-01"}, {"code": "abc"}, {"data": [["mnist", "train", "0"]]}


def test_memory_gives_back_what_it_was_given(tmp_path):
    memory = Memory(tmp_path)
    kept = case("a", Estimate(1.0, float("nan"), 1, 0), greater_than(0.0), series={"c": {"x": [1.0], "y": [0.1]}})
    assert memory.recall(WHAT, DEPENDS, lambda reads: True) is None
    memory.keep(WHAT, DEPENDS, READS, kept)
    assert repr(memory.recall(WHAT, DEPENDS, lambda reads: reads == READS)) == repr(
        dataclasses.replace(kept, data=[], runs=[], failed=[], notes=[], pictures=[], seeds=[])
    )
    assert memory.recall(WHAT, DEPENDS, lambda reads: False) is None
    assert memory.recall(WHAT, {"code": "abd"}, lambda reads: True) is None
    assert memory.recall({"claim": "XX-02"}, DEPENDS, lambda reads: True) is None


def test_a_later_judging_takes_the_place_of_an_earlier_one(tmp_path):
    memory = Memory(tmp_path)
    memory.keep(WHAT, DEPENDS, READS, case())
    memory.keep(WHAT, {"code": "later"}, READS, not_run("", "no data"))
    assert len(list(tmp_path.iterdir())) == 1
    assert memory.recall(WHAT, {"code": "later"}, lambda reads: True).failure == "no data"


def test_no_flipped_byte_is_believed(tmp_path):
    memory = Memory(tmp_path)
    memory.keep(WHAT, DEPENDS, READS, case())
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    for place in range(0, len(content), 17):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert memory.recall(WHAT, DEPENDS, lambda reads: True) is None
    for content in (b"", b"[]", json.dumps({"sha256": "0" * 64}).encode()):
        file.write_bytes(content)
        assert memory.recall(WHAT, DEPENDS, lambda reads: True) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written_to_is_no_failure(tmp_path):
    tmp_path.chmod(0o500)
    Memory(tmp_path / "judged").keep(WHAT, DEPENDS, READS, case())


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def names(root: Path, start: str) -> set[str]:
    return {str(file.relative_to(root)) for file in Sources([root]).reached([root / start])}


@pytest.mark.parametrize(
    "line",
    [
        "import package.inner.far",
        "import package.inner.far as f",
        "from package.inner import far",
        "from package.inner import (\n    other,\n    far,\n)",
        "from package.inner.far import value",
        "    from package.inner.far import value",
        "LOSSES.register('name', 'package.inner.far:value')",
        "importlib.import_module('package.inner.far')",
        "from .package.inner import far",
        "from .package.inner.far import value",
        "import near",
    ],
)
def test_what_a_module_names_is_found(tmp_path, line):
    root = written(tmp_path, {
        "start.py": line, "near.py": "import package.inner.far", "alone.py": "", "package/__init__.py": "",
        "package/inner/__init__.py": "import alone", "package/inner/far.py": "import json",
        "package/inner/table.csv": "1,2", "package/unread.py": "import near",
    })  # fmt: skip
    found = names(root, "start.py") - {"near.py"}
    inner = {"package/inner/far.py", "package/inner/__init__.py", "package/inner/table.csv"}
    assert found == {"start.py", "package/__init__.py", "alone.py", *inner}


def test_a_digest_is_that_of_bytes_and_places_wherever_the_project_stands(tmp_path):
    one = written(tmp_path / "one", {"start.py": "import near", "near.py": ""})
    other = written(tmp_path / "other", {"start.py": "import near", "near.py": ""})
    digests = {Sources([root]).digest(Sources([root]).reached([root / "start.py"])) for root in (one, other)}
    assert len(digests) == 1
    written(other, {"near.py": "# changed"})
    assert Sources([other]).digest(Sources([other]).reached([other / "start.py"])) not in digests


def test_nothing_that_the_digest_of_the_code_of_a_run_sees_is_overlooked():
    """`harness.runs.code` reads syntax trees: it finds the modules of a claim's file in another way."""
    sources = Sources([PROJECT])
    for file in sorted(PROJECT.glob("claims/*/test_*.py"))[::8]:
        module = ".".join(file.relative_to(PROJECT).with_suffix("").parts)
        found = sources.reached([file])
        assert set(closure([module]).values()) <= found, file
        assert not any("harness/report" in str(one) or "harness/commands" in str(one) for one in found)


def test_rules_and_embedded_images_count_for_every_claim():
    from harness.plugin.remembering import JUDGING

    found = {str(file.relative_to(PROJECT)) for file in Sources([PROJECT]).reached(JUDGING)}
    rules = {str(file.relative_to(PROJECT)) for file in (PROJECT / "harness/rules").glob("*.py")}
    assert rules <= found
    assert {"harness/judging/correction.py", "harness/data/embedded.py", "harness/data/digits.csv.gz"} <= found
    assert {"harness/plugin/judging.py", "harness/lab/lab.py"} <= found
