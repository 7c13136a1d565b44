"""What a person at the console reads."""
import sys
import time

STARTED = time.monotonic()


class Trouble(Exception):
    """Something is wrong: what, and the remedy."""

    def __init__(self, what, remedy):
        super().__init__(what)
        self.what, self.remedy = what, remedy


def step(text):
    """A step of the way, with the time since the start."""
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


def line(text=""):
    """A line of the answer."""
    print(text, flush=True)


def trouble(error):
    """The cause and the remedy."""
    print(f"\nSkillwire cannot go on: {error.what}\nRemedy: {error.remedy}", file=sys.stderr, flush=True)
