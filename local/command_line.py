"""`parley`: the commands of the local stage and of the operator tools, in one command line.

Everything but `sys` is imported in functions, so that Ctrl-C during the imports ends without a traceback. Help and
`status` import no module of another command (ops/commands/catalogue.py).
"""

import sys

DOCTOR = "Check this machine, the account of a deployed stage (before and after a deployment), and the stage."
"""The help of `doctor` in the list of commands."""
INSPECT = "Serve the inspector of a stage on this machine, with your AWS credentials, until Ctrl-C."
"""The help of `inspect` in the list of commands."""


def main() -> None:
    """Run a command, and exit with its code."""
    try:
        from ops import signals

        with signals.raised():
            from ops.commands import cli as operator_commands
            from ops.stage import proxies

            proxies.bypass_for_loopback()
            _write_any_character()
            add_local_commands(sys.argv[1:])
            operator_commands.main()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(130)


def _write_any_character() -> None:
    """Write `?` for a character that the terminal's encoding lacks, instead of failing."""
    import io

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def add_local_commands(arguments: list[str] | None = None) -> None:
    """Add the commands of the local stage before those of operators: all, or those that the arguments need."""
    from local.cli import cli
    from ops.commands import catalogue
    from ops.commands.cli import OPERATE, app

    catalogue.COMMANDS["inspect"] = catalogue.Listed(("local.inspect_command",), INSPECT)
    if cli.registered_commands[0] not in app.registered_commands:
        app.registered_commands[:0] = cli.registered_commands
    if arguments is not None and catalogue.command_word(arguments) != "doctor":
        if "local.doctor" not in sys.modules:
            app.command("doctor", help=DOCTOR, rich_help_panel=OPERATE)(catalogue.only_listed)
        return
    from local.doctor import doctor

    app.registered_commands[:] = [
        one for one in app.registered_commands if one.callback is not catalogue.only_listed or one.name != "doctor"
    ]
    if all(command.callback is not doctor for command in app.registered_commands):
        app.command(rich_help_panel=OPERATE)(doctor)


if __name__ == "__main__":
    main()
