"""The runs behind claims, each once, and their recipes in words beside the paper's own."""

from __future__ import annotations

from harness.report.page import render
from harness.report.runs import aspects, in_words, trained
from harness.tests.made_up_cases import case
from harness.tests.test_report import described, documented


def recipe(count, epochs=4, width=8):
    """A recipe that holds a training, as records describe it."""
    network = {
        "name": "network",
        "fields": {"name": "vgg", "parameters": [["width", width], ["bias", False], ["x", None]]},
    }
    data = {"name": "data", "fields": {"name": "cifar10", "held_out": 500, **({"count": count} if count else {})}}
    optimiser = {"name": "sgd", "fields": {"rate": 0.1}}
    fields = {"network": network, "data": data, "epochs": epochs, "optimiser": optimiser, "batch_size": 64}
    return {"name": "shuffle-test", "fields": {"passes": 2, "training": {"name": "training", "fields": fields}}}


def run(key, seed, accuracy, described):
    """A run of claims.json before it stands in its table."""
    told = {"source": "recorded", "freshness": "current", "device": "cpu", "date": "2026-01-02", "commit": "abc"}
    return {
        "key": key, "title": f"plain, seed {seed}", "seed": seed, "seconds": 2.0, "accuracy": accuracy,
        "recipe": described, "code": "c", "data": {}, **told,
    }  # fmt: skip


RUNS = [run("k1", 1, 0.5, recipe(3200)), run("k2", 2, 0.7, recipe(3200))]


def test_a_run_and_its_recipe_stand_once_in_a_document_and_cases_name_it():
    found = documented(described(), case("a", runs=RUNS), case("b", runs=RUNS[:1]))
    assert list(found["runs"]) == ["k1", "k2"]
    assert [one["runs"] for one in found["claims"][0]["cases"]] == [["k1", "k2"], ["k1"]]
    (name,) = found["recipes"]
    assert found["recipes"][name] == recipe(3200)
    assert {one["recipe"] for one in found["runs"].values()} == {name}
    assert found["runs"]["k1"]["commit"] == "abc"


def test_runs_that_differ_in_their_seed_alone_are_one_row_with_the_mean_of_what_they_reached():
    found = documented(described(), case("a", runs=RUNS))
    (row,) = trained(found["claims"][0], found)
    assert (row["title"], row["seeds"], row["seconds"], row["accuracy"]) == ("plain", [1, 2], 4.0, 0.6)
    without = documented(described(), case("a", runs=[RUNS[0], {**RUNS[1], "accuracy": None}]))
    assert trained(without["claims"][0], without)[0]["accuracy"] is None


def test_a_recipe_is_told_beside_the_papers_own():
    found = documented(described(papers_recipes=[recipe(None, epochs=100, width=64)]), case("a", runs=RUNS))
    rows = {what: (ours, papers) for what, ours, papers in in_words(found["claims"][0], found)}
    assert rows["network"] == ("vgg, no bias, width 8", "vgg, no bias, width 64")
    assert rows["training images"] == ("3,200", "all")
    assert rows["epochs"] == ("4", "100")
    assert rows["optimiser"] == ("SGD, learning rate 0.1", "SGD, learning rate 0.1")
    page = render(found)
    assert "<th scope=col>at reach paper" in page
    assert "60.0 %" in page


def test_accuracies_stand_beside_the_papers_and_what_guessing_gives():
    def of_classes(count, **changes):
        made = recipe(3200, **changes)
        made["fields"]["training"]["fields"]["network"]["fields"]["parameters"].append(["classes", count])
        return made

    runs = [run("k1", 1, 0.5, of_classes(10)), run("k2", 2, 0.7, of_classes(10)), run("k3", 1, None, of_classes(10))]
    told = described(papers_recipes=[of_classes(100, epochs=100)], baseline={"paper": 74.1, "within": 1.0})
    found = documented(told, case("a", runs=runs))
    rows = in_words(found["claims"][0], found)
    assert ("accuracies reached", "50.0 % to 70.0 %", "74.1 %, unmodified") in rows
    assert ("accuracy of guessing", "10 %", "1 %") in rows
    two = documented(described(), case("a", runs=[run("k1", 1, 0.5, of_classes(10)), run("k2", 1, 0.9, of_classes(1))]))
    assert in_words(two["claims"][0], two)[-1] == ("accuracy of guessing", "10 %; 50 %", "")
    without = documented(described(), case("a", runs=[run("k1", 1, 0.5, recipe(3200))]))
    assert in_words(without["claims"][0], without)[-1] == ("accuracies reached", "50.0 %", "")


def test_a_recipe_that_is_the_papers_own_is_told_once():
    found = documented(described(papers_recipes=[recipe(3200)]), case("a", runs=RUNS))
    assert {papers for _, _, papers in in_words(found["claims"][0], found)} == {""}
    assert "<th scope=col>at reach paper" not in render(found)


def test_values_of_a_field_are_told_while_they_are_few():
    assert aspects([recipe(1), recipe(2)])["count"] == "1; 2"
    assert aspects([recipe(count) for count in (1, 2, 3, 4)])["count"] == "1; and 3 others"


def test_what_no_network_was_trained_for_has_no_recipe():
    found = documented(described(), case("a"))
    assert in_words(found["claims"][0], found) == []
