"""The pytest plugin: claims as parametrised tests, verdicts as their outcomes, the report at the end.

One feature a module, in the order of a session: `options`, `collection`, `judging`, `remembering`, `preparing`,
`hearing`, `reporting`; options come first, since the others read them.  The `conftest.py` at the root loads them all
with `pytest_plugins = ["harness.plugin"]`.  A paper that stands elsewhere is judged with
`python -m pytest -p harness.plugin FOLDER`, or with that line in a `conftest.py` of its own.
"""

from __future__ import annotations

pytest_plugins = [
    "harness.plugin.options",
    "harness.plugin.collection",
    "harness.plugin.judging",
    "harness.plugin.remembering",
    "harness.plugin.preparing",
    "harness.plugin.hearing",
    "harness.plugin.reporting",
]
