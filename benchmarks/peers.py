"""The libraries to compare with, each in an environment of its own.

ADAPT's import name is ours too, and SKADA wants an older POT: neither can share ours.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class PeerError(RuntimeError):
    """A peer cannot be had."""


class Peer(NamedTuple):
    """A library, what pip needs to install it, and its worker script.

    The environment variable names an existing environment to use instead.
    """

    title: str
    requirements: tuple
    directory: str
    variable: str
    worker: str


PEERS = {
    "adapt": Peer(
        "ADAPT 0.4.5",
        ("adapt==0.4.5",),
        ".venv-adapt",
        "BENCH_ADAPT_ENV",
        "worker_adapt.py",
    ),
    "skada": Peer(
        "SKADA 0.6.0",
        ("skada==0.6.0", "POT==0.9.6.post1", "torch==2.13.0", "skorch"),
        ".venv-skada",
        "BENCH_SKADA_ENV",
        "worker_skada.py",
    ),
}


def interpreter(peer):
    """Return the Python of a peer's environment, which is made if there is none.

    Raises
    ------
    PeerError
        If the environment given does not exist, or its packages cannot be had.
    """
    given = os.environ.get(peer.variable)
    if given:
        python = Path(given) / "bin" / "python"
        if not python.exists():
            raise PeerError(f"{peer.variable} is {given}, which has no bin/python.")
        return python
    environment = ROOT / peer.directory
    python = environment / "bin" / "python"
    stamp = environment / ".installed"
    wanted = "\n".join(peer.requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"Installing {peer.title} in {peer.directory}; once, a few minutes.")
    _call(peer, [sys.executable, "-m", "venv", "--clear", environment])
    _call(peer, [python, "-m", "pip", "install", "--quiet", *peer.requirements])
    stamp.write_text(wanted)
    return python


def _call(peer, command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerError(
            f"{peer.title} could not be installed, so its tables are left out. Give an "
            f"environment that has {', '.join(peer.requirements)} in {peer.variable}, "
            f"or see what pip says: {last}"
        )
