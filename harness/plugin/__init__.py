"""The pytest plugin: claims as parametrised tests, verdicts as their outcomes, the report at the end.

One feature a module, in the order of a session: `options`, `collection`, `judging`, `preparing`, `reporting`.  The
`conftest.py` at the root names them as plugins.
"""
