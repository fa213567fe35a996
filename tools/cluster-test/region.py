"""A region of the test: engines of the machine under `cloudeats up`, services in a namespace, relays between both."""

import json
import stat
import subprocess
import sys
from pathlib import Path

from cluster import ROOT, Failed, get, kubectl, put_secret, run, wait
from load import Person

SERVICES = ["gateway", "identity", "inventory", "orders", "payment", "fleet", "notification"]
# As `cloudeats up` numbers them, and where overlays/local-* look for the engines.
DOORS = {
    "gateway": 8080,
    "identity": 8001,
    "inventory": 8002,
    "orders": 8003,
    "payment": 8004,
    "fleet": 8005,
    "notification": 8006,
}
ENGINES = {"postgres": 15432, "redis": 16379, "mqtt": 11883, "dynamo": 18000, "provider": 18101, "smtp": 18125}
PATHS = ["/v1/users/me", "/v1/stores", "/v1/orders", "/v1/ledger/accounts", "/v1/couriers", "/v1/notifications"]
ADMIN = "admin@cloudeats.example"


class Region:
    def __init__(self, name, offset, work, bins, host):
        self.name, self.offset, self.host = name, offset, host
        self.namespace, self.stack, self.overlay = f"cloudeats-{name}", f"cluster-{name}", f"local-{name}"
        self.local, self.work, self.bins = Path(work) / "stacks", Path(work) / name, Path(bins).resolve()
        self.home = self.local / self.stack
        self.relay, self.routes = None, self.work / "routes.json"

    def cloudeats(self, *arguments, **options):
        command = [str(self.bins / "cloudeats"), *arguments, "--stack", self.stack, "--local", str(self.local)]
        return run(*command, **options)

    def start_engines(self):
        """The stack with a relay in the place of each service: what asks the stack is answered by the cluster."""
        stand_ins = self.work / "bin"
        stand_ins.mkdir(parents=True, exist_ok=True)
        self.routes.write_text("{}")
        for name in ("cloudeats", "sandbox"):
            (stand_ins / name).unlink(missing_ok=True)
            (stand_ins / name).symlink_to(self.bins / name)
        for name in SERVICES:
            file = stand_ins / name
            relay = Path(__file__).with_name("relay.py")
            file.write_text(
                f'#!/bin/sh\nCE_RELAY_NAME={name} CE_RELAY_FILE={self.routes} exec {sys.executable} {relay} "$@"\n'
            )
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        self.cloudeats("up", "--base-port-offset", str(self.offset), "--bin-dir", str(stand_ins), "--detach")
        pairs = [f"{self.host}:{port + self.offset}=127.0.0.1:{port + self.offset}" for port in ENGINES.values()]
        self.relay = subprocess.Popen([sys.executable, Path(__file__).with_name("relay.py"), *pairs])

    def stop_engines(self):
        if self.relay:
            self.relay.terminate()
            self.relay.wait()
        self.cloudeats("down", check=False)

    def secret(self, name):
        return (self.home / "secrets" / name).read_text().strip()

    def database(self, database, role):
        return f"postgres://{role}:{self.secret(f'postgres_{role}')}@postgres:5432/{database}"

    def value(self, service, name):
        """What the variable is for this region; None where the log of events is PostgreSQL and nobody asks."""
        return {
            "CE_CURSOR_KEY": lambda: self.secret("cursors"),
            "CE_REDIS_URL": lambda: f"redis://:{self.secret('redis')}@redis:6379",
            "CE_DATABASE_URL": lambda: self.database(service, service),
            "CE_EVENT_LOG_URL": lambda: self.database("event_log", "event_log"),
            "CE_BOOTSTRAP_ADMIN_EMAIL": lambda: ADMIN,
            "CE_BOOTSTRAP_ADMIN_PASSWORD": lambda: self.secret("admin"),
            "CE_PROVIDER_WEBHOOK_SECRET": lambda: f"whsec_{self.secret('webhooks')}",
            "CE_MQTT_USERNAME": lambda: "fleet",
            "CE_MQTT_PASSWORD": lambda: self.secret("mqtt_fleet"),
        }.get(name, lambda: None)()

    def put_secrets(self):
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        kubectl("apply", "--server-side", "-f", "-", text=json.dumps(space))
        holds = json.loads((ROOT / "k8s/secrets.json").read_text())
        keys = self.home / "keys"
        for service in SERVICES:
            values = {name: self.value(service, name) for name in holds[service]}
            put_secret(self.namespace, service, {k: v for k, v in values.items() if v is not None})
            files = {"service.pem": f"{service}.pem", "services.jwks.json": "services.jwks.json"}
            if service == "identity":
                files["tokens.pem"] = "tokens.pem"
            put_secret(self.namespace, f"{service}-keys", {k: (keys / f).read_text() for k, f in files.items()})
            if service != "gateway":
                owner = {"CE_DATABASE_URL": self.database(service, f"{service}_owner")}
                put_secret(self.namespace, f"{service}-migration", owner)

    def lead_to_the_cluster(self):
        """Tells the stand-ins where the services are."""
        found = {s: get("service", s, namespace=self.namespace)["spec"]["clusterIP"] for s in SERVICES}
        self.routes.write_text(json.dumps({s: f"{address}:8080" for s, address in found.items()}))
        self.gateway = f"http://{found['gateway']}:8080"

    def admin(self):
        return Person(self.gateway, ADMIN, self.secret("admin"))

    def applications(self):
        return get("applications.argoproj.io", namespace="argocd", selector=f"cloudeats.com/overlay={self.overlay}")

    def synced(self, commit, patience=900):
        """Waits until every application of the region is healthy at this commit."""

        def there():
            found = self.applications()
            late = []
            for app in found:
                state = app.get("status", {})
                good = (
                    state.get("sync", {}).get("status") == "Synced"
                    and state.get("health", {}).get("status") == "Healthy"
                )
                if not good or state["sync"].get("revision") != commit:
                    why = state.get("operationState", {}).get("message", "")[:160]
                    late.append(
                        f"{app['metadata']['name']} {state.get('sync', {}).get('status')} "
                        f"{state.get('health', {}).get('status')} {why}"
                    )
            if len(found) == len(SERVICES) + 1 and not late:
                return found
            raise Failed("; ".join(late) or f"{len(found)} applications")

        return wait(f"{self.name} at {commit[:8]}", there, patience)
