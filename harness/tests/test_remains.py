"""A run that failed or diverged leaves how far it was, its last lines, its stack, device and seconds, at its claims."""

from __future__ import annotations

import logging

import pytest
import torch

from harness.runs import Bench, Run, perform, perform_all
from harness.runs.batch import plan
from harness.runs.errors import RunFailed
from harness.runs.remains import leave_for, left
from harness.store import Store
from harness.tests.fake_recipes import Counted, Dies
from harness.tests.test_training_together import CNN
from harness.training.trainer import Trainer


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def left_by(run, store):
    (outcome,) = plan([run], store, Bench())
    return left(store, outcome.key)


def break_at(step, how, monkeypatch):
    """Have something happen after so many steps of a training, those not counted that are thrown away."""
    plain, done = Trainer.step, []

    def broken(trainer, batch):
        loss, score = plain(trainer, batch)
        if trainer.done.draws is not None:
            done.append(1)
            if len(done) == step:
                logging.getLogger("harness.test").warning("something is strange")
                how(loss)
        return loss, score

    monkeypatch.setattr(Trainer, "step", broken)


def out_of_memory(loss):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_a_loss_that_is_not_a_number_at_step_three_leaves_the_losses_until_then(store, monkeypatch):
    break_at(3, lambda loss: loss.fill_(torch.nan), monkeypatch)
    assert perform(Run(CNN), store, Bench()).diverged
    found = left_by(Run(CNN), store)
    assert (found["kind"], found["device"]) == ("RunDiverged", "cpu")
    assert "diverged at step 2" in found["message"]
    *finite, last = found["reached"]["last losses"]
    assert (len(finite), last) == (2, "nan")
    assert found["reached"]["steps"] == 2
    assert "something is strange" in found["log"][1]
    assert "_refuse_divergence" in found["stack"]
    assert 'File "harness/training/trainer.py"' in found["stack"]
    assert found["seconds"] >= 0


def test_out_of_memory_in_the_second_epoch_leaves_the_first(store, monkeypatch):
    break_at(CNN.data.count // CNN.batch_size + 1, out_of_memory, monkeypatch)
    (outcome,) = perform_all([Run(CNN)], store, Bench())
    found = left_by(Run(CNN), store)
    assert (outcome.failure.kind, found["kind"]) == ("OutOfMemoryError", "OutOfMemoryError")
    assert found["reached"]["epochs"] == len(found["reached"]["train_loss"]) == 1
    assert any("epochs 1/2" in line for line in found["log"])
    monkeypatch.undo()
    perform(Run(CNN), store, Bench())
    assert left_by(Run(CNN), store) is None


def test_a_process_that_is_killed_leaves_its_last_lines_and_what_it_had_saved(store, tmp_path, monkeypatch):
    (outcome,) = perform_all([Run(Dies())], store, Bench(), apart=True)
    found = left_by(Run(Dies()), store)
    assert (outcome.failure.kind, found["kind"]) == ("WorkerDied", "WorkerDied")
    assert "was killed by SIGKILL" in found["message"]
    assert found["log"][0].endswith(" begins")
    assert found["device"] == "cpu"


def test_what_a_training_had_saved_when_it_was_killed_is_told(store, monkeypatch):
    class Killed(BaseException):
        """Nothing catches it, as nothing catches SIGKILL."""

    def kill(loss):
        raise Killed

    monkeypatch.setattr("harness.training.checkpoint.EVERY", 0.0)
    monkeypatch.setattr("harness.training.checkpoint.COST", 1e9)
    break_at(CNN.data.count // CNN.batch_size + 3, kill, monkeypatch)
    with pytest.raises(Killed):
        perform(Run(CNN), store, Bench())
    (outcome,) = plan([Run(CNN)], store, Bench())
    leave_for(RunFailed(str(Run(CNN)), "WorkerDied", "killed"), outcome.key, store, "cpu")
    found = left_by(Run(CNN), store)
    assert len(found["reached"]["train_loss"]) == 1
    assert len(found["reached"]["last losses"]) >= 1


def test_a_run_that_hangs_leaves_its_stack(store, tmp_path):
    hold = tmp_path / "hold"
    hold.touch()
    run = Run(Counted(str(tmp_path / "calls"), hold=str(hold)))
    perform_all([run], store, Bench(), stalled=1.0)
    found = left_by(run, store)
    assert found["kind"] == "Stalled"
    assert "fake_recipes.py" in found["stack"]
    assert "steps 1/10" in found["log"][1]
    assert found["seconds"] >= 1


@pytest.mark.parametrize("text", ["", "[]", '{"run": 1}'])
def test_notes_that_cannot_be_read_are_none(store, text):
    (outcome,) = plan([Run(CNN)], store, Bench())
    (store.path / "failed").mkdir()
    (store.path / "failed" / f"{outcome.key}.json").write_text(text)
    assert left(store, outcome.key) is None


CLAIMS = """
    from harness.tests.fake_recipes import Dies, Diverges, Fails

    @claim("XX-01", where="Eq. 1", rule=greater_than(0.0), control="the same less ten", seeds=range(1),
           runs={"smoke": {"fails": Fails("no <b>such</b> thing")}})
    def test_first(lab):
        \"\"\"Markers are above zero.\"\"\"
        lab.records(lab.runs["fails"])

    @claim("XX-02", where="Eq. 1", rule=greater_than(0.0), control="the same less ten", seeds=range(1),
           runs={"smoke": {"fails": Fails("no <b>such</b> thing"), "diverges": Diverges()}})
    def test_second(lab):
        \"\"\"Markers are above zero.\"\"\"
        lab.records(lab.runs["diverges"])

    @claim("XX-03", where="Eq. 1", rule=greater_than(0.0), control="the same less ten", seeds=range(1),
           runs={"smoke": {"dies": Dies()}})
    def test_third(lab):
        \"\"\"Markers are above zero.\"\"\"
        lab.records(lab.runs["dies"])
"""


def test_every_claim_that_a_failed_run_leaves_undecided_leads_to_what_it_left(suite):
    """In the session that did the runs, and in one that only looks for them."""
    suite.claims(CLAIMS)
    for arguments in ([], ["--no-train"]):
        suite.run(*arguments)
        document = suite.document()
        kinds = {
            id: {document["failed"][key]["kind"] for key in suite.entry(id)["failed"]}
            for id in ("XX-01", "XX-02", "XX-03")
        }
        assert kinds == {"XX-01": {"FloatingPointError"}, "XX-02": {"RunDiverged"}, "XX-03": {"WorkerDied"}}, arguments
        for found in document["failed"].values():
            assert found["device"] == "cpu"
            assert found["log"]
            assert str(suite.root) not in str(found)
        page = max(suite.root.glob("reports/*/index.html")).read_text()
        for id in ("XX-01", "XX-02", "XX-03"):
            (key,) = suite.entry(id)["failed"]
            assert f"#failed-{key[:12]}" in page
            assert f"id=failed-{key[:12]}" in page
        assert "<b>such" not in page
    assert "failed: FloatingPointError: no <b>such</b> thing" in suite.entry("XX-01")["reason"]
