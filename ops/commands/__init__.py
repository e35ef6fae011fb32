"""The commands, one a module. Importing a module registers its command."""

from importlib import import_module

NAMES = ("follow", "runs", "tail", "redrive", "replay", "check", "users")


def register() -> None:
    """Make every command known to the command line."""
    for name in NAMES:
        import_module(f"ops.commands.{name}")
