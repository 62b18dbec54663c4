"""`verify`, `merge` and bad usage."""

from __future__ import annotations

import copy
import json
import os
from typing import Any

import pytest

from harness.__main__ import COMMANDS, main, parser
from harness.commands.selection import run_pytest
from harness.commands.usage import BadUsage
from harness.commands.verify import differences, keyed
from harness.runs import Bench, Result, Run, ingredients, perform
from harness.store import Store, content_key, export
from harness.tests.fake_recipes import Draw
from harness.tests.test_commands_train import CLAIMS, harness

EXACT = """
@claim("XX-03", where="Eq. 3", rule=equals(1.0), control="two", paper=1.0, readings={"how": ("one", "two")})
def test_one_is_one(lab, how):
    \"\"\"One is one.\"\"\"
    lab.measure(Exact(1.0))
    lab.control(Exact(2.0))
"""

ENTRY: dict[str, Any] = {
    "id": "XX-03",
    "verdict": "supported",
    "measured": {"value": 0.25, "low": None, "n": 3},
    "readings": [{"name": "how: one", "verdict": "supported"}, {"name": "how: two", "verdict": "supported"}],
    "control": {"verdict": "refuted", "holds": True},
    "seconds": 0.1,
    "cases": [
        {"nodeid": "test.py::a", "parts": {"measured": {"effect": 0.25}}, "reason": "", "runs": ["k", "l"]},
        {"nodeid": "test.py::b", "parts": {"measured": {"effect": 1e-17}}, "reason": "", "runs": []},
    ],
}


def test_a_sound_store_and_report_verify_and_a_flipped_byte_or_a_changed_verdict_do_not(suite):
    suite.claims(CLAIMS + EXACT)
    for seed in range(4):
        perform(Run(Draw(), seed), Store(suite.root / "reports/store"), Bench())
    suite.run().assert_outcomes(passed=4)
    sound = harness(suite.root, "verify")
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert sound.stdout.splitlines() == [
        "store reports/store: 4 records read, none of them damaged",
        "evidence reports/evidence: 0 records read, no lines set aside",
        "report: 3 claims, 3 come to the same again",
    ]

    written = suite.root / "reports/latest/claims.json"
    document = json.loads(written.read_text())
    by_id = {entry["id"]: entry for entry in document["claims"]}
    by_id["XX-03"]["verdict"] = "refuted"
    by_id["XX-02"]["measured"]["value"] *= 1.001
    written.write_text(json.dumps(document))
    seed_3 = content_key(ingredients(Run(Draw(), 3), Bench()))
    file = suite.root / f"reports/store/records/{seed_3}.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + bytes([file.read_bytes()[-1] ^ 1]))

    found = harness(suite.root, "verify")
    assert found.returncode == 1
    assert "4 records read, 1 of them damaged" in found.stdout
    assert f"store entry {seed_3} corrupt" in found.stdout
    assert "report: 3 claims, 0 come to the same again" in found.stdout
    assert "  XX-01 verdict: 'supported' in the report, 'not run' now" in found.stdout
    assert "  XX-02 measured.value: " in found.stdout
    assert "  XX-03 verdict: 'refuted' in the report, 'supported' now" in found.stdout
    assert (suite.root / "reports/store/quarantine" / f"{seed_3}-1").is_dir()


def test_to_verify_writes_no_report(suite):
    suite.claims(EXACT)
    suite.run().assert_outcomes(passed=2)
    written = suite.root / "written"
    suite.add_file(
        "conftest.py",
        f"""
        import harness.plugin.reporting as reporting
        reporting.write = lambda *_: open({str(written)!r}, "w")
        pytest_plugins = ["harness.plugin"]
        """,
    )
    found = harness(suite.root, "verify")
    assert "report: 1 claims, 1 come to the same again" in found.stdout
    assert not written.exists()


def changed(path, value):
    entry = copy.deepcopy(ENTRY)
    *above, last = path
    place: Any = entry
    for name in above:
        place = place[name]
    place[last] = value
    return list(differences(keyed(ENTRY), keyed(entry)))


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("verdict",), "refuted", "verdict: 'supported' in the report, 'refuted' now"),
        (("measured", "value"), 0.2501, "measured.value: 0.25 in the report, 0.2501 now"),
        (("measured", "low"), 0.1, "measured.low: None in the report, 0.1 now"),
        (("control", "holds"), 1, "control.holds: True in the report, 1 now"),
        (("readings", 1, "verdict"), "refuted", "readings.how: two: 'supported' in the report, 'refuted' now"),
        (
            ("cases", 0, "parts", "measured", "effect"),
            0.3,
            "cases.a.parts.measured.effect: 0.25 in the report, 0.3 now",
        ),
        (("cases", 0, "runs"), ["k"], "cases.a.runs: ['k', 'l'] in the report, ['k'] now"),
        (("cases", 0, "runs", 1), "m", "cases.a.runs[1]: 'l' in the report, 'm' now"),
        (("cases", 1, "nodeid"), "test.py::c", None),
    ],
)
def test_every_change_of_an_entry_is_told_with_its_place(path, value, told):
    found = changed(path, value)
    assert found
    assert told is None or found == [told]


def test_seconds_reasons_the_order_of_cases_and_the_last_digits_are_not_compared():
    assert changed(("seconds",), 9.0) == []
    assert changed(("cases", 0, "reason"), "otherwise") == []
    assert changed(("cases", 1, "parts", "measured", "effect"), 3e-17) == []
    assert changed(("measured", "value"), 0.25 * (1 + 1e-9)) == []
    assert changed(("cases",), ENTRY["cases"][::-1]) == []


def bundle_of(folder, result):
    """A bundle with one record, of run `fake-draw, seed 0`, that holds this result."""
    store, made_of = Store(folder / "store"), ingredients(Run(Draw()), Bench())
    key = content_key(made_of)
    store.put(key, made_of, result, {}, 1.0)
    export(store, [key], folder / "bundle.zip")
    return key, folder / "bundle.zip"


def test_merge_takes_several_bundles_and_tells_conflicts_and_damage(tmp_path, capsys):
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    key, one = bundle_of(tmp_path / "one", Result({"mean": 1.0}))
    _, two = bundle_of(tmp_path / "two", Result({"mean": 2.0}))
    _, three = bundle_of(tmp_path / "three", Result({"mean": 1.0}))
    three.write_bytes(three.read_bytes().replace(b'"mean": 1.0', b'"mean": 9.0'))
    into = ["--store", str(tmp_path / "into")]
    assert main(["merge", str(one), str(one), *into]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"{one}: 1 records added, 0 were there already",
        f"{one}: 0 records added, 1 were there already",
    ]
    assert err == ""
    assert main(["merge", str(two), str(three), *into]) == 1
    err = capsys.readouterr().err
    assert f"{two}: run {key} has a record with another content" in err
    assert f"{three}: " in err
    assert Store(tmp_path / "into").get(key).metrics == {"mean": 1.0}


def test_merge_refuses_what_is_no_bundle_and_takes_the_rest(tmp_path, capsys):
    perform(Run(Draw()), Store(tmp_path / "store"), Bench())
    export(Store(tmp_path / "store"), Store(tmp_path / "store").keys(), tmp_path / "good.zip")
    (tmp_path / "bad.zip").write_text("no bundle")
    assert main(["merge", str(tmp_path / "bad.zip"), str(tmp_path / "good.zip"), "--store", str(tmp_path / "x")]) == 1
    assert "bad.zip is no bundle" in capsys.readouterr().err
    assert len(Store(tmp_path / "x").keys()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["plna"], "invalid choice: 'plna'"),
        (["plan", "--tier", "fast"], "invalid choice: 'fast'"),
        (["train", "--minutes", "0"], "'0' is not a number above zero"),
        (["train", "--minutes", "soon"], "'soon' is not a number above zero"),
        (["train", "--workers", "-1"], "'-1' is not a whole number above zero"),
        (["train", "--bundle", "nowhere/x.zip"], "--bundle nowhere/x.zip: there is no such folder"),
        (["merge"], "required: FILE"),
        (["merge", "nothing.zip"], "nothing.zip: there is no such file"),
        (["merge", "file", "--store", "file"], "file is a file: the store is a folder"),
        (["verify"], "there is no such store, and no report"),
        (["verify", "--store", "nowhere"], "nowhere: there is no such store"),
        (["verify", "--report", "nowhere"], "nowhere/claims.json: not there"),
        (["verify", "--store", "empty", "--evidence", "nowhere"], "--evidence nowhere: there is no such folder"),
        (["recheck", "--evidence", "nowhere"], "--evidence nowhere: there is no such folder"),
        (["plan", "--evidence", "file"], "--evidence file: there is no such folder"),
        (["doctor", "--data", "nowhere"], "--data nowhere: there is no such folder"),
        (["verify", "--report", "damaged"], "damaged/claims.json: not a report's"),
        (["report", "newer"], "newer/claims.json: schema 99, this suite reads 3"),
        (["report", "list"], "list/claims.json: not a report's"),
        (["verify", "--report", "null"], "null/claims.json: not a report's"),
        (["verify", "--report", "older"], "older/claims.json: an earlier version of this suite wrote it"),
        (["report", "entry"], "entry/claims.json: an earlier version of this suite wrote it"),
        (["verify", "--report", "empty"], "empty/claims.json: it has no claims"),
    ],
)
def test_bad_usage_is_one_clear_line_and_status_2(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    contents = {
        "damaged": "{",
        "newer": '{"schema": 99}',
        "list": "[]",
        "null": '{"schema": 3, "session": {}, "papers": [], "base": null, "unsteady": [], "claims": null}',
        "older": '{"schema": 3, "session": {}, "claims": []}',
        "entry": '{"schema": 3, "session": {}, "papers": [], "base": null, "unsteady": [], '
        '"claims": [{"id": "XX-01", "decides": {}}]}',
        "empty": '{"schema": 3, "session": {}, "papers": [], "base": null, "unsteady": [], "claims": []}',
    }
    for name, content in contents.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "claims.json").write_text(content)
    try:
        status: Any = main(arguments)
    except SystemExit as end:
        status = end.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_what_pytest_refuses_is_told_without_its_usage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadUsage, match=r"^unrecognized arguments: --no-such-option$"):
        run_pytest(["--no-such-option"], None)
    with pytest.raises(BadUsage, match=r"^file or directory not found: nowhere$"):
        run_pytest(["nowhere"], None)


def test_every_command_has_help(capsys):
    for name, module in COMMANDS.items():
        with pytest.raises(SystemExit) as end:
            parser().parse_args([name, "--help"])
        assert end.value.code == 0
        assert module.__doc__.splitlines()[0] in capsys.readouterr().out


def test_ctrl_c_is_status_130(monkeypatch, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.commands.report.read_document", interrupted)
    assert main(["report"]) == 130
    assert os.listdir(tmp_path) == []
