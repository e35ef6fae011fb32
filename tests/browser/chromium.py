"""Which Chromium the browser tests drive: the one installed, else Debian's package, else Playwright's download.

Run as a module it makes sure that there is one: `python -m tests.browser.chromium`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def installed() -> str | None:
    """The path of an installed Chromium or Chrome; None means Playwright's own."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or (str(MAC) if MAC.exists() else None)


def arguments() -> list[str]:
    """How to start it: quiet, and without the sandbox that refuses to run as root."""
    return [*ARGUMENTS, *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]


def ensure() -> None:
    """Have a browser. Exits with one sentence where none can be had."""
    if installed() or _downloaded():
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("Installing Chromium for the browser tests", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False, stdout=subprocess.DEVNULL)
        install = [
            "apt-get",
            "install",
            "-y",
            "-qq",
            "--no-install-recommends",
            "chromium",
            "fonts-noto-color-emoji",
        ]
        subprocess.run(install, check=False, stdout=subprocess.DEVNULL)
        if installed():
            return
    download = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if download.returncode != 0:
        sys.exit("The browser tests need Chromium: install it with your system's package manager, then try again.")


def _downloaded() -> bool:
    home = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    return any(home.glob("chromium-*")) if home.is_dir() else False


if __name__ == "__main__":
    ensure()
