#!/usr/bin/env python3
"""The API against its own contract: schemathesis calls every operation of schemas/openapi.json with what the schema allows and
what it does not, as staff and as somebody without a token. No answer is a server error, every answer is one that the contract
names, with a body as it says, and nobody gets in without a token.
"""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "deploy", "lib"))
sys.path.insert(0, os.path.join(ROOT, "tests"))

import engines  # noqa: E402
import nats  # noqa: E402
import postgres  # noqa: E402
from ledger import KEY, PROGRAM, Engine, House, api_token, in_folder  # noqa: E402
from ui import Trouble, step  # noqa: E402

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"


def schemathesis():
    """The library, installed if need be: where it is."""
    folder = os.path.join(ROOT, ".skillwire", "tools", "schemathesis")
    if not os.path.isdir(os.path.join(folder, "schemathesis")) and not engines.pip("schemathesis", folder):
        raise Trouble("schemathesis could not be installed from PyPI", f"pip install --target {folder} schemathesis")
    return folder


def run(data):
    """Starts a house with the members of the demonstration and calls it; the exit code of schemathesis."""
    folder = schemathesis()
    database = Engine("postgres", lambda: postgres.start(engines.postgres(), data))
    broker = Engine("nats", lambda: nats.start(engines.nats(os.path.join(ROOT, ".skillwire", "tools")), data, nats.issuer(PROGRAM, KEY)))
    env = dict(os.environ, SKILLWIRE_DATABASE_URL=database.url, SKILLWIRE_NATS_URL=broker.url, SKILLWIRE_SECRET_KEY=KEY,
               SKILLWIRE_LOG_FILTER="error", SKILLWIRE_HTTP_REQUESTS_PER_MINUTE_MAX="1000000")
    subprocess.run([PROGRAM, "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)
    house = House(data, env, False)
    house.start()
    try:
        demo = os.path.join(ROOT, "deploy", "demo")
        subprocess.run([PROGRAM, "demo", "load", "--dir", demo, "--url", house.url], env=env, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(demo, "members.json"), encoding="utf-8") as file:
            staff = next(p["address"] for p in json.load(file)["people"] if "staff" in p["roles"])
        token = api_token(env, staff)
        step("schemathesis calls every operation")
        # Left out: revoking tokens, or it revokes its own. One worker: Python 3.11 parses no source safely on two threads.
        return subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", os.path.join(ROOT, "schemas", "openapi.json"), "--url", house.url,
             "-H", f"Authorization: Bearer {token}", "--checks", CHECKS, "--phases", "coverage,fuzzing",
             "--max-examples", "20", "--exclude-path", "/api/v1/tokens/{prefix}", "--seed", "1", "--workers", "1",
             "--generation-database", "none", "--warnings", "off"],
            cwd=data, env=dict(os.environ, PYTHONPATH=folder)).returncode
    finally:
        for child in list(house.children.values()) + [broker.child, database.child]:
            child.stop()


def main():
    """Runs it; the exit code."""
    return in_folder("contract", run)


if __name__ == "__main__":
    sys.exit(main())
