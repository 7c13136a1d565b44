#!/usr/bin/env python3
"""The ledger: what goes in is written down, everything is killed with SIGKILL in the middle, and every item is accounted for.

    tests/ledger.py            one process for all services
    tests/ledger.py --split    a process for each service, two of normalize and deliver, behind a small proxy
    --rows N --seed N --kills N

Kills skillwire in the middle of an upload, then PostgreSQL, nats-server and skillwire in the middle of deliveries, at
moments drawn by the seed. At the end: every accepted row is a need, every wanted signal is in the feed, no digest came
twice unless its outcome could not be known. (SIGKILL does not test the loss of unsynced writes: the page cache survives.)
"""
import argparse
import collections
import http.client
import http.server
import json
import os
import random
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "deploy", "lib"))

import engines  # noqa: E402
import nats  # noqa: E402
import postgres  # noqa: E402
from children import Child, free_port, listens, wait_until  # noqa: E402
from ui import line, step  # noqa: E402

OWNERS = {"submit": "intake", "submissions": "intake", "needs": "normalize", "signals": "aggregate",
          "subscriptions": "route", "deliveries": "deliver", "webhooks": "deliver", "streams": "deliver",
          "unsubscribe": "deliver", "feeds": "deliver", "suppressions": "deliver"}
PARTNERSHIP = "kc"
KEY = "5a" * 32
# The program under test.
PROGRAM = os.environ.get("SKILLWIRE_BIN", os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "debug", "skillwire"))


class Engine:
    """An engine that can be killed and started again on the same port and data."""

    def __init__(self, name, make):
        self.name, self.make = name, make
        self.child, self.url = make()
        self.command = None

    def stop(self):
        """kill -9; how it was started is kept."""
        self.command = open(f"/proc/{self.child.process.pid}/cmdline", "rb").read().decode().split("\0")[:-1]
        self.child.process.kill()
        self.child.process.wait()

    def again(self, log):
        """Up again: the same command, so the same port and data."""
        port = int(self.url.rsplit(":", 1)[1].split("/")[0])
        if self.name == "postgres":
            self.child = postgres.run(self.command, log, postgres.owner(), port)
        else:
            self.child = Child(self.name, self.command, log)
            wait_until(lambda: listens(port), self.child, "ready again")

    def kill(self, log):
        """kill -9, and up again."""
        self.stop()
        self.again(log)


class Proxy(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Sends each path to the service that owns it."""
    daemon_threads = True


def proxy(ports):
    """Starts the proxy; gives its port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def relay(self):
            parts = [part for part in self.path.split("?")[0].split("/") if part]
            word = parts[2] if parts[:2] == ["api", "v1"] and len(parts) > 2 else (parts[0] if parts else "")
            port = ports[OWNERS.get(word.split(".")[0], "directory")]
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            try:
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                link.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() != "host"})
                answer = link.getresponse()
                data = answer.read()
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if key.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(key, value)
            except OSError:
                data = b'{"detail":"the service is away"}'
                self.send_response(503)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = relay

        def log_message(self, *_):
            pass

    server = Proxy(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class House:
    """Skillwire's processes: one, or one a service."""

    def __init__(self, data, env, split):
        self.data, self.env, self.children = data, env, {}
        names = ["directory", "intake", "normalize", "normalize", "aggregate", "route", "deliver", "deliver"] if split else ["all"]
        self.targets = [(f"{name}-{at}", name, free_port()) for at, name in enumerate(names)]
        if split:
            self.port = proxy({name: port for _, name, port in self.targets})
        else:
            self.port = self.targets[0][2]
        self.env["SKILLWIRE_HTTP_PUBLIC_URL"] = self.url = f"http://127.0.0.1:{self.port}"

    def start(self, which=None):
        """Starts all, or one again."""
        for key, name, port in self.targets:
            if which in (None, key):
                env = dict(self.env, SKILLWIRE_HTTP_LISTEN=f"127.0.0.1:{port}")
                self.children[key] = Child(key, [PROGRAM, "run", "--target", name], self.data, env=env)
        for key, _, port in self.targets:
            if which in (None, key):
                wait_until(lambda port=port: listens(port), self.children[key], "ready")

    def kill(self, key):
        """kill -9."""
        self.children[key].process.kill()
        self.children[key].process.wait()

    def of(self, *names):
        """The processes that run these services."""
        return [key for key, name, _ in self.targets if name in names or name == "all"]


def api_token(env, address):
    """An API token of a person, written by the console, as the operator would."""
    out = subprocess.run([PROGRAM, "demo", "token", "--address", address], env=env, capture_output=True, text=True, check=True)
    return out.stdout.strip()


def in_folder(name, run):
    """Runs in a folder of its own, whose logs are kept when something is wrong; the exit code."""
    data = tempfile.mkdtemp(prefix=f"skillwire-{name}-")
    os.chmod(data, 0o755)
    wrong = ["the run broke off"]
    try:
        wrong = run(data)
    finally:
        if wrong:
            line(f"logs are kept in {data}")
        else:
            shutil.rmtree(data, ignore_errors=True)
    return 1 if wrong else 0


def rows_csv(path, rows):
    """Rows that all count: titles and places of the demonstration."""
    titles = ["CNC Machinist", "MIG Welder 2nd shift", "Forklift Operator", "Quality Inspector", "Production worker"]
    with open(path, "w", encoding="utf-8") as file:
        file.write("reference,occupation,openings_new_now,county,wage_min,wage_unit,required_skills\n")
        for n in range(rows):
            file.write(f"L-{n},{titles[n % 5]},{n % 4 + 1},{['29095', '29047', '20091'][n % 3]},{20 + n % 8},hour,MIG welding; blueprint reading\n")


def write_demo(folder):
    """The members of the demonstration; its submissions from five employers only, its subscriptions all."""
    demo = os.path.join(ROOT, "deploy", "demo")
    for name in ("partnerships.json", "members.json", "subscriptions.json"):
        shutil.copy(os.path.join(demo, name), folder)
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
        json.dump({"submissions": [], "changes": []}, file)


class Ledger:
    """What must hold at the end."""

    def __init__(self, database, feed):
        self.database, self.feed, self.wrong = database, feed, []

    def sql(self, query):
        """One column, as text."""
        psql = os.path.join(engines.find_postgres(), "psql")
        psql = psql if os.path.exists(psql) else shutil.which("psql")
        for _ in range(60):
            out = subprocess.run([psql, self.database, "-Atqc", query], capture_output=True, text=True)
            # 2: no connection. A PostgreSQL that was killed listens before it has recovered.
            if out.returncode != 2:
                break
            time.sleep(0.5)
        out.check_returncode()
        return out.stdout.split("\n")[:-1]

    def must(self, what, got, wanted):
        """A line of the ledger."""
        good = got == wanted
        line(f"  {'ok   ' if good else 'WRONG'} {what}: {got}" + ("" if good else f", not {wanted}"))
        if not good:
            self.wrong.append(what)


def wait_quiet(ledger, wait_s=240):
    """Until nothing is on its way."""
    end, quiet = time.monotonic() + wait_s, 0
    queries = [f"select count(*) from {s}.outbox where sent_at is null" for s in ("intake", "normalize", "aggregate", "route")]
    queries += ["select count(*) from aggregate.dirty", "select count(*) from route.subscriptions where starting",
                "select (select count(*) from intake.outbox) - (select count(*) from normalize.inbox)",
                "select (select count(*) from normalize.outbox) - (select count(*) from aggregate.inbox)",
                "select (select count(*) from aggregate.outbox) - (select count(*) from route.inbox)",
                "select (select count(*) from route.outbox) - (select count(*) from deliver.inbox)",
                "select count(*) from deliver.deliveries where channel = 'stream' and state <> 'sent'"]
    while time.monotonic() < end:
        waiting = {q: ledger.sql(q)[0] for q in queries}
        quiet = quiet + 1 if all(v == "0" for v in waiting.values()) else 0
        if quiet >= 4:
            return
        time.sleep(0.5)
    ledger.must("everything comes to rest", {q: v for q, v in waiting.items() if v != "0"}, {})


def run(options, data):
    """Everything; the ledger."""
    chance = random.Random(options.seed)
    database = Engine("postgres", lambda: postgres.start(engines.postgres(), data))
    broker = Engine("nats", lambda: nats.start(engines.nats(os.path.join(ROOT, ".skillwire", "tools")), data, nats.issuer(PROGRAM, KEY)))
    smtp, viewer = free_port(), free_port()
    env = dict(os.environ, SKILLWIRE_DATABASE_URL=database.url, SKILLWIRE_NATS_URL=broker.url, SKILLWIRE_SECRET_KEY=KEY,
               SKILLWIRE_DELIVER_SMTP_URL=f"smtp://127.0.0.1:{smtp}", SKILLWIRE_DELIVER_INSTANT_WINDOW_S="2",
               SKILLWIRE_DELIVER_LEASE_S="6", SKILLWIRE_DELIVER_SMTP_ANSWER_TIMEOUT_S="4", SKILLWIRE_DELIVER_UNCERTAIN_RETRY_S="2", SKILLWIRE_LOG_FILTER="warn",
               SKILLWIRE_DATABASE_CONNECTIONS_MAX="6", SKILLWIRE_NATS_ANSWER_TIMEOUT_S="2")
    catcher = Child("mail-catcher", [PROGRAM, "mail-catcher", "--smtp", f"127.0.0.1:{smtp}", "--http", f"127.0.0.1:{viewer}", "--dir", f"{data}/mail"], data, env=env)
    subprocess.run([PROGRAM, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
    house = House(data, env, options.split)
    house.start()
    ledger = Ledger(database.url, broker.url)
    try:
        demo = os.path.join(data, "demo")
        os.makedirs(demo)
        write_demo(demo)
        subprocess.run([PROGRAM, "demo", "load", "--dir", demo, "--url", house.url], env=env, check=True, stdout=subprocess.DEVNULL)
        tokens = employer_tokens(env)
        # The upload, and kills of intake in the middle of it.
        uploads = []
        per_file = options.rows // len(tokens)
        for at, token in enumerate(tokens):
            path = os.path.join(data, f"upload-{at}.csv")
            rows_csv(path, per_file)
            command = [PROGRAM, "submit", path, "--url", house.url, "--token", token]
            uploads.append(subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        for _ in range(2):
            time.sleep(chance.uniform(0.2, 0.8))
            for key in house.of("intake"):
                step(f"kill -9 {key} while files are coming in")
                house.kill(key)
                house.start(key)
        # Kills of everything while the needs go through.
        for _ in range(options.kills):
            time.sleep(chance.uniform(0.3, 1.2))
            victim = chance.choice(["postgres", "nats", "skillwire"])
            if victim == "skillwire":
                key = chance.choice([key for key, _, _ in house.targets])
                step(f"kill -9 {key}")
                house.kill(key)
                house.start(key)
            else:
                step(f"kill -9 {victim}")
                (database if victim == "postgres" else broker).kill(data)
        for upload in uploads:
            _, errors = upload.communicate(timeout=300)
            ledger.must("an upload ends well", (upload.returncode, errors.decode()[-300:] if upload.returncode else ""), (0, ""))
        wait_quiet(ledger)
        step("digests go now, and kills come while they do")
        ledger.sql("update deliver.deliveries set due_at = now() where state = 'gathering'")
        for _ in range(3):
            time.sleep(chance.uniform(0.05, 0.4))
            for key in house.of("deliver"):
                house.kill(key)
                house.start(key)
        end = time.monotonic() + 90
        open_ones = "select count(*) from deliver.deliveries where channel = 'email' and state in ('waiting','sending','handing_over') or (state = 'gathering' and due_at <= now())"
        while time.monotonic() < end and ledger.sql(open_ones)[0] != "0":
            time.sleep(0.5)
        account(ledger, options, viewer, per_file * len(tokens))
        return ledger.wrong
    finally:
        for child in list(house.children.values()) + [catcher, broker.child, database.child]:
            child.stop()


def employer_tokens(env):
    """Tokens of five employers."""
    people = [p for p in json.load(open(os.path.join(ROOT, "deploy", "demo", "members.json"), encoding="utf-8"))["people"]
              if p["partnership"] == PARTNERSHIP and "employer_contact" in p["roles"]][:5]
    return [api_token(env, person["address"]) for person in people]


def account(ledger, options, viewer, rows):
    """The ledger itself."""
    line(f"\nLedger (seed {options.seed}, {rows} rows, {options.kills + 2} kills and more{', split' if options.split else ''}):")
    accepted = int(ledger.sql("select coalesce(sum(accepted), 0) from intake.submissions")[0])
    ledger.must("rows accepted", accepted, rows)
    ledger.must("needs", int(ledger.sql("select count(*) from normalize.needs where body is not null")[0]), rows)
    ledger.must("needs heard by aggregate", int(ledger.sql("select count(distinct need) from aggregate.need_versions")[0]), rows)
    total = "select coalesce(sum(openings), 0) from aggregate.signals where level = 'total' and kind = 'occupation' and state = 'published'"
    ledger.must("openings in the total signals", int(ledger.sql(total)[0]), sum(n % 4 + 1 for n in range(rows // 5)) * 5)
    ledger.must("dead letters", int(ledger.sql("select " + " + ".join(f"(select count(*) from {s}.dead_letters)" for s in ("normalize", "aggregate", "route", "deliver")))[0]), 0)
    missing = """select count(*) from route.told t join route.subscriptions s on s.id = t.subscription
        where s.body->'channels' ? 'stream' and not exists (select 1 from deliver.deliveries d
            join deliver.delivery_signals x on x.delivery = d.id where d.subscription = t.subscription and d.channel = 'stream'
            and d.state = 'sent' and x.signal = t.signal and x.revision = t.revision)"""
    ledger.must("signals told by route and not in a feed", int(ledger.sql(missing)[0]), 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{viewer}/api/messages") as answer:
        mails = collections.Counter(mail["message_id"] for mail in json.load(answer))
    sent = ledger.sql("select id from deliver.deliveries where channel = 'email' and state in ('sent', 'uncertain')")
    ledger.must("digests sent and not received", sum(1 for i in sent if not any(i in m for m in mails)), 0)
    uncertain = set(ledger.sql("select id from deliver.deliveries where uncertain > 0"))
    repeats = {m: n for m, n in mails.items() if n > 1}
    ledger.must("digests received twice though their outcome was known", sum(1 for m in repeats if not any(u in m for u in uncertain)), 0)
    ledger.must("digests one for a period", int(ledger.sql("select count(*) - count(distinct (subscription, channel, period)) from deliver.deliveries")[0]), 0)
    ledger.must("deliveries that failed", int(ledger.sql("select count(*) from deliver.deliveries where state = 'failed'")[0]), 0)
    line(f"  {len(sent)} digests, {len(uncertain)} of unknown outcome, {len(repeats)} repeated; "
         f"{ledger.sql('select count(*) from deliver.deliveries where channel = ' + chr(39) + 'stream' + chr(39))[0]} feed messages")


def main():
    """Runs it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", action="store_true")
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=20261124)
    options = parser.parse_args()
    return in_folder("ledger", lambda data: run(options, data))


if __name__ == "__main__":
    sys.exit(main())
