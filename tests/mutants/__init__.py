"""Mutants: one small change of the code each, that a named test has to notice.

`catalogue` lists them, `python` and `workflow` say how code is changed, `ui/tests/mutants.ts` changes the browser
client, and `python -m tests.mutants` (or `make mutants`) runs each against its tests.
"""
