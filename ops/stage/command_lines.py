"""Command lines that messages print: they can be run as printed, and act on the stage that they are about."""

import shlex
from pathlib import Path

from ops.stage import local_state


def options_of_local_stage(state_dir: Path | None) -> tuple[str, ...]:
    """The options that choose the local stage of a directory; none for that of this repository."""
    path = (state_dir or local_state.DEFAULT).resolve()
    return () if path == local_state.DEFAULT else ("--state-dir", str(path))


def options_of_deployed_stage(name: str, profile: str | None = None, region: str | None = None) -> tuple[str, ...]:
    """The options that choose a deployed stage, with the profile and region that were given."""
    chosen = (("--stage", name), ("--profile", profile), ("--region", region))
    return tuple(part for option, value in chosen if value for part in (option, value))


def parley(options: tuple[str, ...], *words: str) -> str:
    """A command of `parley` with options that choose a stage."""
    return shlex.join(("parley", *options, *words))


def deployment(name: str, profile: str | None = None, region: str | None = None) -> str:
    """The command that deploys a stage."""
    settings = (("AWS_PROFILE", profile), ("AWS_REGION", region))
    environment = [f"{variable}={shlex.quote(value)}" for variable, value in settings if value]
    return " ".join([*environment, "make deploy", f"STAGE={shlex.quote(name)}"])
