"""`python -m ops`."""

from ops.commands.cli import main

if __name__ == "__main__":
    main()
