"""`parley`: the commands of the local stage and of the operator tools, in one command line."""

from local.cli import cli as local_commands
from local.doctor import doctor
from ops.commands import cli as operator_commands

operator_commands.app.registered_commands[:0] = local_commands.registered_commands
operator_commands.app.command(rich_help_panel=operator_commands.OPERATE)(doctor)


def main() -> None:
    """Run a command, and exit with its code."""
    operator_commands.main()


if __name__ == "__main__":
    main()
