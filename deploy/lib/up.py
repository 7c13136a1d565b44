"""The way up: engines, build, migrate, run, demonstrate."""
import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import engines
import nats
import postgres
from children import Child, end_leftovers, free_port, listens, wait_until
from ui import Trouble, line, step, trouble

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

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
    return parser.parse_args()


def build():
    """The program, built if need be."""
    if os.environ.get("SKILLWIRE_BIN"):
        return os.environ["SKILLWIRE_BIN"]
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
        tools = os.path.join(ROOT, ".skillwire", "tools")
        if not os.environ.get("SKILLWIRE_DATABASE_URL"):
            child, self.env["SKILLWIRE_DATABASE_URL"] = postgres.start(engines.postgres(), self.data)
            self.children.append(child)
            step("PostgreSQL is ready")
        if not os.environ.get("SKILLWIRE_NATS_URL"):
            child, self.env["SKILLWIRE_NATS_URL"] = nats.start(
                engines.nats(tools), self.data, nats.issuer(program, secret_key(self.data)))
            self.children.append(child)
            step("nats-server is ready")

    def start_skillwire(self, program):
        """The mail catcher and Skillwire itself."""
        self.page = self.options.port or (8080 if not listens(8080) else free_port())
        if self.options.port and listens(self.options.port):
            raise Trouble(f"port {self.options.port} is in use", "give another --port, or none")
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
            raise Trouble(f"migration failed: {migrated.stderr.strip()}", "nothing was changed by the failing step; see the cause")
        began = time.monotonic()
        self.main = Child("skillwire", [program, "run", "--target", "all"], self.data, env=self.env)
        self.children.append(self.main)
        wait_until(lambda: ready(self.url), self.main, "ready")
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
    outside, up, code = None, None, 0
    try:
        os.makedirs(data, exist_ok=True)
        if temporary:
            os.chmod(data, 0o755)
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
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if up:
            up.stop()
        pointer = os.path.join(data, "postgres.place")
        if temporary and os.path.exists(pointer):
            with open(pointer, encoding="utf-8") as file:
                outside = file.read().strip()
        for folder in [data, outside] if temporary else []:
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
