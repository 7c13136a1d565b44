#!/usr/bin/env python3
"""Reads a feed in every format with readers of others: an example of each, and run as a test.

    tests/read_feeds.py < addresses.json

Standard input is what "New address" of a feed told: {"atom", "json_feed", "events", "signals", "csv", "xlsx"}. Atom is read by an
XML parser and by `feedparser`, JSON Feed is checked against version 1.1, the workbook is read by `openpyxl`. Prints what each
found as JSON; exit code 1 and the reasons when one of them does not hold.
"""
import csv
import datetime
import io
import json
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree

import feedparser
import openpyxl

ATOM = "{http://www.w3.org/2005/Atom}"
WRONG = []


def want(good, words):
    """Notes what does not hold."""
    if not good:
        WRONG.append(words)


def fetch(address, **headers):
    """Status, headers and body of an address."""
    request = urllib.request.Request(address, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def again(name, address):
    """Fetches twice: the second time it is not sent again. Gives the first body and its type."""
    status, headers, body = fetch(address)
    want(status == 200, f"{name}: status {status}: {body[:200]!r}")
    want(headers["Referrer-Policy"] == "no-referrer", f"{name}: Referrer-Policy {headers['Referrer-Policy']}")
    want("private" in headers["Cache-Control"], f"{name}: Cache-Control {headers['Cache-Control']}")
    second, kept, empty = fetch(address, If_None_Match=headers["ETag"])
    want(second == 304 and not empty and kept["ETag"] == headers["ETag"], f"{name}: with If-None-Match {second}")
    third, _, _ = fetch(address, If_Modified_Since=headers["Last-Modified"])
    want(third == 304, f"{name}: with If-Modified-Since {third}")
    other, _, _ = fetch(address, If_None_Match='"another"')
    want(other == 200, f"{name}: with another tag {other}")
    return body, headers["Content-Type"]


def moment(text):
    """Whether it is a moment by RFC 3339."""
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False


def atom(address):
    """RFC 4287: what a feed and an entry must have; and how a feed reader sees it."""
    body, media_type = again("atom", address)
    root = xml.etree.ElementTree.fromstring(body)
    want(root.tag == ATOM + "feed", f"atom: root {root.tag}")
    for where, needed in [(root, ["id", "title", "updated"])] + [(e, ["id", "title", "updated"]) for e in root.iter(ATOM + "entry")]:
        for name in needed:
            found = where.findall(ATOM + name)
            want(len(found) == 1 and found[0].text, f"atom: {len(found)} of {name}")
        want(moment(where.findtext(ATOM + "updated", "")), "atom: updated is no moment")
    want(root.find(f"{ATOM}author/{ATOM}name") is not None, "atom: no author")
    own = [link.get("href") for link in root.findall(ATOM + "link") if link.get("rel") == "self"]
    want(own == [address], f"atom: self is {own}")
    parsed = feedparser.parse(body, response_headers={"content-type": media_type})
    want(not parsed.bozo, f"atom: feedparser says {parsed.get('bozo_exception')}")
    want(parsed.version == "atom10", f"atom: version {parsed.version}")
    want(all(e.link and e.published_parsed and e.updated_parsed and e.content[0].value for e in parsed.entries), "atom: entries")
    return [[entry.id, entry.title, entry.content[0].value] for entry in parsed.entries]


def json_feed(address):
    """jsonfeed.org/version/1.1: what is required, and the types of what is given."""
    body, media_type = again("json_feed", address)
    want(media_type.startswith("application/feed+json"), f"json_feed: {media_type}")
    feed = json.loads(body)
    want(feed.get("version") == "https://jsonfeed.org/version/1.1", f"json_feed: version {feed.get('version')}")
    want(isinstance(feed.get("title"), str) and feed["title"], "json_feed: title")
    want(feed.get("feed_url") == address, f"json_feed: feed_url {feed.get('feed_url')}")
    want(isinstance(feed.get("items"), list), "json_feed: items")
    known = {"version", "title", "home_page_url", "feed_url", "next_url", "authors", "items"}
    want(set(feed) <= known, f"json_feed: members {set(feed) - known}")
    for item in feed["items"]:
        want(isinstance(item.get("id"), str) and item["id"], "json_feed: item id")
        want("content_text" in item or "content_html" in item, "json_feed: item without content")
        want(all(isinstance(tag, str) for tag in item.get("tags", [])), "json_feed: tags")
        want(moment(item["date_published"]) and moment(item["date_modified"]), "json_feed: dates")
        standard = {"id", "url", "title", "content_text", "date_published", "date_modified", "tags"}
        want(all(name in standard or name.startswith("_") for name in item), f"json_feed: members {set(item) - standard}")
    ids = [item["id"] for item in feed["items"]]
    want(len(set(ids)) == len(ids), "json_feed: an id comes twice")
    return [[item["id"], item["title"], item["content_text"]] for item in feed["items"]]


def log(address):
    """All of the log by its cursor, two at a time."""
    again("signals", address)
    found, at = [], address + "?after=0&limit=2"
    while True:
        page = json.loads(fetch(at)[2])
        found += [[entry["number"], entry["event"]["id"], entry["event"]["type"]] for entry in page["entries"]]
        at = page["next"]
        if not page["more"]:
            break
    want(json.loads(fetch(at)[2])["entries"] == [], "signals: `next` of the last page is not empty")
    return found


def sheets(addresses):
    """CSV and XLSX say the same."""
    body, media_type = again("csv", addresses["csv"])
    want(media_type.startswith("text/csv"), f"csv: {media_type}")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))
    body, media_type = again("xlsx", addresses["xlsx"])
    want("spreadsheetml" in media_type, f"xlsx: {media_type}")
    book = openpyxl.load_workbook(io.BytesIO(body))
    want(book.sheetnames == ["Signals", "About"], f"xlsx: sheets {book.sheetnames}")
    cells = list(book["Signals"].iter_rows())
    want(all(cell.data_type != "f" for row in cells for cell in row), "xlsx: a formula")
    text = [["" if cell.value is None else str(cell.value) for cell in row] for row in cells]
    wage = rows[0].index("median_hourly")
    for row in text[1:] + rows[1:]:
        row[wage] = f"{float(row[wage]):.2f}" if row[wage] else ""
    want(text == rows, f"the workbook and the CSV differ: {text[:2]} {rows[:2]}")
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def main():
    """Reads all; the exit code."""
    addresses = json.load(sys.stdin)
    found = {
        "atom": atom(addresses["atom"]),
        "json_feed": json_feed(addresses["json_feed"]),
        "log": log(addresses["signals"]),
        "state": sheets(addresses),
    }
    print(json.dumps(found))
    for words in WRONG:
        print(words, file=sys.stderr)
    return 1 if WRONG else 0


if __name__ == "__main__":
    sys.exit(main())
