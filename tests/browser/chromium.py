"""Finds or installs the Chromium of the browser tests: `python -m tests.browser.chromium`.

An installed Chromium or Chrome is used. Otherwise Debian's package is installed (as root), or else Playwright's
download.
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
    """The path of an installed Chromium or Chrome; None to use Playwright's download."""
    on_path = next((path for name in NAMES if (path := shutil.which(name))), None)
    return on_path or (str(MAC) if MAC.exists() else None)


def arguments() -> list[str]:
    """The command-line arguments. As root they disable the sandbox, which does not run as root."""
    return [*ARGUMENTS, *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]


def ensure() -> None:
    """Install a browser unless there is one. Exits with a message if the installation fails."""
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
