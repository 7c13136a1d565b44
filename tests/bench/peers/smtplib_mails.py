#!/usr/bin/env python3
"""Sends mails with the standard library: PORT WORDS.json COUNT reused|each. Prints the seconds and the processor time."""
import base64
import email.utils
import json
import resource
import smtplib
import sys
import time
from email.message import EmailMessage

PORT, WORDS, COUNT, HOW = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
with open(WORDS, encoding="utf-8") as file:
    words = json.load(file)
png = base64.b64decode(words["png"])


def mail(at):
    """As skillwire's: text, HTML, and the picture that the HTML shows."""
    message = EmailMessage()
    message["From"] = "Skillwire <skillwire@localhost>"
    message["To"] = f"Subscriber {at} <subscriber-{at}@people.example>"
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = f"<{at}.{HOW}@skillwire.localhost>"
    message["Subject"] = words["subject"]
    message["Auto-Submitted"] = "auto-generated"
    message["List-Id"] = f"<{at}.skillwire.localhost>"
    message["List-Unsubscribe"] = f"<http://127.0.0.1/unsubscribe/{at}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Precedence"] = "bulk"
    message.set_content(words["text"])
    message.add_alternative(words["html"], subtype="html")
    message.get_payload()[1].add_related(png, "image", "png", cid="<needs>", filename="needs.png")
    return message


began = time.monotonic()
spent = resource.getrusage(resource.RUSAGE_SELF)
kept = smtplib.SMTP("127.0.0.1", PORT) if HOW == "reused" else None
for at in range(COUNT):
    if kept:
        kept.send_message(mail(at))
    else:
        with smtplib.SMTP("127.0.0.1", PORT) as one:
            one.send_message(mail(at))
if kept:
    kept.quit()
now = resource.getrusage(resource.RUSAGE_SELF)
processor = now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime
print(json.dumps({"seconds": time.monotonic() - began, "processor": processor}))
