#!/usr/bin/env python3
"""What deploy/ promises, checked without Docker: settings are settings, commands are commands, ports and paths agree.

Usage: tests/deployment.py PROGRAM [NATS_SERVER]   (PROGRAM: a built skillwire)"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WRONG = []


def read(path):
    """A file of the repository."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def must(holds, what):
    """Notes what does not hold."""
    if not holds:
        WRONG.append(what)


def settings():
    """Every variable that is a setting, from the settings' schema."""
    schema = json.loads(read("schemas/config.json"))
    found = {"SKILLWIRE_CONFIG"}
    for section, about in schema["properties"].items():
        keys = schema["$defs"][about["$ref"].rsplit("/", 1)[1]]["properties"]
        found |= {f"SKILLWIRE_{section}_{key}".upper() for key in keys}
    return found


def check_variables(known):
    """A variable that no setting has would be ignored in silence."""
    for path in ["deploy/compose.yaml", "deploy/compose.split.yaml", "deploy/skillwire.service", "deploy/.env.example"]:
        for name in sorted(set(re.findall(r"SKILLWIRE_[A-Z_]+", read(path)))):
            must(name in known, f"{path}: {name} is no setting (see deploy/skillwire.toml)")
    asked = set(re.findall(r"\$\{([A-Z_]+)", read("deploy/compose.yaml") + read("deploy/compose.split.yaml")))
    offered = set(re.findall(r"^([A-Z_]+)=", read("deploy/.env.example"), re.M))
    must(asked == offered, f"deploy/.env.example and the compose files differ: {sorted(asked ^ offered)}")
    for path in ["deploy/up", *glob.glob("deploy/lib/*.py", root_dir=ROOT)]:
        own = {"SKILLWIRE_BIN", "SKILLWIRE_UP_PROFILE"}
        for name in sorted(set(re.findall(r"SKILLWIRE_[A-Z_]+", read(path))) - own):
            must(name in known, f"{path}: {name} is no setting")


def help_of(program, *command):
    """What a command says of itself."""
    out = subprocess.run([program, *command, "--help"], capture_output=True, text=True)
    must(out.returncode == 0, f"skillwire {' '.join(command)} --help fails: {out.stderr.strip()}")
    return out.stdout


def check_command(program, where, words, targets):
    """A command line of skillwire has only options and targets that there are."""
    text = help_of(program, words[0])
    for at, word in enumerate(words):
        if word.startswith("--"):
            must(re.search(rf"{word}\b", text), f"{where}: skillwire {words[0]} has no option {word}")
        if word == "--target":
            for target in words[at + 1].split(","):
                must(target in targets | {"all"}, f"{where}: there is no target {target}")


def check_commands(program):
    """Every command in the compose files, the Dockerfile and the unit."""
    targets = set(re.findall(r"[a-z]+", re.search(r"some of ([a-z, ]+)", help_of(program, "run"))[1]))
    started = set()
    for path in ["deploy/compose.yaml", "deploy/compose.split.yaml"]:
        commands = re.findall(r"command: \[(run, [^\]]+)\]", read(path))
        must(commands, f"{path}: no service runs skillwire")
        for command in commands:
            words = command.split(", ")
            check_command(program, path, words, targets)
            if path.endswith("split.yaml"):
                started.add(words[words.index("--target") + 1])
    must(started == targets, f"deploy/compose.split.yaml does not start every target once: {sorted(started ^ targets)}")
    check_command(program, "deploy/Dockerfile", json.loads(re.search(r"^CMD (.+)$", read("deploy/Dockerfile"), re.M)[1]), targets)
    line = re.search(r"^ExecStart=(\S+) (.+)$", read("deploy/skillwire.service"), re.M)
    check_command(program, "deploy/skillwire.service", line[2].split(), targets)


def check_dockerfile():
    """The compiler is the one the workspace asks for, what is copied is there, the program lies where it is looked for."""
    text = read("deploy/Dockerfile")
    wanted = re.search(r'^rust-version = "([\d.]+)"', read("Cargo.toml"), re.M)[1]
    used = re.search(r"^FROM rust:([\d.]+)", text, re.M)[1]
    must(used == wanted, f"deploy/Dockerfile builds with rust {used}, Cargo.toml asks for {wanted}")
    for options, words in re.findall(r"^COPY (--from=\S+ )?(.+)$", text, re.M):
        for source in words.split()[:-1]:
            if not options:
                must(os.path.exists(os.path.join(ROOT, source)), f"deploy/Dockerfile copies {source}, which is not there")
            else:
                must(source == "/src/target/release/skillwire", f"deploy/Dockerfile: {source} is not where cargo puts it")
    package = re.search(r"cargo build .*-p (\S+)", text)[1]
    must(os.path.exists(os.path.join(ROOT, "services", package, "Cargo.toml")), f"deploy/Dockerfile builds {package}, which is no crate")


def check_ports():
    """What is published is what is listened on, and what the proxy asks."""
    exposed = re.search(r"^EXPOSE (\d+)", read("deploy/Dockerfile"), re.M)[1]
    for path in ["deploy/compose.yaml", "deploy/compose.split.yaml"]:
        listens = re.search(r"SKILLWIRE_HTTP_LISTEN: \S+:(\d+)", read(path))[1]
        must(listens == exposed, f"{path}: skillwire listens on {listens}, the Dockerfile exposes {exposed}")
    published = re.search(r'ports: \["\d+:(\d+)"\]', read("deploy/compose.yaml"))[1]
    must(published == exposed, f"deploy/compose.yaml publishes {published} of skillwire, which listens on {exposed}")
    proxy = read("deploy/proxy.conf")
    inside = re.search(r"listen (\d+);", proxy)[1]
    must(re.search(rf'ports: \["\d+:{inside}"\]', read("deploy/compose.split.yaml")), f"deploy/compose.split.yaml does not publish the proxy's {inside}")
    for host, port in re.findall(r"proxy_pass http://([a-z]+):(\d+);", proxy):
        must(port == exposed, f"deploy/proxy.conf asks {host} on {port}, it listens on {exposed}")


def check_proxy():
    """Each route goes to the service that owns it."""
    places = [(re.compile(p), s) for p, s in re.findall(r"location ~ (\S+)\s+\{ proxy_pass http://([a-z]+):", read("deploy/proxy.conf"))]
    rest = re.search(r"location /\s+\{ proxy_pass http://([a-z]+):", read("deploy/proxy.conf"))[1]
    routes = 0
    for path in sorted(glob.glob("services/*/src/web/*.rs", root_dir=ROOT)):
        service = path.split("/")[1]
        for route in re.findall(r'\.(?:get|post|put|delete|patch)\(\s*"(/[^"]*)"', read(path)):
            goes = next((to for place, to in places if place.search(re.sub(r"\{\w+\}", "x", route))), rest)
            must(goes == service, f"deploy/proxy.conf sends {route} to {goes}, {service} has it")
            routes += 1
    must(routes > 40, f"only {routes} routes were found")


def check_images():
    """The engines are new enough, and what is mounted is there."""
    for path in ["deploy/compose.yaml", "deploy/compose.split.yaml"]:
        text = read(path)
        must(int(re.search(r"image: postgres:(\d+)", text)[1]) >= 15, f"{path}: PostgreSQL 15 or later")
        version = tuple(int(part) for part in re.search(r"image: nats:(\d+)\.(\d+)", text).groups())
        must(version >= (2, 11), f"{path}: nats-server 2.11 or later")
        for source in re.findall(r"(\./\S+?):/", text):
            must(os.path.exists(os.path.join(ROOT, "deploy", source)), f"{path}: {source} is not there")


def check_nats(program, server):
    """nats-server reads its settings."""
    key = dict(os.environ, SKILLWIRE_SECRET_KEY="ab" * 32)
    issuer = subprocess.run([program, "nats-issuer"], env=key, capture_output=True, text=True).stdout.strip()
    env = dict(os.environ, NATS_PASSWORD="x", NATS_ISSUER=issuer)
    out = subprocess.run([server, "-t", "-c", os.path.join(ROOT, "deploy", "nats.conf")], env=env, capture_output=True, text=True)
    must(out.returncode == 0, f"deploy/nats.conf: {out.stderr.strip()}")


def check_unit(program):
    """systemd reads the unit, with the program where it is here."""
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not here; of the unit only its command was checked")
        return
    with tempfile.TemporaryDirectory() as folder:
        unit = os.path.join(folder, "skillwire.service")
        with open(unit, "w", encoding="utf-8") as file:
            file.write(read("deploy/skillwire.service").replace("/usr/local/bin/skillwire", os.path.abspath(program)))
        out = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
        # Other units of the machine may have troubles of their own.
        said = [row for row in out.stderr.splitlines() if "skillwire" in row]
        must(not said, f"deploy/skillwire.service: {said}")


def main():
    """Runs all; the exit code."""
    program = sys.argv[1]
    checks = [lambda: check_variables(settings()), lambda: check_commands(program), check_dockerfile, check_ports,
              check_proxy, check_images, lambda: check_unit(program)]
    for check in checks:
        try:
            check()
        except (TypeError, AttributeError, ValueError, IndexError) as error:
            # What was looked for is not there, or not of its shape.
            line = error.__traceback__.tb_next.tb_lineno
            must(False, f"line {line} of tests/deployment.py did not find what it looks for: {error}")
    if len(sys.argv) > 2:
        check_nats(program, sys.argv[2])
    first = [row.split("|")[1] for row in read("deploy/README.md").splitlines() if row.startswith("| `")]
    for name in re.findall(r"`([\w./-]+)`", " ".join(first)):
        must(os.path.exists(os.path.join(ROOT, "deploy", name)), f"deploy/README.md names {name}, which is not there")
    for what in WRONG:
        print(f"WRONG: {what}")
    return 1 if WRONG else 0


if __name__ == "__main__":
    sys.exit(main())
