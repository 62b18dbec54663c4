"""The commands of `python -m harness`, a module each.

A module's docstring is the command's help; `add_arguments(parser)` declares its options, and `run(chosen)` does the
work and returns the exit status: 0 for done, 1 for something that is wrong, 2 for bad usage.
"""
