"""Mutants: small changes of the code, each of which must make its tests fail.

`catalogue` lists them, `python` and `workflow` change the code, `ui/tests/mutants.ts` changes the browser client,
and `python -m tests.mutants` (or `make mutants`) runs each mutant against its tests.
"""
