#!/usr/bin/env python3
"""Outages: nats-server away, its streams deleted behind our back, PostgreSQL away. One process runs through all
of it and is never started again; no loop spins while an engine is away (its tries are counted), and what was said before and
in between has arrived afterwards.
"""
import asyncio
import os
import re
import subprocess
import sys
import time
import urllib.request

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "deploy", "lib"))
sys.path.insert(0, os.path.join(ROOT, "tests"))

import engines  # noqa: E402
import nats as broker_of  # noqa: E402
import postgres  # noqa: E402
from ledger import KEY, PROGRAM, Engine, House, Ledger, api_token, in_folder  # noqa: E402
from soak import call, client_of, insist, members, wait_quiet  # noqa: E402
from ui import line, step  # noqa: E402

# An outage, seconds. A loop that doubles its rest from 0.1 s tries 8 times in it; one that spins, thousands of times. Up to seven
# loops share a name (one a service), and are counted together.
OUTAGE_S = 12
TRIES_MAX = 7 * 12


def faults(house):
    """work -> how often a step of it failed, as /metrics says."""
    with urllib.request.urlopen(f"{house.url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {name: float(count) for name, count in re.findall(r'^work_faults_total\{work="([^"]+)"\} (\S+)', text, re.M)}


def away(ledger, house, what, meanwhile=lambda: None):
    """Waits an outage out; how often each loop tried in it."""
    before = faults(house)
    end = time.monotonic() + OUTAGE_S
    meanwhile()
    time.sleep(max(0.0, end - time.monotonic()))
    tried = {name: int(count - before.get(name, 0)) for name, count in faults(house).items()}
    most = max(tried.values(), default=0)
    line(f"  {what}, {OUTAGE_S} s: {sum(tried.values())} failed steps of {len(tried)} loops, the most of one {most}")
    ledger.must(f"no loop spins ({what})", {name: n for name, n in tried.items() if n > TRIES_MAX}, {})


def needs(house, tokens, first, many):
    """Submits; every one gets its receipt."""
    for n in range(first, first + many):
        need = {"reference": f"O-{n}", "occupation": "Welder", "county": "29095", "openings": [{"horizon": "now", "new": 1}]}
        insist(house.url, tokens[n % len(tokens)], "POST", "/api/v1/submissions", {"needs": [need]}, f"outage-{n}")


def all_is_there(ledger, house, pid, many):
    """Everything submitted is in the total signal and in the feed, and the process is the one that was there before."""
    wait_quiet(ledger, 120)
    ledger.must("openings in the total", int(ledger.sql(
        "select coalesce(sum(openings), 0) from aggregate.signals where level = 'total' and kind = 'occupation'")[0]), many)
    ledger.must("the newest revision is in the feed", int(ledger.sql(
        """select count(*) from aggregate.signals g where not exists (select 1 from deliver.delivery_signals x
           join deliver.deliveries d on d.id = x.delivery where d.channel = 'stream' and d.state = 'sent' and x.signal = g.id
           and x.revision = (g.body->>'revision')::int)""")[0]), 0)
    ledger.must("the same process", house.children["all-0"].process.pid, pid)
    ledger.must("it runs", house.children["all-0"].process.poll(), None)


async def delete_streams(url):
    """As somebody with the nats tool might."""
    client = await client_of(url)
    stream = client.jetstream()
    for one in await stream.streams_info():
        await stream.delete_stream(one.config.name)
    await client.close()


def run(data):
    """Everything; what is wrong."""
    database = Engine("postgres", lambda: postgres.start(engines.postgres(), data))
    broker = Engine("nats", lambda: broker_of.start(engines.nats(os.path.join(ROOT, ".skillwire", "tools")), data, broker_of.issuer(PROGRAM, KEY)))
    env = dict(os.environ, SKILLWIRE_DATABASE_URL=database.url, SKILLWIRE_NATS_URL=broker.url, SKILLWIRE_SECRET_KEY=KEY,
               SKILLWIRE_LOG_FILTER="error", SKILLWIRE_NATS_ANSWER_TIMEOUT_S="2")
    subprocess.run([PROGRAM, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
    house, ledger = House(data, env, False), Ledger(database.url, broker.url)
    house.start()
    try:
        demo = os.path.join(data, "demo")
        os.makedirs(demo)
        employers, deans = members(demo, 1)
        subprocess.run([PROGRAM, "demo", "load", "--dir", demo, "--url", house.url], env=env, check=True, stdout=subprocess.DEVNULL)
        tokens, dean = [api_token(env, address) for address in employers[:6]], api_token(env, deans[0])
        insist(house.url, dean, "POST", "/api/v1/subscriptions", {"name": "All", "channels": ["stream"], "cadence": "daily"})
        pid = house.children["all-0"].process.pid
        needs(house, tokens, 0, 12)
        all_is_there(ledger, house, pid, 12)

        step("nats-server is away; submissions are taken all the same")
        broker.stop()
        away(ledger, house, "nats-server away", lambda: needs(house, tokens, 12, 12))
        broker.again(data)
        all_is_there(ledger, house, pid, 24)

        step("all streams are deleted behind our back")
        asyncio.run(delete_streams(broker.url))
        away(ledger, house, "streams deleted", lambda: needs(house, tokens, 24, 12))
        all_is_there(ledger, house, pid, 36)

        step("PostgreSQL is away; submissions are refused, and none is half taken")
        database.stop()
        status, answer = call(house.url, tokens[0], "POST", "/api/v1/submissions", {"needs": []}, "outage-away")
        ledger.must("a submission meanwhile is put off", status in (500, 503, 504), True)
        away(ledger, house, "PostgreSQL away")
        database.again(data)
        needs(house, tokens, 36, 12)
        all_is_there(ledger, house, pid, 48)
        return ledger.wrong
    finally:
        for child in list(house.children.values()) + [broker.child, database.child]:
            child.stop()


def main():
    """Runs it; the exit code."""
    return in_folder("outage", run)


if __name__ == "__main__":
    sys.exit(main())
