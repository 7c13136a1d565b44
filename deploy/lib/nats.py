"""A private nats-server with JetStream."""
import os
import secrets

from children import Child, free_port, listens, wait_until


def start(binary, data):
    """Starts it; gives the child and its URL."""
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
            f'authorization {{ user: skillwire, password: "{password}" }}\n'
        )
    child = Child("nats", [binary, "-c", config], data)
    wait_until(lambda: listens(port), child, "ready")
    return child, f"nats://skillwire:{password}@127.0.0.1:{port}"
