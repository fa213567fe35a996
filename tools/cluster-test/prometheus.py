"""A Prometheus of the machine that fetches the pods' metrics, as the one in the cluster's observability would."""

import json
import os
import shutil
import subprocess
import urllib.request

from cluster import ROOT, Failed, wait

PORT = 19090

CONFIG = """
global: {{scrape_interval: 5s}}
scrape_configs:
  - job_name: pods
    kubernetes_sd_configs:
      - role: pod
        kubeconfig_file: {kubeconfig}
        namespaces: {{names: [cloudeats-east, cloudeats-west]}}
    relabel_configs:
      - {{source_labels: [__meta_kubernetes_pod_container_port_name], regex: admin, action: keep}}
      - {{source_labels: [__meta_kubernetes_namespace], target_label: namespace}}
      - {{source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name], target_label: app}}
      - {{source_labels: [__meta_kubernetes_pod_label_rollouts_pod_template_hash], target_label: revision}}
"""


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
    kubeconfig = os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")
    (folder / "prometheus.yml").write_text(CONFIG.format(kubeconfig=kubeconfig))
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

    def knows():
        query = f"http://{world.host}:{PORT}/api/v1/query?query=sum(up%7Bapp%3D%22gateway%22%7D)"
        try:
            with urllib.request.urlopen(query, timeout=5) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError as error:
            raise Failed(str(error)) from error
        return found and float(found[0]["value"][1]) >= 2

    wait("metrics of the gateways", knows, 120)
