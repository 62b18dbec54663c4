"""Problems of the claims as declared: all at once, each with its file and line, before anything runs."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

MISTAKES = """
@claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two")
def test_first(lab):
    \"\"\"First.\"\"\"

@claim("XX-01", where="Eq. 1", rule=equals(1.0), control="two")
def test_again(lab):
    \"\"\"The same id.\"\"\"

@claim("XX-77", where="Eq. 1", rule=equals(1.0), control="two")
def test_unknown(lab):
    \"\"\"An id beyond the paper's.\"\"\"

@claim("XX-02", where="Eq. 1", rule=greater_than(float("nan")), control="two")
def test_threshold(lab):
    \"\"\"A threshold that is not a number.\"\"\"

@claim("XX-03", where="Eq. 1", rule=equals(1.0), control="")
def test_control(lab):
    \"\"\"No control.\"\"\"

@claim("XX-04", where="Eq. 1", rule=equals(1.0), control="two", readings={"how": {"one", "two"}})
def test_order(lab, how):
    \"\"\"Readings without an order.\"\"\"

@claim("XX-05", where="", rule=equals(1.0), control="two", tier="weekly")
def test_places(lab):
    pass

@claim("XX-06", where="Eq. 1", rule=equals(1.0), control="two", data=("jft",), proxies=("digits",))
def test_data(lab):
    \"\"\"A data set that nobody has, and a function that does not take it.\"\"\"

@claim("XX-07", where="Eq. 1", rule=equals(1.0), control="two", seeds=(1, 2, 1))
def test_seeds(lab):
    \"\"\"A seed twice.\"\"\"

@claim("XX-09", where="Eq. 1", rule=equals(1.0), control="two", seeds={"laptop": (1, 1), "yearly": (1, 2)})
def test_seeds_by_tier(lab):
    \"\"\"None for the claim's tier, one twice, an unknown tier.\"\"\"

@claim("XX-03", where="Eq. 1", rule=equals(1.0), control="two", tier="laptop",
       data={"nightly": ("mnist", "jft"), "paper": ("mnist", "mnist"), "never": ()})
def test_data_by_tier(lab, data):
    \"\"\"The same of data, and a set that nobody has.\"\"\"

@claim("XX-08", where="Eq. 1", rule=equals(1.0), control="two")
def test_first(lab):
    \"\"\"Hides the first function.\"\"\"

@claim("E-XX1", where="Eq. 1", rule={"p": equals(1.0), "q": equals(1.0), "r": equals(1.0)}, control="two",
       uncontrolled={"q": "true of all data"})
def test_parts(lab):
    \"\"\"Controls one of three parts, and excuses one.\"\"\"
    lab.measure(p=Exact(1.0), q=Exact(1.0), r=Exact(1.0))
    lab.control(p=Exact(2.0))

@claim("E-XX2", where="Eq. 1", rule={"p": equals(1.0), "q": equals(1.0)}, control="two", uncontrolled={"s": " "})
def test_excuses(lab):
    \"\"\"Excuses a part that is not there, without a reason.\"\"\"
    lab.control(**{"p": Exact(2.0), "q": Exact(2.0)})

from harness.training import Data, Network, Sgd
from harness.training.training import Training

def recipe(network="vgg16", data="mnist", **changes):
    options = {"optimiser": Sgd(0.1), "epochs": 1, "batch_size": 8, **changes}
    return {"arm": Training(network=Network.of(network), data=Data(data), **options)}

RUNS = {"where": "Eq. 1", "rule": equals(1.0), "control": "two"}

@claim("XX-13", runs=lambda tier: recipe("vgg61" if tier == "paper" else "vgg16"), **RUNS)
def test_network(lab):
    \"\"\"A misspelt network, at one tier.\"\"\"

@claim("XX-14", runs=lambda depth: recipe(data="minst" if depth == 7 else "mnist"),
       readings={"depth": (1, 7)}, **RUNS)
def test_runs_data(lab, depth):
    \"\"\"A misspelt data set, in one case.\"\"\"

@claim("E-XX3", where="Eq. 1", rule=equals(1.0), control="two")
def test_called(lab):
    \"\"\"Called an erratum.\"\"\"

@claim("XX-15", where="Eq. 1", rule=equals(1.0), control="two", kind="slip")
def test_kind(lab):
    \"\"\"Of a kind that needs a remark.\"\"\"

@claim("N-XX1", where="Eq. 1", rule=equals(1.0), control="two", remark=Remark(Kind.ERROR, "a", "b", "c"))
def test_remark(lab):
    \"\"\"A remark that is an error.\"\"\"

@claim("E-XX4", where="Eq. 1", rule=equals(1.0), control="two", kind="derived", erratum=Erratum("a", "b", "c"))
def test_derived(lab):
    \"\"\"An erratum that is derived.\"\"\"

@claim("E-XX5", where="Eq. 1", rule=equals(1.0), control="two", erratum=Erratum("a", "b", "c"),
       remark=Remark(Kind.SLIP, "a", "b", "c"))
def test_both(lab):
    \"\"\"An erratum and a remark.\"\"\"

@claim("XX-10", runs=lambda: recipe(loss="croos-entropy"), **RUNS)
def test_loss(lab):
    \"\"\"A misspelt loss.\"\"\"

@claim("XX-11", runs=lambda: recipe(momentum=0.9), **RUNS)
def test_field(lab):
    \"\"\"A field that a recipe does not have.\"\"\"

class Nameless(Training):
    pass

@claim("XX-12", runs=lambda: {"arm": Nameless(**vars(recipe()["arm"]))}, **RUNS)
def test_name(lab):
    \"\"\"A recipe by whose name no record could be found again.\"\"\"
"""

UNKEPT = """
from harness.networks import NETWORKS
from harness.tests.fake_recipes import Draw, Part
from harness.tests.test_runs_key import Anything

NETWORKS.register("misspelt-module", "harness.networks.vgh:plain")
NETWORKS.register("misspelt-package", "harnes.networks.vgg:plain")

def declared(number, runs):
    @claim(f"XX-0{number}", where="x", rule=equals(1.0), control="c", runs=lambda: {"arm": Anything(runs)})
    def judged(lab):
        \"\"\"It has runs.\"\"\"

    judged.__name__ = judged.__qualname__ = f"test_{number}"
    globals()[judged.__name__] = judged

declared(1, "misspelt-module")
declared(2, ("misspelt-package",))
declared(3, (1, {"sizes": [3, 5]}))
declared(4, {1, 2})
declared(5, float("nan"))
"""

TOLD_OF_UNKEPT = [
    "cannot be kept: network 'misspelt-module' is harness.networks.vgh:plain, and there is no such module",
    "cannot be kept: network 'misspelt-package' is harnes.networks.vgg:plain, and there is no such module",
    "cannot be kept: Anything.value[1]['sizes'] is a list, which may change: give a tuple",
    "cannot be kept: Anything.value is a set: a recipe holds JSON values*",
    "cannot be kept: Anything.value is nan: a recipe's numbers are finite",
]


@pytest.mark.parametrize("options", [["--collect-only"], []], ids=["collect", "run"])
def test_recipes_that_no_record_could_be_kept_of_are_problems(suite, options):
    suite.claims(UNKEPT)
    result = suite.run(*options)
    assert result.ret != pytest.ExitCode.OK
    told = [line.strip().removeprefix("E").strip() for line in [*result.outlines, *result.errlines]]
    for number, message in enumerate(TOLD_OF_UNKEPT, 1):
        wanted = f"*XX-0{number}: its runs at tier smoke {message}".replace("[", "[[]")
        assert any(fnmatch(line, wanted) for line in told), (message, told)
    assert not any("Traceback" in line or "INTERNALERROR" in line for line in told)


KINDS = {"tuple": "(Draw(),)", "list": "[Draw()]", "Draw": "Draw()", "str": "'arm'", "int": "5"}

MESSAGES = [
    "XX-01: declared before at claims/paper2020/test_topic.py:6",
    "XX-77: unknown id*XX-01 to XX-09*",
    "XX-02: *threshold is nan*",
    "XX-03: no control*",
    "XX-04: how is a set*",
    "XX-05: no statement*",
    "XX-05: no place in the paper*",
    "XX-05: unknown tier 'weekly'*",
    "XX-06: unknown data set 'jft'*mnist*",
    "XX-06: its function takes (lab), its cases give (lab, data)",
    "XX-07: seeds repeats a value",
    "XX-09: seeds laptop repeats a value",
    "XX-09: unknown tier 'yearly'*",
    "XX-09: judged from tier smoke on, but no seeds are given for it",
    "XX-03: data paper repeats a value",
    "XX-03: unknown data set 'jft'*",
    "XX-03: unknown tier 'never'*",
    "XX-03: judged from tier laptop on, but no data are given for it",
    "XX-08: a second function test_first*",
    "E-XX1: its control leaves out r:*",
    "E-XX2: uncontrolled part 's' has no rule",
    "E-XX2: part 's' is left without a control, and no reason is given",
    "E-XX3: errata are called E-*",
    "XX-15: kind 'slip'; without an erratum or a remark it is one of claim, definition, derived",
    "N-XX1: a remark is one of *, not 'error'",
    "E-XX4: an erratum is an error, not 'derived'",
    "E-XX5: it is an erratum and a remark at once",
    "XX-13: its runs at tier paper *network 'vgg61'*",
    "XX-14: its runs at tier smoke *data set 'minst'*",
    "XX-10: its runs at tier smoke *'croos-entropy'*",
    "XX-11: its runs at tier smoke cannot be made: TypeError*momentum*",
    "XX-12: its runs at tier smoke cannot be kept: *.Nameless has no stable name*",
]


@pytest.mark.parametrize("options", [[], ["--collect-only"], ["-n", "2"]], ids=["run", "collect", "xdist"])
def test_every_problem_is_reported_at_once_with_file_and_line(suite, options):
    suite.claims(MISTAKES)
    result = suite.run(*options)
    assert result.ret != pytest.ExitCode.OK
    output = "\n".join([*result.outlines, *result.errlines])
    lines = [line.strip().removeprefix("E").strip() for line in output.splitlines()]
    for message in MESSAGES:
        wanted = f"*claims/paper2020/test_topic.py:[0-9]*: {message}"
        assert any(fnmatch(line, wanted) for line in lines), f"{message}\n{output}"
    assert not any("XX-13: its runs at tier smoke" in line for line in lines)


@pytest.mark.parametrize("options", [["--collect-only"], ["-n", "1"]])
def test_runs_of_a_kind_that_are_none_are_a_problem_with_file_and_line(suite, options):
    claims = [
        f'@claim("XX-0{number}", where="x", rule=equals(1.0), control="c", runs={given})\n'
        f'def test_{number}(lab):\n    """It has runs."""\n'
        for number, given in enumerate(KINDS.values(), 1)
    ]
    suite.claims("from harness.tests.fake_recipes import Draw\n" + "\n".join(claims))
    result = suite.run(*options)
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"*test_topic.py:*: XX-0{n}: runs is a {k};*" for n, k in enumerate(KINDS, 1)])
    assert "Traceback" not in result.stdout.str()


def test_a_folder_without_its_paper_is_a_problem(suite):
    suite.claims('@claim("XX-01", where="x", rule=equals(1.0), control="c")\ndef test_a(lab):\n    """A."""\n')
    (suite.root / "claims/paper2020/paper.toml").unlink()
    suite.run().stdout.fnmatch_lines(["*XX-01: no paper.toml beside it*"])
