"""A private nats-server with JetStream."""
import os
import secrets
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from children import Child, free_port, listens, wait_until


def issuer(program, secret_key):
    """The public key of who answers the server's question who may come in; it follows from the installation's secret."""
    env = dict(os.environ, SKILLWIRE_SECRET_KEY=secret_key)
    return subprocess.run([program, "nats-issuer"], env=env, check=True, capture_output=True, text=True).stdout.strip()


def accounts():
    """What deploy/nats.conf says of accounts and authorization: the same here, so that there is one form of it."""
    with open(os.path.join(ROOT, "nats.conf"), encoding="utf-8") as file:
        text = file.read()
    return text[text.index("system_account"):]


def start(binary, data, answers_by):
    """Starts it; gives the child and its URL. `answers_by`: the issuer."""
    folder = os.path.join(data, "nats")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    secret = os.path.join(data, "nats.password")
    if not os.path.exists(secret):
        with open(secret, "w", encoding="ascii") as file:
            os.chmod(secret, 0o600)
            file.write(secrets.token_hex(24))
    with open(secret, encoding="ascii") as file:
        password = file.read().strip()
    port = free_port()
    config = os.path.join(folder, "nats.conf")
    with open(config, "w", encoding="ascii") as file:
        os.chmod(config, 0o600)
        # One server: what it has acknowledged is on the disk, not in a buffer.
        file.write(
            f'listen: "127.0.0.1:{port}"\nmax_payload: 1MB\n'
            f'jetstream {{ store_dir: "{folder}/store", sync_interval: always }}\n'
            + accounts().replace("$NATS_PASSWORD", f'"{password}"').replace("$NATS_ISSUER", answers_by)
        )
    child = Child("nats", [binary, "-c", config], data)
    wait_until(lambda: listens(port), child, "ready")
    return child, f"nats://skillwire:{password}@127.0.0.1:{port}"
