"""Why a claim has its verdict, in one sentence that is written from its numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from harness.judging.about import ON_SUSPECT_RUNS
from harness.judging.seeds import MOST, NEVER

Entry = Mapping[str, Any]

OF_A_VALUE = ("difference", "equivalence", "match", "identity")
"""Kinds of rules whose effect is the quantity that the paper's number speaks of."""

CLOSING = {
    "supported": "as the rule asks",
    "refuted": "against the rule",
    "inconclusive": "so that it decides nothing",
}

SHORT = ("proxy", "reduced")
"""Evidence short of the paper's own recipe and data."""

HOLM = "Holm's correction"

NO_WORDS = re.compile(r"True|False|[-+.\d(][-+.,\d() ]*")
"""Values of a parameter that say nothing without its name."""

ONE_OF = re.compile(r"^(?P<place>.+?) \(one of (?P<count>\d+)\): ")
"""How the reason of a judgement over several samples begins."""


def why(entry: Entry) -> str:
    """The sentence for an entry of claims.json."""
    verdict, control = entry["verdict"], entry["control"]
    if verdict == "not run" or entry["deciding"] is None:
        return f"Not judged: {_ended(entry['reason'] or 'nothing was measured')}"
    found = measured(entry)
    if control["faults"]:
        part, fault = next(iter(control["faults"].items()))
        more = f", and {len(control['faults']) - 1} more" * (len(control["faults"]) > 1)
        return _sentence(
            f"the control does not do its work ({part}: {fault}{more}), so that nothing shows the rule can tell"
        )
    if entry["depends_on_reading"]:
        both = {"supported", "refuted"} <= {reading["verdict"] for reading in entry["readings"]}
        left = "" if both else _seeds_to_decide(entry)
        return _sentence(f"the verdict depends on the reading: {_readings(entry)}; {found}{left}")
    if verdict == "erratum":
        return _sentence(f"as printed the statement fails and the corrected one holds: {found}")
    if not entry["complete"] and verdict == "inconclusive":
        return _sentence(f"{len(entry['cases'])} of {entry['cases'][0]['siblings']} cases were judged; {found}")
    obstacle = _obstacle(entry)
    said = f"{found}, but {obstacle}" if obstacle else found
    return _sentence(said + _doubt(entry, said) + _seeds_to_decide(entry) + _short_of(entry))


def would_refute(entry: Entry) -> str:
    """What would have been against each part of a claim, as its rule says it beforehand."""
    told = {part: _against(rule) for part, rule in entry["rules"].items()}
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return "; ".join(f"{spoken(part)}: {text}" for part, text in told.items())


def _against(rule: Mapping[str, Any]) -> str:
    kind, target, side, beyond = rule["kind"], rule["target"], rule["side"], rule["refuted_beyond"]
    if kind == "other":
        return "what its rule decides against"
    sample = {"all": "in any sample, ", "some": "in every sample, ", None: ""}[rule["over"]]
    if kind == "monotone":
        return f"{sample}a trend the other way"
    if side is not None:
        found = "a value" if rule["alpha"] is None else "an interval"
        return f"{sample}{found} {'below' if side == 'above' else 'above'} {_short(target)}"
    if kind == "identity":
        within = f" ± {_short(rule['margin'])}" if rule["margin"] else ""
        return f"{sample}another value than {_short(target)}{within}"
    return f"{sample}an interval outside {_short(target)} ± {_short(rule['margin'] * (beyond or 1.0))}"


def measured(entry: Entry) -> str:
    """The deciding number: what it is, its interval, where that lies, and where the paper's number lies."""
    case, part = _deciding_case(entry), entry["deciding"]["part"]
    judged, rule = case["parts"][part], rule_of(entry, part)
    subject = _one_of(entry, case, part) or "ours"
    over = ONE_OF.match(judged["reason"])
    if over:
        best = "most" if rule.get("over") == "some" else "least"
        subject += f", at {over['place']}, the {best} favourable of {over['count']},"
    unit = judged["unit"] or entry["unit"]
    said = f"{subject} is {quantity(judged['effect'], unit)}"
    if judged["low"] is None or judged["high"] is None or rule.get("kind") in (None, "other", "monotone"):
        return f"{said}: {judged['reason']}"
    sampled = judged["low"] < judged["high"]
    if sampled:
        said += f" with a 90 % interval of [{_short(judged['low'])}, {_short(judged['high'])}]{_count(case, judged)}"
    said += f", {place(rule, judged['low'], judged['high'])}, {CLOSING[judged['verdict']]}"
    if HOLM in judged["reason"] and judged["verdict"] == "inconclusive":
        said += f" after {HOLM}"
    paper = papers_number(entry, part)
    if paper is None:
        return said
    if not sampled:
        return f"{said}; the paper has {_short(paper)}"
    inside = judged["low"] <= paper <= judged["high"]
    return f"{said}; the interval {'includes' if inside else 'excludes'} the paper's {_short(paper)}"


def place(rule: Mapping[str, Any], low: float, high: float) -> str:
    """Where an interval lies beside what the rule asks for; `rule` as `harness.report.stated` has it."""
    target, margin = _short(rule["target"]), rule["margin"]
    if margin is None:
        side = "above" if low > rule["target"] else "below" if high < rule["target"] else None
        return f"{side} {target}" if side else f"{'on' if low == high else 'on both sides of'} {target}"
    band = f"{target} ± {_short(margin)}" if margin else target
    if rule["low"] <= low and high <= rule["high"]:
        return f"within {band}" if margin else f"equal to {target}"
    if high < rule["low"] or rule["high"] < low:
        return f"outside {band}" if margin else f"not equal to {target}"
    return f"partly within and partly outside {band}"


def papers_number(entry: Entry, part: str) -> float | None:
    """The paper's number for a part, where it gives one that can stand on the axis of ours.

    A number that the claim's own rule would not support is one of another quantity (a share of one half, where ours is
    the distance from it), unless the entry is an error of the paper.
    """
    rule = rule_of(entry, part)
    if rule.get("kind") not in OF_A_VALUE:
        return None
    given = _given(entry, part)
    if given is None:
        return None
    low, high = (rule[end] if rule[end] is not None else given for end in ("low", "high"))
    return given if low <= given <= high or entry["kind"] == "error" else None


def ours(entry: Entry) -> str:
    """What stands above the number that decides: of which case and part it is, and whether the paper's is another."""
    if entry["deciding"] is None:
        return "ours"
    case, part = _deciding_case(entry), entry["deciding"]["part"]
    said = ", ".join(filter(None, ["ours", _one_of(entry, case, part)]))
    return f"{said}, of another quantity than the paper's" if _is_of_another_quantity(entry, part) else said


def _one_of(entry: Entry, case: Entry, part: str) -> str:
    """Which of several numbers that of a case's part is; empty where there is one."""
    numbers = sum(len(one["parts"]) for one in entry["cases"])
    label = ", ".join(filter(None, [called(case) if len(entry["cases"]) > 1 else "", _part(case, part)]))
    return f"the least favourable of {numbers} numbers ({label})" if numbers > 1 else ""


def _is_of_another_quantity(entry: Entry, part: str) -> bool:
    """Whether the paper gives one number for what ours decides, and it cannot stand on the axis of ours."""
    return _given(entry, part) is not None and papers_number(entry, part) is None


def _given(entry: Entry, part: str) -> float | None:
    """The number that the paper gives for a part, of whatever quantity."""
    given = entry["paper_value"]
    if isinstance(given, Mapping):
        given = given.get(part)
    elif any(len(case["parts"]) > 1 for case in entry["cases"]):
        return None
    return float(given) if isinstance(given, (int, float)) and not isinstance(given, bool) else None


def rule_of(entry: Entry, part: str) -> Mapping[str, Any]:
    """The fields of the rule that judges a part."""
    rules: Mapping[str, Mapping[str, Any]] = entry["rules"]
    return rules.get(part) or (next(iter(rules.values())) if len(rules) == 1 else {})


def replicates(entry: Entry, case: Entry, part: str) -> list[float]:
    """The values that a part's number is the mean of; none where it has a row of them at each of several places."""
    wanted = (case["case"], part, "")
    return next((row["values"] for row in entry["values"] if (row["case"], row["part"], row["place"]) == wanted), [])


def quantity(value: float | None, unit: str) -> str:
    """A number with its unit."""
    return f"{_short(value)} {unit}".strip()


def called(case: Entry) -> str:
    """What a case is called: its data set and readings, with their names where the values are no words."""
    said = (
        f"{spoken(name)} {value}" if NO_WORDS.fullmatch(value) else value for name, value in case["parameters"].items()
    )
    return ", ".join(filter(None, said)) or str(case["case"])


def spoken(name: str) -> str:
    """The name of a part or parameter as people read it: one that is an identifier has spaces for its underscores."""
    return name if " " in name else name.replace("_", " ")


def _deciding_case(entry: Entry) -> Entry:
    named: Entry = next(case for case in entry["cases"] if case["case"] == entry["deciding"]["case"] and case["parts"])
    return named


def _part(case: Entry, part: str) -> str:
    return spoken(part) if len(case["parts"]) > 1 else ""


def _count(case: Entry, judged: Mapping[str, Any]) -> str:
    n = judged["n"]
    if n is None:
        return ""
    return f" over {n} seeds" if n == len(case.get("seeds", ())) else f", n = {n}"


def _obstacle(entry: Entry) -> str:
    """What keeps the verdict from being that of the deciding number; empty where it is."""
    judged = _deciding_case(entry)["parts"][entry["deciding"]["part"]]["verdict"]
    if entry["verdict"] in (judged, "erratum"):
        return ""
    shares = [_deciding_case(entry)["within_claim"], *(case["within_claim"] for case in entry["cases"])]
    reason = next((one["reason"] for one in shares if one["verdict"] == entry["verdict"]), entry["reason"])
    if HOLM in reason:
        return f"not after {HOLM} for several tests"
    return str(reason)


def _doubt(entry: Entry, said: str) -> str:
    """The suspect runs that the deciding case rests on, unless they have been told."""
    _, found, runs = str(_deciding_case(entry)["reason"]).partition(f"{ON_SUSPECT_RUNS}: ")
    told = not found or ON_SUSPECT_RUNS in said or entry["verdict"] != "inconclusive"
    return "" if told else f"; it {ON_SUSPECT_RUNS}, which is to be replaced first: {runs}"


def _seeds_to_decide(entry: Entry) -> str:
    """How many seeds would decide what is undecided: of every case, as far as that can be told."""
    undecided = [case for case in entry["cases"] if case["verdict"] == "inconclusive" and case["seeds"]]
    needed = [case["seeds_to_decide"] for case in undecided if case.get("seeds_to_decide") is not None]
    if entry["verdict"] != "inconclusive" or not needed:
        return ""
    seeds, enough = len(undecided[0]["seeds"]), [count for count in needed if count != NEVER]
    like = f"seeds that come out like these {seeds}"
    if not enough:
        return f"; {MOST * seeds} {like} would not decide it either"
    if max(enough) == seeds:  # they decide nothing for what is unsound about some of them
        return f"; as many sound {like} would decide it"
    if len(undecided) == 1:
        return f"; {enough[0]} {like} would decide it"
    some = "all" if len(enough) == len(undecided) else f"{len(enough)}"
    never = f", {MOST * seeds} not {len(needed) - len(enough)} others" * (len(enough) < len(needed))
    return f"; {max(enough)} {like} would decide {some} of its {len(undecided)} undecided cases{never}"


def _short_of(entry: Entry) -> str:
    """Of a refutation by evidence that is not the paper's own recipe: how far it reaches."""
    reach = entry["evidence"]
    return f"; not reproduced at reach {reach}" if entry["verdict"] == "refuted" and reach in SHORT else ""


def _readings(entry: Entry) -> str:
    """Which readings come to which verdict, by the one parameter that tells them apart where there is one."""
    verdicts = {reading["name"]: reading["verdict"] for reading in entry["readings"]}
    named: dict[str, dict[str, str]] = {}
    for case in entry["cases"]:
        reading = {name: value for name, value in case["parameters"].items() if name != "data"}
        named[", ".join(f"{name}: {value}" for name, value in reading.items())] = reading
    for parameter in next(iter(named.values()), {}):
        by_value: dict[str, set[str]] = defaultdict(set)
        for name, verdict in verdicts.items():
            by_value[named.get(name, {}).get(parameter, "")].add(verdict)
        if all(len(found) == 1 for found in by_value.values()):
            groups: dict[str, list[str]] = defaultdict(list)
            for value, found in by_value.items():
                groups[found.pop()].append(value)
            said = {verdict: " or ".join(f'"{value}"' for value in values) for verdict, values in groups.items()}
            return ", ".join(f"{verdict} with {spoken(parameter)} {values}" for verdict, values in said.items())
    counts: dict[str, int] = defaultdict(int)
    for verdict in verdicts.values():
        counts[verdict] += 1
    first, *others = (f"{verdict} under {count}" for verdict, count in counts.items())
    return ", ".join([f"{first} of {len(verdicts)} readings", *others])


def _short(value: float | None) -> str:
    return "no number" if value is None else f"{value:.4g}"


def _sentence(text: str) -> str:
    return _ended(text[:1].upper() + text[1:])


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
