#!/usr/bin/env python3
"""Reads a subscriber's stream with nats-py, with what the page of the stream tells: an example, and run as a test.

    tests/stream_client.py SERVER USER PASSWORD STREAM CONSUMER INBOX_PREFIX COUNT

Pulls COUNT messages, acknowledges each, and prints its Nats-Msg-Id and its event's type.
"""
import asyncio
import json
import sys

import nats


async def main(server, user, password, stream, consumer, inbox_prefix, count):
    """Pull, work, acknowledge."""
    connection = await nats.connect(server, user=user, password=password, inbox_prefix=inbox_prefix, allow_reconnect=False)
    # The consumer is made by the other side; "bind" takes it as it is and asks JetStream for nothing else.
    reader = await connection.jetstream().pull_subscribe_bind(consumer, stream=stream)
    read = 0
    while read < count:
        for message in await reader.fetch(count - read, timeout=10):
            print(message.headers["Nats-Msg-Id"], json.loads(message.data)["type"])
            await message.ack()
            read += 1
    await connection.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:7], int(sys.argv[7])))
