"""The cluster, asked by kubectl, and the checkout that Argo CD reads."""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFRESH = "argocd.argoproj.io/refresh=normal"


class Failed(Exception):
    """What was seen instead."""


def run(*command, text=None, check=True, env=None, timeout=600):
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        env=os.environ | (env or {}),
        check=False,
    )
    if check and done.returncode:
        raise Failed(f"`{' '.join(map(str, command[:5]))}…`: {(done.stderr or done.stdout).strip()[-600:]}")
    return done


def kubectl(*arguments, **options):
    return run("kubectl", *arguments, **options).stdout


def get(kind, *names, namespace=None, selector=None):
    command = ["get", kind, *names, "-o", "json"]
    command += ["-n", namespace] if namespace else []
    command += ["-l", selector] if selector else []
    answer = json.loads(kubectl(*command))
    return answer["items"] if "items" in answer else answer


def wait(what, condition, patience=600, pause=2):
    """Asks until the condition gives something; its last complaint is the error."""
    until, complaint = time.monotonic() + patience, ""
    while time.monotonic() < until:
        try:
            if found := condition():
                return found
        except Failed as error:
            complaint = f": {error}"
        time.sleep(pause)
    raise Failed(f"{what} did not come within {patience} s{complaint}")


def ready(pod):
    conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def pods(namespace, service=None):
    name = f",app.kubernetes.io/name={service}" if service else ""
    return get("pods", namespace=namespace, selector=f"app.kubernetes.io/component=service{name}")


def ready_pods(namespace, service):
    """The pods of a service if all of them are ready, and none is on its way out."""
    found = pods(namespace, service)
    return found if found and all(map(ready, found)) else None


def put_secret(namespace, name, data):
    """Applies a secret; its values are on no disk and in no argument."""
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "data": encoded,
    }
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=json.dumps(document))


class Checkout:
    """A repository of its own with the tree's k8s/, so that a test may commit what a release would."""

    def __init__(self, folder, host):
        self.folder, self.host = Path(folder), host
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(ROOT / "k8s", self.folder / "k8s")
        for file in self.folder.rglob("*.yaml"):
            file.write_text(file.read_text().replace("10.244.0.1", host))
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("As it is")

    def git(self, *arguments):
        who = ["-c", "user.name=cluster-test", "-c", "user.email=cluster-test@localhost", "-c", "commit.gpgsign=false"]
        return run("git", "-C", str(self.folder), *who, *arguments).stdout.strip()

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--message", message)
        return self.git("rev-parse", "HEAD")

    def edit(self, path, change, message):
        file = self.folder / "k8s" / path
        before = file.read_text()
        after = change(before)
        if after == before:
            raise Failed(f"{path}: there was nothing to change")
        file.write_text(after)
        commit = self.commit(message)
        # As the webhook of a forge would: Argo CD asks by itself only every three minutes.
        kubectl("-n", "argocd", "annotate", "applications.argoproj.io", "--all", "--overwrite", REFRESH)
        return commit

    def argocd(self):
        """The project and the set of applications, reading from here."""
        text = "\n---\n".join(
            (self.folder / "k8s/argocd" / name).read_text() for name in ("project.yaml", "applicationset.yaml")
        )
        return text.replace("https://github.com/cloudeats/cloudeats-direct.git", f"file://{self.folder}")
