"""A private PostgreSQL, never as root."""
import hashlib
import os
import pwd
import secrets
import signal
import subprocess
import time

from children import Child, free_port, listens, wait_until
from ui import Trouble, step


def owner():
    """The user PostgreSQL runs as when we are root; None: ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Trouble("we are root, and there is no user postgres or nobody to run PostgreSQL as", "create the user postgres")


def _may_enter(path, user):
    """Whether the user can reach a folder: every folder above it must be open to others."""
    while path != "/":
        mode = os.stat(path).st_mode if os.path.exists(path) else 0o755
        if not mode & 0o001 and (not os.path.exists(path) or os.stat(path).st_uid != user.pw_uid):
            return False
        path = os.path.dirname(path)
    return True


def place(data):
    """Where the database lies: in our folder, or, when root's folder is closed to others, in one of the user's own."""
    user, inside = owner(), os.path.join(data, "postgres")
    if user is None or (os.path.isdir(inside) and os.stat(inside).st_uid == user.pw_uid and _may_enter(data, user)):
        return inside
    if _may_enter(data, user):
        return inside
    name = hashlib.sha256(os.path.realpath(data).encode()).hexdigest()[:12]
    outside = f"/var/tmp/skillwire-{name}"
    step(f"the user {user.pw_name} cannot enter {data}; the database lies in {outside}")
    with open(os.path.join(data, "postgres.place"), "w", encoding="utf-8") as file:
        file.write(outside + "\n")
    return outside


def _run(command, user):
    extra = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    return subprocess.run(command, capture_output=True, text=True, cwd="/", **extra)


def _check(folder, binaries):
    """The data directory must be whole and fit the engine, before anything touches it."""
    version_file = os.path.join(folder, "PG_VERSION")
    if not os.path.exists(version_file):
        raise Trouble(f"{folder} is there but holds no whole database", f"remove {folder} (its data are lost) and start again")
    with open(version_file, encoding="ascii") as file:
        version = file.read().strip()
    out = subprocess.run([os.path.join(binaries, "postgres"), "--version"], capture_output=True, text=True)
    if f" {version}." not in out.stdout and not out.stdout.strip().endswith(f" {version}"):
        raise Trouble(
            f"{folder} was made by PostgreSQL {version}, and {out.stdout.strip()} was found",
            f"install PostgreSQL {version}, or move the data with pg_upgrade",
        )
    for name in ("base", "global", "pg_wal"):
        if not os.path.isdir(os.path.join(folder, name)):
            raise Trouble(f"{folder} is damaged: {name} is missing", f"restore it from a backup, or remove {folder} and start again")
    pid_file = os.path.join(folder, "postmaster.pid")
    if os.path.exists(pid_file):
        with open(pid_file, encoding="ascii") as file:
            pid = file.readline().strip()
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                alive = b"postgres" in file.read()
        except OSError:
            alive = False
        if alive:
            raise Trouble(f"a PostgreSQL (process {pid}) is using {folder}", "another deploy/up runs on this folder; stop it, or give --data another one")


def run(command, data, user, port, tries=60):
    """Starts it. After a kill -9 the old server's children hold its memory for a moment: they are waited for."""
    while True:
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client.
        child = Child("postgres", command, data, stop=signal.SIGINT, user=user)
        try:
            wait_until(lambda: listens(port), child, "ready")
            return child
        except Trouble:
            tries -= 1
            if tries == 0 or "pre-existing shared memory" not in child.tail() and "is another postmaster" not in child.tail():
                raise
            time.sleep(0.25)


def start(binaries, data, fsync=True):
    """Starts a private PostgreSQL; gives the child and its URL."""
    user = owner()
    folder = place(data)
    secret = os.path.join(data, "postgres.password")
    if not os.path.isdir(folder) or not os.listdir(folder):
        step("making the database")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(secret, "w", encoding="ascii") as file:
            os.chmod(secret, 0o600)
            file.write(secrets.token_hex(24))
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        password_file = f"{folder}.pw"
        with open(secret, encoding="ascii") as source, open(password_file, "w", encoding="ascii") as target:
            os.chmod(password_file, 0o600)
            target.write(source.read())
        if user:
            os.chown(password_file, user.pw_uid, user.pw_gid)
        made = _run(
            [os.path.join(binaries, "initdb"), "-D", folder, "-U", "skillwire", "-E", "UTF8", "--locale=C",
             "-A", "scram-sha-256", f"--pwfile={password_file}"],
            user,
        )
        os.unlink(password_file)
        if made.returncode != 0:
            raise Trouble(f"initdb failed: {made.stderr.strip()}", f"remove {folder} and start again")
    _check(folder, binaries)
    with open(secret, encoding="ascii") as file:
        password = file.read().strip()
    port = free_port()
    command = [
        os.path.join(binaries, "postgres"), "-D", folder, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
        "-c", "unix_socket_directories=", "-c", "max_connections=80", "-c", "log_min_messages=warning",
    ] + ([] if fsync else ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"])
    child = run(command, data, user, port)
    url = f"postgres://skillwire:{password}@127.0.0.1:{port}/postgres"
    return child, url
