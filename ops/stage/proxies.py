"""Keep loopback calls away from the proxy that the environment names.

Python's and Node's clients read `NO_PROXY`, in upper or lower case, and few of them leave out loopback addresses
by themselves. https://about.gitlab.com/blog/we-need-to-talk-no-proxy/ compares them.
"""

import os
from collections.abc import MutableMapping

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
VARIABLES = ("NO_PROXY", "no_proxy")


def bypass_for_loopback(environment: MutableMapping[str, str] = os.environ) -> None:
    """Add the loopback hosts to both variables, for this process and those that it starts."""
    hosts = [
        host.strip() for variable in VARIABLES for host in environment.get(variable, "").split(",") if host.strip()
    ]
    for variable in VARIABLES:
        environment[variable] = ",".join(dict.fromkeys((*hosts, *LOOPBACK_HOSTS)))
