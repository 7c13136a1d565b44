#!/usr/bin/env python3
"""Verifies a captured webhook with the `standardwebhooks` library of PyPI: what a receiver in another language does.

Reads JSON from standard input: {"secret", "headers", "body"}; prints the event's type. Exit code 1: not ours.
"""
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

given = json.load(sys.stdin)
# The capture has the time of the test, which stands still: the library's own tolerance is shown by "now".
if "now" in given:
    import datetime

    import standardwebhooks.webhooks as library

    class Then(datetime.datetime):
        """The time of the test."""

        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.fromtimestamp(given["now"], tz)

    library.datetime = Then
try:
    event = Webhook(given["secret"]).verify(given["body"], given["headers"])
except WebhookVerificationError as error:
    print(f"not verified: {error}", file=sys.stderr)
    sys.exit(1)
print(event["type"])
