"""`parley`: the commands of the local stage and of the operator tools, in one command line.

Everything but `sys` is imported in functions, so that Ctrl-C during the imports ends without a traceback.
"""

import sys


def main() -> None:
    """Run a command, and exit with its code."""
    try:
        from ops import signals

        with signals.raised():
            from ops.commands import cli as operator_commands
            from ops.stage import proxies

            proxies.bypass_for_loopback()
            _write_any_character()
            add_local_commands()
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


def add_local_commands() -> None:
    """Add the commands of the local stage before those of operators, once."""
    from local.cli import cli
    from local.doctor import doctor
    from ops.commands.cli import OPERATE, app

    if cli.registered_commands[0] not in app.registered_commands:
        app.registered_commands[:0] = cli.registered_commands
        app.command(rich_help_panel=OPERATE)(doctor)


if __name__ == "__main__":
    main()
