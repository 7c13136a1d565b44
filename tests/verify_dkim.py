#!/usr/bin/env python3
"""Verifies the DKIM signature of a mail with `dkimpy` of PyPI: what a receiver does.

Reads JSON from standard input: {"mail" (base64), "name", "record"}, the last two standing for DNS. Prints "good", or why not.
"""
import base64
import json
import sys

import dkim

given = json.load(sys.stdin)


def dns(name, timeout=5):
    """The one record there is."""
    return given["record"].encode() if name.decode() == given["name"] else None


try:
    verifier = dkim.DKIM(base64.b64decode(given["mail"]))
    print("good" if verifier.verify(dnsfunc=dns) else "the signature does not hold")
except dkim.DKIMException as error:
    print(f"not verified: {error}")
