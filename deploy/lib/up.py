"""The way up: engines, build, migrate, run, demonstrate."""
import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import engines
import nats
import postgres
from children import Child, end_leftovers, free_port, hold, listens, wait_until
from ui import Trouble, line, step, trouble

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Skillwire is ready within two seconds where its engines are; what is not after so long will not be.
READY_WAIT_S = 30

EPILOG = """examples:
  deploy/up                    everything, with the demonstration on the first start
  deploy/up --once             run the demonstration through, check it, stop
  deploy/up --port 9000 --data /srv/skillwire --no-demo

environment: SKILLWIRE_DATABASE_URL and SKILLWIRE_NATS_URL use engines that run already; SKILLWIRE_BIN uses a
program that is built already; SKILLWIRE_UP_PROFILE=dev builds without optimization.

exit codes: 0 done; 1 something is missing or broke, cause and remedy are told; 4 the demonstration's counts are wrong"""


def arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="deploy/up", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description="Runs Skillwire on this machine. Ctrl-C stops it.")
    parser.add_argument("--once", action="store_true", help="run the demonstration through, check its counts, stop")
    parser.add_argument("--port", type=int, help="port of the pages (8080, or a free one)")
    parser.add_argument("--data", help="where the data lie (.skillwire; with --once a new folder that is removed)")
    parser.add_argument("--no-demo", action="store_true", help="without the demonstration partnerships")
    options = parser.parse_args()
    if options.port is not None and not 1 <= options.port <= 65535:
        parser.error(f"--port {options.port} is no port; give one from 1 to 65535")
    return options


def prepare(data):
    """The data folder, there and ours to write; gives what holds it."""
    try:
        os.makedirs(data, exist_ok=True)
        return hold(data)
    except OSError as error:
        raise Trouble(f"the data folder {data} cannot be used: {error.strerror}",
                      "give --data a folder that you may make and write, or mend its permissions") from error


def reach(name, url, scheme, port):
    """An engine that is said to run does listen; the rest is for skillwire to say."""
    for one in url.split(","):
        try:
            parts = urllib.parse.urlsplit(one.strip())
            host, number = parts.hostname, parts.port or port
        except ValueError:
            parts = host = None
        if parts and not host and "host=" in parts.query:
            return  # a socket in a folder
        if not parts or parts.scheme not in scheme or not host:
            raise Trouble(f"{name} is no address of that kind", f"give {scheme[0]}://user:password@host:{port}, or unset it to have one started here")
        try:
            socket.create_connection((host, number), timeout=5).close()
            return
        except OSError as error:
            why = f"nobody answers at {host}:{number} ({error.strerror or error})"
    raise Trouble(f"{name}: {why}", "start that engine, or unset the variable to have a private one started here")


def build():
    """The program, built if need be."""
    given = os.environ.get("SKILLWIRE_BIN")
    if given:
        if not os.access(given, os.X_OK) or os.path.isdir(given):
            raise Trouble(f"SKILLWIRE_BIN: {given} is no program", "give a built skillwire, or unset it to build one")
        return os.path.abspath(given)
    if not shutil.which("cargo"):
        raise Trouble("there is no Rust toolchain (cargo) on this machine", "install one from https://rustup.rs")
    dev = os.environ.get("SKILLWIRE_UP_PROFILE") == "dev"
    step(f"building skillwire ({'dev' if dev else 'release'}; the first time takes minutes)")
    command = ["cargo", "build", "--locked", "-p", "skillwire"] + ([] if dev else ["--release"])
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise Trouble("the build failed, see above", "mend what the compiler says; rustc 1.95 or later is needed")
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    return os.path.join(target, "debug" if dev else "release", "skillwire")


def secret_key(data):
    """The installation's secret, made once."""
    path = os.path.join(data, "secret.key")
    if not os.path.exists(path):
        with open(path, "w", encoding="ascii") as file:
            os.chmod(path, 0o600)
            file.write(secrets.token_hex(32))
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def ready(url):
    """Whether Skillwire says that it is ready."""
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def memory(pid):
    """Resident memory of a process, MB: now and at its highest."""
    found = {}
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            for row in file:
                key, _, rest = row.partition(":")
                if key in ("VmRSS", "VmHWM"):
                    found[key] = int(rest.split()[0]) / 1024
    except OSError:
        return None
    return found


class Up:
    """What runs, and how it ends."""

    def __init__(self, options, data):
        self.options, self.data, self.children = options, data, []
        self.env = dict(os.environ)

    def start_engines(self, program):
        """PostgreSQL and NATS: those that exist, or our own."""
        if os.environ.get("SKILLWIRE_DATABASE_URL"):
            reach("SKILLWIRE_DATABASE_URL", os.environ["SKILLWIRE_DATABASE_URL"], ["postgres", "postgresql"], 5432)
        if os.environ.get("SKILLWIRE_NATS_URL"):
            reach("SKILLWIRE_NATS_URL", os.environ["SKILLWIRE_NATS_URL"], ["nats", "tls"], 4222)
        if not os.environ.get("SKILLWIRE_DATABASE_URL"):
            child, self.env["SKILLWIRE_DATABASE_URL"] = postgres.start(engines.postgres(), self.data)
            self.children.append(child)
            step("PostgreSQL is ready")
        if not os.environ.get("SKILLWIRE_NATS_URL"):
            child, self.env["SKILLWIRE_NATS_URL"] = nats.start(
                engines.nats(), self.data, nats.issuer(program, secret_key(self.data)))
            self.children.append(child)
            step("nats-server is ready")

    def start_skillwire(self, program):
        """The mail catcher and Skillwire itself."""
        self.page = self.options.port or (8080 if not listens(8080) else free_port())
        smtp, viewer = free_port(), free_port()
        self.url, self.viewer = f"http://127.0.0.1:{self.page}", f"http://127.0.0.1:{viewer}"
        self.env.update({
            "SKILLWIRE_HTTP_LISTEN": f"127.0.0.1:{self.page}",
            "SKILLWIRE_HTTP_PUBLIC_URL": self.url,
            "SKILLWIRE_DELIVER_SMTP_URL": f"smtp://127.0.0.1:{smtp}",
            "SKILLWIRE_SECRET_KEY": secret_key(self.data),
        })
        self.env.setdefault("SKILLWIRE_DELIVER_INSTANT_WINDOW_S", "5")
        mail = [program, "mail-catcher", "--smtp", f"127.0.0.1:{smtp}", "--http", f"127.0.0.1:{viewer}", "--dir", os.path.join(self.data, "mail")]
        catcher = Child("mail-catcher", mail, self.data, env=self.env)
        self.children.append(catcher)
        wait_until(lambda: listens(smtp), catcher, "ready")
        step("bringing the database up to date")
        migrated = subprocess.run([program, "migrate"], env=self.env, capture_output=True, text=True)
        if migrated.returncode != 0:
            own = "SKILLWIRE_DATABASE_URL" not in os.environ
            raise Trouble(f"migration failed: {migrated.stderr.strip()}",
                          "nothing was changed by the failing step; see the cause" if own else
                          "check SKILLWIRE_DATABASE_URL: user, password and database, PostgreSQL 15 or later, the right to create "
                          "schemas; or unset it to have a private one started here")
        began = time.monotonic()
        self.main = Child("skillwire", [program, "run", "--target", "all"], self.data, env=self.env)
        self.children.append(self.main)
        try:
            wait_until(lambda: ready(self.url), self.main, "ready", READY_WAIT_S)
        except Trouble as error:
            # The program itself knows best what is wrong, and the remedy.
            asked = subprocess.run([program, "doctor"], env=self.env, capture_output=True, text=True, timeout=60)
            raise Trouble(f"{error.what}\n`skillwire doctor` says:\n{asked.stdout}{asked.stderr}", error.remedy) from error
        self.ready_s = time.monotonic() - began
        step(f"Skillwire is ready ({self.ready_s:.2f} s after its start)")

    def tell(self, program, *command):
        """Runs a command of skillwire whose output is for the person."""
        return subprocess.run([program, *command], env=self.env, cwd=ROOT).returncode

    def demonstrate(self, program):
        """Loads the demonstration, once."""
        done = os.path.join(self.data, "demonstration.loaded")
        if self.options.no_demo or os.path.exists(done):
            return
        step("loading the demonstration partnerships")
        if self.tell(program, "demo", "load", "--dir", "deploy/demo", "--url", self.url) != 0:
            raise Trouble(f"the demonstration could not be loaded:\n{self.main.tail()}", f"see {self.main.log}")
        with open(done, "w", encoding="ascii") as file:
            file.write("yes\n")

    def welcome(self, program):
        """Where everything is."""
        out = subprocess.run([program, "demo", "links", "--json"], env=self.env, capture_output=True, text=True)
        links = json.loads(out.stdout) if out.returncode == 0 else {"sign_in": [], "subscribe": None}
        line(f"\nPages         {self.url}\nMail viewer   {self.viewer}\nNATS          {self.env['SKILLWIRE_NATS_URL']}")
        if links["subscribe"]:
            line(f"A stream      {links['subscribe']}")
        if links["sign_in"]:
            line("\nSign-in links (each works once)")
        for link in links["sign_in"]:
            line(f"  {link['role']:<17}{link['name']:<20}{link['partnership']}\n    {link['url']}")
        line("\nCtrl-C stops everything; the next start keeps the data.")

    def watch(self):
        """Until told to stop, or a process ends that should not."""
        while True:
            for child in self.children:
                if not child.alive():
                    raise Trouble(f"{child.name} ended by itself:\n{child.tail()}", f"see {child.log}; then start again, the data are kept")
            time.sleep(0.3)

    def stop(self):
        """Skillwire first, the engines last."""
        for child in reversed(self.children):
            child.stop()


def once(up, program):
    """The demonstration, its summary and its figures."""
    code = up.tell(program, "demo", "summary", "--expect", "deploy/demo/expected.json")
    used = memory(up.main.process.pid)
    if used:
        line(f"\nskillwire run --target all: {used['VmRSS']:.0f} MB resident, {used['VmHWM']:.0f} MB at its highest; "
             f"ready {up.ready_s:.2f} s after its start")
    return code


def told_to_stop(*_):
    """SIGTERM is as good as Ctrl-C."""
    raise KeyboardInterrupt


def main():
    """Runs it; the exit code."""
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told_to_stop)
    temporary = options.once and not options.data
    data = os.path.abspath(options.data or (tempfile.mkdtemp(prefix="skillwire-") if temporary else os.path.join(ROOT, ".skillwire")))
    outside, up, held, code = None, None, None, 0
    try:
        held = prepare(data)
        if temporary:
            os.chmod(data, 0o755)
        if options.port and listens(options.port):
            raise Trouble(f"port {options.port} is in use", "give another --port, or none")
        program = build()
        end_leftovers(data, ["postgres", "nats-server", "skillwire"])
        up = Up(options, data)
        up.start_engines(program)
        up.start_skillwire(program)
        up.demonstrate(program)
        if options.once:
            code = once(up, program)
        else:
            up.welcome(program)
            up.watch()
    except KeyboardInterrupt:
        line("\nstopping")
    except Trouble as error:
        trouble(error)
        code = 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        trouble(Trouble(f"{error.strerror or error}{where}", "mend that (permissions, free space), then start again; the data are kept"))
        code = 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if up:
            up.stop()
        pointer = os.path.join(data, "postgres.place")
        if temporary and os.path.exists(pointer):
            with open(pointer, encoding="utf-8") as file:
                outside = file.read().strip()
        if temporary and code == 1 and up and up.children:
            line(f"{data} is kept, with the logs; remove it when you have looked at them")
            temporary = False
        for folder in [data, outside] if temporary else []:
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)
    return code


if __name__ == "__main__":
    sys.exit(main())
