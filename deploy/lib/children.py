"""Child processes that end with us, however we end."""
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time

from ui import Trouble

PR_SET_PDEATHSIG = 1


def free_port(wanted=None):
    """A port that can be bound now; the wanted one if it is free."""
    for port in ([wanted] if wanted else []) + [0]:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise Trouble("no port is free on 127.0.0.1", "close some programs")


def listens(port):
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def die_with_parent(number):
    """Makes a child end when its parent does, also by kill -9 (Linux)."""
    def prepare():
        os.setpgrp()
        if sys.platform.startswith("linux"):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    return prepare


class Child:
    """A process with a log file and a pid file."""

    def __init__(self, name, command, folder, env=None, stop=signal.SIGTERM, user=None):
        self.name, self.stop_signal = name, stop
        self.log = os.path.join(folder, "log", f"{name}.log")
        self.pid_file = os.path.join(folder, "run", f"{name}.pid")
        for path in (self.log, self.pid_file):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(self.log):
            os.replace(self.log, self.log + ".old")
        extra = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env,
                preexec_fn=die_with_parent(stop), **extra,
            )
        with open(self.pid_file, "w", encoding="ascii") as file:
            file.write(str(self.process.pid))

    def alive(self):
        """Whether it runs."""
        return self.process.poll() is None

    def tail(self, lines=20):
        """The end of its log."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])

    def stop(self, wait_s=20):
        """Ends it; hard if it does not end by itself."""
        if self.alive():
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(wait_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if os.path.exists(self.pid_file):
            os.unlink(self.pid_file)


def hold(folder):
    """Takes the folder for this start until it ends, however it ends; two starts on one would end each other's engines."""
    path = os.path.join(folder, "up.lock")
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise Trouble(f"another deploy/up runs on {folder}", "stop that one (Ctrl-C there), or give --data another folder") from error
    return lock


def end_leftovers(folder, words):
    """Ends what a killed start left behind: pids in our files whose command line still looks like ours."""
    run = os.path.join(folder, "run")
    for name in os.listdir(run) if os.path.isdir(run) else []:
        path = os.path.join(run, name)
        try:
            with open(path, encoding="ascii") as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().decode(errors="replace")
            if any(word in command for word in words):
                os.kill(pid, signal.SIGTERM)
                for _ in range(100):
                    os.kill(pid, 0)
                    time.sleep(0.05)
                os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            pass
        os.unlink(path)


def wait_until(ready, child, what, wait_s=60):
    """Waits for something; tells the end of the log when its process dies."""
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        if ready():
            return
        if not child.alive():
            raise Trouble(f"{child.name} ended while it was {what}:\n{child.tail()}", f"see {child.log}")
        time.sleep(0.02)
    raise Trouble(f"{child.name} is not {what} after {wait_s} s:\n{child.tail()}", f"see {child.log}")
