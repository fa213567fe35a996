"""A Prometheus of the machine that fetches the pods' metrics, as the one in the cluster's observability would."""

import contextlib
import json
import shutil
import subprocess
import threading
import time
import urllib.request

from cluster import ROOT, Failed, pods, wait

PORT = 19090

# Debian's Prometheus does not ask Kubernetes; a thread of ours does, and writes down what it would find.
CONFIG = """
global: {{scrape_interval: 5s}}
scrape_configs:
  - job_name: pods
    file_sd_configs: [{{files: [{targets}], refresh_interval: 5s}}]
"""


def targets(world):
    """Each pod that has an address, as Prometheus reads it."""
    found = []
    for region in world.regions:
        for pod in pods(region.namespace):
            if address := pod["status"].get("podIP"):
                labels = pod["metadata"]["labels"]
                named = {
                    "namespace": region.namespace,
                    "pod": pod["metadata"]["name"],
                    "app": labels["app.kubernetes.io/name"],
                    "revision": labels.get("rollouts-pod-template-hash", ""),
                }
                found.append({"targets": [f"{address}:9080"], "labels": named})
    return found


def follow(world, file):
    """Writes the targets again and again, until Prometheus is ended."""
    while world.prometheus.poll() is None:
        # What cannot be asked now is asked again: a thread that ends would leave the canary unseen.
        with contextlib.suppress(Failed, OSError, ValueError, subprocess.SubprocessError):
            fresh = file.with_suffix(".new")
            fresh.write_text(json.dumps(targets(world)))
            fresh.rename(file)
        time.sleep(2)


def program(world):
    """The one of the machine, else the one of Debian's archive, unpacked aside."""
    if found := shutil.which("prometheus"):
        return found
    folder = ROOT / ".local/tools/prometheus"
    if not (folder / "usr/bin/prometheus").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            "apt-get download -qq prometheus && dpkg -x prometheus_*.deb . && rm prometheus_*.deb",
            shell=True,
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return folder / "usr/bin/prometheus"


def start(world):
    """Starts it and waits until it knows the gateways."""
    if world.prometheus:
        return
    folder = world.work / "prometheus"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = folder / "targets.json"
    (folder / "prometheus.yml").write_text(CONFIG.format(targets=file))
    log = open(folder / "log", "w", encoding="utf-8")
    world.prometheus = subprocess.Popen(
        [
            program(world),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={world.host}:{PORT}",
        ],
        stdout=log,
        stderr=log,
    )

    threading.Thread(target=follow, args=(world, file), daemon=True).start()

    def knows():
        query = f"http://{world.host}:{PORT}/api/v1/query?query=sum(up%7Bapp%3D%22gateway%22%7D)"
        try:
            with urllib.request.urlopen(query, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError as error:
            raise Failed(str(error)) from error
        return found and float(found[0]["value"][1]) >= 2

    wait("metrics of the gateways", knows, 120)
