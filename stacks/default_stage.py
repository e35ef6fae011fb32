"""The stage that is meant when none is named: that of the person who deploys.

`python -m stacks.default_stage` prints its name, for the Makefile. This module does not depend on the CDK.
"""

import getpass
import json
import re
import sys
from collections.abc import Container
from pathlib import Path
from typing import Final

MAX_LENGTH: Final = 20
# The user pool's domain contains the stage's name, and Cognito does not allow these words in it.
RESERVED_WORDS: Final = ("aws", "amazon", "cognito")
# The stage of those whose user name gives none.
SHARED: Final = "dev"


def default_stage(configured: Container[str]) -> str:
    """Return the name of the user's own stage. It is not the name of a stage in cdk.json (`configured`)."""
    try:
        return named_after(getpass.getuser(), configured)
    except (KeyError, OSError):
        # A container may run as a user without a name.
        return SHARED


def named_after(user: str, configured: Container[str] = ()) -> str:
    """Return the user name in the letters, digits and hyphens that a stage's name may have, or `dev`."""
    name = re.sub(r"[^a-z0-9]+", "-", user.lower()).lstrip("-0123456789")[:MAX_LENGTH].rstrip("-")
    is_reserved = any(word in name for word in RESERVED_WORDS)
    return SHARED if not name or is_reserved or name in configured else name


def main() -> None:
    """Print the name."""
    try:
        configured = json.loads(Path("cdk.json").read_text(encoding="utf-8"))["context"]["stages"]
    except (OSError, ValueError, LookupError, TypeError):
        # The CDK CLI, which reads the file next, says what is wrong with it.
        configured = ()
    sys.stdout.write(f"{default_stage(configured)}\n")


if __name__ == "__main__":
    main()
