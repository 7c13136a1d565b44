#!/usr/bin/env python3
"""The soak: submissions come in, 50 subscribers on all channels are told, and everything is killed with SIGKILL all the while.

    tests/soak.py                                          100,000 submissions, 200 kills: the long run, about an hour
    tests/soak.py --short                                  the run of the tests: about two minutes
    --submissions N --subscribers N --kills N --seed N --report FILE

A process for each service, two of normalize and deliver. Kills fall on any of them, on PostgreSQL and on nats-server, drawn by
the seed. The webhooks' receiver refuses one post in a hundred, and lets the connection of one in two hundred fall after it
took it. At the end every receipt is a need, everything that route told somebody has arrived by each of their channels, no
digest came twice whose outcome was known, and a post or a feed message that came again is one whose outcome was not.
(SIGKILL does not test the loss of unsynced writes: the page cache survives.)
"""
import argparse
import asyncio
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
import threading
import time
import urllib.request

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "deploy", "lib"))
sys.path.insert(0, os.path.join(ROOT, "tests"))

import engines  # noqa: E402
import nats as broker_of  # noqa: E402
import postgres  # noqa: E402
from children import Child, free_port  # noqa: E402
from ledger import KEY, PARTNERSHIP, PROGRAM, Engine, House, Ledger, api_token, in_folder  # noqa: E402
from ui import line, step  # noqa: E402

TITLES = ["CNC Machinist", "MIG Welder 2nd shift", "Forklift Operator", "Quality Inspector", "Production worker",
          "Industrial Maintenance Mechanic", "Electrician", "Truck Driver", "Machine Operator", "Food Process Worker"]
COUNTIES = ["29095", "29047", "29165", "20091", "20209", "20103"]
EMPLOYERS = 12
SERVICES = ("intake", "normalize", "aggregate", "route", "deliver")


class Both:
    """Prints, and keeps what was printed for the report."""

    def __init__(self, path):
        self.file, self.screen = open(path, "w", encoding="utf-8"), sys.stdout

    def write(self, text):
        """To both."""
        self.screen.write(text)
        self.file.write(text)

    def flush(self):
        """Both."""
        self.screen.flush()
        self.file.flush()


class Receiver(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Where webhooks are posted to. Counts what it takes, by webhook-id; goes wrong by the seed."""
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, seed):
        self.taken, self.fallen, self.refused = collections.Counter(), set(), 0
        self.chance, self.lock = random.Random(seed), threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length") or 0))
                with outer.lock:
                    draw = outer.chance.random()
                    if draw < 0.01:
                        outer.refused += 1
                    else:
                        outer.taken[self.headers["webhook-id"]] += 1
                        if draw < 0.015:
                            outer.fallen.add(self.headers["webhook-id"])
                if draw < 0.01:
                    self.send_response(503)
                elif draw < 0.015:
                    self.close_connection = True
                    return
                else:
                    self.send_response(204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A poster that was killed breaks off: that is what this is for."""


def members(folder, subscribers):
    """The partnership, its employers and as many subscribers as wanted, as a demonstration without submissions."""
    demo = os.path.join(ROOT, "deploy", "demo")
    shutil.copy(os.path.join(demo, "partnerships.json"), folder)
    with open(os.path.join(demo, "members.json"), encoding="utf-8") as file:
        all_of = json.load(file)
    employers = [p for p in all_of["people"] if p["partnership"] == PARTNERSHIP and "employer_contact" in p["roles"]][:EMPLOYERS]
    wanted = {p["organization"] for p in employers}
    organizations = [o for o in all_of["organizations"] if o["key"] in wanted]
    people = [dict(p, roles=["employer_contact"]) for p in employers]
    for n in range(subscribers):
        organizations.append({"key": f"college-{n}", "partnership": PARTNERSHIP, "name": f"College {n}", "kind": "college"})
        people.append({"key": f"dean-{n}", "name": f"Dean {n}", "address": f"dean-{n}@college-{n}.example",
                       "organization": f"college-{n}", "partnership": PARTNERSHIP, "roles": ["subscriber"]})
    for name, content in (("members.json", {"organizations": organizations, "people": people}), ("subscriptions.json", []),
                          ("manifest.json", {"submissions": [], "changes": []})):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump(content, file)
    return [p["address"] for p in employers], [p["address"] for p in people[len(employers):]]


def call(url, token, method, path, body=None, key=None):
    """One call of the API; (status, JSON). 0: no answer."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    if key:
        headers["idempotency-key"] = key
    request = urllib.request.Request(url + path, None if body is None else json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None


def insist(url, token, method, path, body=None, key=None):
    """Until it is done: the house is being killed."""
    for _ in range(200):
        status, answer = call(url, token, method, path, body, key)
        if 200 <= status < 300:
            return answer
        if 400 <= status < 500 and status not in (404, 408, 409, 429):
            raise SystemExit(f"{method} {path}: {status} {answer}")
        time.sleep(0.3)
    raise SystemExit(f"{method} {path}: no answer in a minute, last {status} {answer}")


def subscribe(url, tokens, receiver):
    """A subscription for each, by all channels, no two alike."""
    hook = f"http://127.0.0.1:{receiver.server_address[1]}"
    kinds = [["occupation"], ["skill"], ["credential", "skill"], []]
    for n, token in enumerate(tokens):
        predicate = {"concept_kinds": kinds[n % 4], "min_change_percent": [5, 10, 25, 50][n // 4 % 4],
                     "region_levels": [["total"], ["county"], ["sub_region"], ["total", "county"]][n // 16 % 4],
                     "counties": [COUNTIES[n % 6]] if n % 3 == 0 else []}
        made = insist(url, token, "POST", "/api/v1/subscriptions", {
            "name": f"Soak {n}", "channels": ["email", "stream", "webhook", "feed"], "cadence": "instant" if n % 2 else "daily",
            "webhook_url": f"{hook}/{n}", "predicate": predicate})
        insist(url, token, "POST", f"/api/v1/webhooks/{made['id']}/secret")


class Submitters:
    """Send submissions from many employers at once, each until it has its receipt."""

    def __init__(self, url, tokens, many, threads=4):
        self.url, self.tokens, self.many = url, tokens, many
        self.done, self.lock, self.at = {}, threading.Lock(), 0
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def work(self):
        """Takes numbers until there are none."""
        while True:
            with self.lock:
                n, self.at = self.at, self.at + 1
            if n >= self.many:
                return
            need = {"reference": f"S-{n}", "occupation": TITLES[n % len(TITLES)], "county": COUNTIES[n // 7 % len(COUNTIES)],
                    "openings": [{"horizon": "now", "new": n % 3 + 1}], "wage": {"min": 18 + n % 12, "max": 34, "unit": "hour"},
                    "required_skills": ["MIG welding", "blueprint reading"], "preferred_credentials": ["OSHA 10"]}
            receipt = insist(self.url, self.tokens[n % len(self.tokens)], "POST", "/api/v1/submissions", {"needs": [need]}, f"soak-{n}")
            with self.lock:
                self.done[n] = receipt

    def running(self):
        """Whether some still send."""
        return any(thread.is_alive() for thread in self.threads)


def wait_quiet(ledger, wait_s):
    """Until nothing is on its way, however long the way is now."""
    end, quiet, queries = time.monotonic() + wait_s, 0, [f"select count(*) from {s}.outbox where sent_at is null" for s in SERVICES[:4]]
    queries += ["select count(*) from aggregate.dirty", "select count(*) from route.subscriptions where starting",
                "select count(*) from deliver.deliveries where channel <> 'email' and state in ('waiting', 'sending', 'handing_over')"]
    queries += [BEHIND.format(a=a, b=b) for a, b in zip(SERVICES, SERVICES[1:])]
    waiting = {}
    while time.monotonic() < end:
        # A post that failed twice goes again after five minutes, then thirty: that wait is cut short, as a clock set forward would.
        ledger.sql("""update deliver.deliveries set due_at = now() where channel = 'webhook' and state = 'waiting'
            and due_at > now() + interval '15 seconds'""")
        waiting = {q: ledger.sql(q)[0] for q in queries}
        quiet = quiet + 1 if all(v == "0" for v in waiting.values()) else 0
        if quiet >= 3:
            return
        time.sleep(2)
    ledger.must("everything comes to rest", {q: v for q, v in waiting.items() if v != "0"}, {})


# Events that a service said and the next one has not taken; its other stages take others.
BEHIND = """select count(*) from (select id from {a}.outbox o where not exists (select 1 from {b}.inbox i where i.event = o.id) limit 1000) x"""


async def client_of(url):
    """A NATS client of the receivers' own library (nats-py)."""
    sys.path.insert(0, os.environ.get("SKILLWIRE_TEST_PYTHONPATH", os.path.join(ROOT, ".skillwire", "tools", "python")))
    # The module of the same name in deploy/lib is known as broker_of here.
    if not hasattr(sys.modules.get("nats"), "connect"):
        sys.modules.pop("nats", None)
    import nats
    return await nats.connect(url)


async def read_feed(url):
    """(Nats-Msg-Id -> how often) of the whole stream FEED."""
    client = await client_of(url)
    stream, seen = client.jetstream(), collections.Counter()
    asked = await stream.pull_subscribe("feed.>", stream="FEED")
    while True:
        try:
            batch = await asked.fetch(1_000, timeout=2)
        except asyncio.TimeoutError:
            break
        for message in batch:
            seen[message.headers["Nats-Msg-Id"]] += 1
            await message.ack()
    await client.close()
    return seen


def account(ledger, options, submitters, receiver, viewer, feed, kills, seconds):
    """The ledger itself."""
    one = lambda query: int(ledger.sql(query)[0])  # noqa: E731
    line(f"\nSoak (seed {options.seed}): {options.submissions} submissions, {options.subscribers} subscribers on all channels, "
         f"{sum(kills.values())} kills in {seconds / 60:.0f} min: {dict(sorted(kills.items()))}")
    ledger.must("receipts", len(submitters.done), options.submissions)
    needs = {row for row in ledger.sql("select id from normalize.needs where body is not null")}
    lost = [n for n, receipt in submitters.done.items() if receipt["items"][0]["need"] not in needs]
    ledger.must("receipts whose need is lost", len(lost), 0)
    ledger.must("needs", len(needs), options.submissions)
    ledger.must("needs heard by aggregate", one("select count(distinct need) from aggregate.need_versions"), options.submissions)
    openings = sum(n % 3 + 1 for n in range(options.submissions))
    ledger.must("openings in the total signals of occupations", one(
        "select coalesce(sum(openings), 0) from aggregate.signals where level = 'total' and kind = 'occupation' and state = 'published'"), openings)
    ledger.must("dead letters", one("select " + " + ".join(f"(select count(*) from {s}.dead_letters)" for s in SERVICES)), 0)
    for channel in ("stream", "webhook", "feed"):
        missing = f"""select count(*) from route.told t where not exists (select 1 from deliver.deliveries d
            join deliver.delivery_signals x on x.delivery = d.id where d.subscription = t.subscription and d.channel = '{channel}'
            and d.state = 'sent' and x.signal = t.signal and x.revision = t.revision)"""
        ledger.must(f"told by route and not sent by {channel}", one(missing), 0)
    # Webhooks: what was sent has been taken; what came again has more than one attempt, none of which had a yes before.
    sent = set(ledger.sql("select id from deliver.deliveries where channel = 'webhook' and state = 'sent'"))
    ledger.must("posts sent and not received", len(sent - set(receiver.taken)), 0)
    repeats = {i: n for i, n in receiver.taken.items() if n > 1}
    tries = dict(row.split("|") for row in ledger.sql(
        "select id, tries from deliver.deliveries where channel = 'webhook' and tries > 1"))
    ledger.must("posts received more often than they were tried", sum(1 for i, n in repeats.items() if n > int(tries.get(i, 1))), 0)
    after_yes = one("""select count(*) from deliver.attempts a join deliver.attempts b on b.delivery = a.delivery and b.number > a.number
        where a.outcome = 'sent' and b.phase <> 'began'""")
    # One that began and left nothing is a process whose lease had run out: it saw that, and stopped.
    ledger.must("attempts that left after a yes", after_yes, 0)
    # Stream.
    sent = set(ledger.sql("select id from deliver.deliveries where channel = 'stream' and state = 'sent'"))
    ledger.must("feed messages sent and not in the feed", len(sent - set(feed)), 0)
    feed_repeats = sum(1 for n in feed.values() if n > 1)
    ledger.must("feeds whose numbers have a gap", one("""select count(*) from (select 1 from deliver.deliveries
        where channel = 'feed' and feed_number is not null group by subscription having max(feed_number) <> count(*)) x"""), 0)
    # Mail.
    with urllib.request.urlopen(f"http://127.0.0.1:{viewer}/api/messages") as answer:
        mails = collections.Counter(mail["message_id"].strip("<>").split("@")[0] for mail in json.load(answer))
    digests = set(ledger.sql("select id from deliver.deliveries where channel = 'email' and state in ('sent', 'uncertain')"))
    ledger.must("digests sent and not received", len(digests - set(mails)), 0)
    uncertain = set(ledger.sql("select id from deliver.deliveries where channel = 'email' and uncertain > 0"))
    mail_repeats = {i for i, n in mails.items() if n > 1}
    ledger.must("digests received twice though their outcome was known", len(mail_repeats - uncertain), 0)
    ledger.must("two digests for one period", one("select count(*) - count(distinct (subscription, channel, period)) from deliver.deliveries"), 0)
    ledger.must("deliveries that failed", one("select count(*) from deliver.deliveries where state = 'failed'"), 0)
    line(f"  {len(digests)} digests, {len(uncertain)} of unknown outcome, {len(mail_repeats)} came twice; {len(receiver.taken)} posts taken, "
         f"{receiver.refused} refused, {len(receiver.fallen)} taken without an answer, {len(repeats)} came again; "
         f"{len(feed)} feed messages, {feed_repeats} of them twice")


def run(options, data):
    """Everything; what is wrong."""
    began, chance = time.monotonic(), random.Random(options.seed)
    database = Engine("postgres", lambda: postgres.start(engines.postgres(), data))
    broker = Engine("nats", lambda: broker_of.start(engines.nats(os.path.join(ROOT, ".skillwire", "tools")), data, broker_of.issuer(PROGRAM, KEY)))
    smtp, viewer, receiver = free_port(), free_port(), Receiver(options.seed)
    env = dict(os.environ, SKILLWIRE_DATABASE_URL=database.url, SKILLWIRE_NATS_URL=broker.url, SKILLWIRE_SECRET_KEY=KEY,
               SKILLWIRE_DELIVER_SMTP_URL=f"smtp://127.0.0.1:{smtp}", SKILLWIRE_DELIVER_INSTANT_WINDOW_S="20",
               SKILLWIRE_DELIVER_LEASE_S="6", SKILLWIRE_DELIVER_SMTP_ANSWER_TIMEOUT_S="4", SKILLWIRE_DELIVER_UNCERTAIN_RETRY_S="2", SKILLWIRE_LOG_FILTER="warn",
               SKILLWIRE_OUTBOUND_ALLOWED_NETWORKS='["127.0.0.0/8"]', SKILLWIRE_OUTBOUND_PLAIN_HTTP="true",
               SKILLWIRE_DATABASE_CONNECTIONS_MAX="8", SKILLWIRE_NATS_ANSWER_TIMEOUT_S="2")
    catcher = Child("mail-catcher", [PROGRAM, "mail-catcher", "--smtp", f"127.0.0.1:{smtp}", "--http", f"127.0.0.1:{viewer}", "--dir", f"{data}/mail"], data, env=env)
    subprocess.run([PROGRAM, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
    house, ledger, kills = House(data, env, True), Ledger(database.url, broker.url), collections.Counter()
    house.start()
    try:
        demo = os.path.join(data, "demo")
        os.makedirs(demo)
        employers, deans = members(demo, options.subscribers)
        subprocess.run([PROGRAM, "demo", "load", "--dir", demo, "--url", house.url], env=env, check=True, stdout=subprocess.DEVNULL)
        subscribe(house.url, [api_token(env, address) for address in deans], receiver)
        step(f"{options.subscribers} subscribers on all channels; submissions begin")
        submitters = Submitters(house.url, [api_token(env, address) for address in employers], options.submissions)
        while submitters.running() or sum(kills.values()) < options.kills:
            time.sleep(chance.uniform(*options.pause))
            if sum(kills.values()) >= options.kills:
                continue
            victim = chance.choice(["postgres", "nats"] + [key for key, _, _ in house.targets])
            kills[victim.rsplit("-", 1)[0]] += 1
            if victim in ("postgres", "nats"):
                (database if victim == "postgres" else broker).kill(data)
            else:
                house.kill(victim)
                house.start(victim)
            count = sum(kills.values())
            if count % 10 == 0:
                step(f"{count} kills, {len(submitters.done)} receipts, {len(receiver.taken)} posts taken")
        step("all is in; waiting for it to come to rest")
        wait_quiet(ledger, options.rest)
        step("the day's digests go now, and kills come while they do")
        ledger.sql("update deliver.deliveries set due_at = now() where channel = 'email' and state = 'gathering'")
        for _ in range(3):
            time.sleep(chance.uniform(0.05, 0.4))
            for key in house.of("deliver"):
                kills["deliver"] += 1
                house.kill(key)
                house.start(key)
        end = time.monotonic() + options.rest
        open_ones = "select count(*) from deliver.deliveries where channel = 'email' and (state in ('waiting','sending','handing_over') or state = 'gathering' and due_at <= now())"
        while time.monotonic() < end and ledger.sql(open_ones)[0] != "0":
            time.sleep(1)
        feed = asyncio.run(read_feed(broker.url))
        account(ledger, options, submitters, receiver, viewer, feed, kills, time.monotonic() - began)
        return ledger.wrong
    finally:
        for child in list(house.children.values()) + [catcher, broker.child, database.child]:
            child.stop()


def main():
    """Runs it; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--submissions", type=int)
    parser.add_argument("--subscribers", type=int, default=50)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--report", help="write the ledger to this file too")
    options = parser.parse_args()
    options.submissions = options.submissions or (2_000 if options.short else 100_000)
    options.kills = options.kills or (15 if options.short else 200)
    options.pause, options.rest = ((0.5, 2.5), 240) if options.short else ((1.0, 12.0), 3_600)
    if options.report:
        sys.stdout = Both(options.report)
    return in_folder("soak", lambda data: run(options, data))


if __name__ == "__main__":
    sys.exit(main())
