"""What must hold in every rendered overlay, whatever schema says yes to it.

invariants.py OVERLAY.yaml…            one line for each invariant; exit 1 if one is broken
invariants.py --prove OVERLAY.yaml…    breaks each on purpose, in memory, and asks whether it is noticed
"""

import argparse
import functools
import json
import re
import ssl
import sys
import time
import tomllib
from pathlib import Path

import yaml

import infrastructure

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ["gateway", "identity", "inventory", "orders", "payment", "fleet", "notification"]
WORKLOADS = ("Deployment", "StatefulSet", "Rollout")
NAME = "app.kubernetes.io/name"
# The gateway hands requests on to these without understanding them, so no contract makes an edge of the graph.
FORWARDED = {"gateway": {"payment", "notification"}}
# FEATURES OPS-03: least, most, and what by.
BOUNDS = {
    "gateway": (2, 5, {"cpu": 70}),
    "identity": (2, 4, {"cpu": 70}),
    "inventory": (3, 8, {"memory": 80}),
    "orders": (2, 10, {"cpu": 70}),
    "payment": (2, 8, {"cpu": 70}),
    "fleet": (2, 8, {"cpu": 70, "lag": True}),
    "notification": (2, 6, {"lag": True}),
}
PARTITIONS = 16
# By what KEDA asks each log how much waits.
LAGS = {"kafka": "apache-kafka", "eventbridge": "aws-sqs-queue"}
# How KEDA asks brokers as a service with this CE_KAFKA_ACCESS does: by which sign-in, and whether by TLS.
LAG_ACCESS = {"plain": (None, None), "tls": (None, "enable"), "iam": ("aws_msk_iam", "enable")}
# The agent that lends a pod its role, of which it signs itself in.
LENDER = ("169.254.170.23/32", 80)
DRAIN_S = 5 + 26
# Who signs for the stores of AWS, and the setting that says so beside a URL. PostgreSQL's URL says it itself.
ROOTS = "/run/roots/roots.pem"
ROOTS_OF = {"CE_REDIS_URL": "CE_REDIS_ROOTS_FILE", "CE_MQTT_URL": "CE_MQTT_ROOTS_FILE"}
YEAR_S = 365 * 86_400
WAVES = {
    "Namespace": "-2",
    "ServiceAccount": "-1",
    "ConfigMap": "-1",
    "SecretStore": "-1",
    "ExternalSecret": "-1",
    "HorizontalPodAutoscaler": "1",
    "ScaledObject": "1",
    "TargetGroupBinding": "-1",
}
API_VERSIONS = {
    "ExternalSecret": "external-secrets.io/v1",
    "SecretStore": "external-secrets.io/v1",
    "TargetGroupBinding": "elbv2.k8s.aws/v1beta1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
}


class Overlay:
    """The objects of one overlay, by kind and name."""

    def __init__(self, name, objects):
        self.name, self.objects = name, objects
        self.local = name.startswith("local-")

    def of(self, *kinds):
        return [o for o in self.objects if o["kind"] in kinds]

    def named(self, kind, name):
        return next((o for o in self.of(kind) if o["metadata"]["name"] == name), None)

    def workloads(self):
        return {o["metadata"]["name"]: o for o in self.of(*WORKLOADS)}

    def pods(self):
        """(what, labels, spec) of every pod template."""
        for o in self.of(*WORKLOADS, "Job"):
            template = o["spec"]["template"]
            yield f"{o['kind']} {o['metadata']['name']}", template["metadata"]["labels"], template["spec"]


def container(spec):
    return spec["containers"][0]


def graph():
    """Who asks whom over HTTP: the derived graph, and what the gateway forwards."""
    file = tomllib.loads((ROOT / "docs/service-graph.toml").read_text())
    return {s: set(file[s]["http"]) | set(file[s]["repair"]) | FORWARDED.get(s, set()) for s in SERVICES}


def every_service_is_there(o):
    for service in SERVICES:
        if service not in o.workloads():
            yield f"no workload for {service}"
        if not o.named("Service", service):
            yield f"no Service for {service}"
        if service != "gateway" and not o.named("Job", f"{service}-migration"):
            yield f"no migration for {service}"


def every_pod_is_restricted(o):
    for what, _, spec in o.pods():
        pod = spec.get("securityContext", {})
        if pod.get("runAsNonRoot") is not True or pod.get("runAsUser", 0) < 10_000:
            yield f"{what} may be root"
        if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{what} has no seccomp profile"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{what} carries a token for the API server"
        if spec.get("hostNetwork") or spec.get("hostPID") or spec.get("hostIPC"):
            yield f"{what} shares the host's namespaces"
        if any("hostPath" in volume for volume in spec.get("volumes", [])):
            yield f"{what} mounts the host's files"
        for c in spec["containers"] + spec.get("initContainers", []):
            context = c.get("securityContext", {})
            if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
                yield f"{what} may gain privileges"
            if context.get("readOnlyRootFilesystem") is not True:
                yield f"{what} may write to its root"
            if context.get("capabilities", {}) != {"drop": ["ALL"]}:
                yield f"{what} keeps capabilities"


def the_namespace_enforces_it(o):
    spaces = o.of("Namespace")
    for space in spaces:
        if space["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
            yield "the namespace does not enforce `restricted`"
    if len(spaces) != 1:
        yield f"{len(spaces)} namespaces"
    for other in o.objects:
        if other["kind"] != "Namespace" and other["metadata"].get("namespace") != spaces[0]["metadata"]["name"]:
            yield f"{other['kind']} {other['metadata']['name']} lies elsewhere"


def policies(o):
    """Edges between services as the policies allow them: by egress of the asker, by ingress of the asked."""
    out, into = {s: set() for s in SERVICES}, {s: set() for s in SERVICES}
    for policy in o.of("NetworkPolicy"):
        who = policy["spec"]["podSelector"].get("matchLabels", {}).get(NAME)
        for rule in policy["spec"].get("egress", []):
            for to in rule.get("to", [{}]):
                other = to.get("podSelector", {}).get("matchLabels", {}).get(NAME)
                if other:
                    out.setdefault(who, set()).add(other)
                elif "podSelector" in to and "namespaceSelector" not in to:
                    out.setdefault(who, set()).add("everybody")
        for rule in policy["spec"].get("ingress", []):
            for origin in rule.get("from", [{}]):
                other = origin.get("podSelector", {}).get("matchLabels", {}).get(NAME)
                if other:
                    into.setdefault(other, set()).add(who)
                elif not origin or "podSelector" in origin and "namespaceSelector" not in origin:
                    into.setdefault("everybody", set()).add(who)
    return out, into


def policies_are_the_edges_of_the_graph(o):
    wanted = graph()
    for side, edges in zip(("egress", "ingress"), policies(o), strict=True):
        for asker in edges.keys() | wanted.keys():
            more = edges.get(asker, set()) - wanted.get(asker, set())
            less = wanted.get(asker, set()) - edges.get(asker, set())
            yield from (f"{side} allows {asker} -> {asked}, which the graph does not know" for asked in sorted(more))
            yield from (f"{side} forbids {asker} -> {asked}, which the graph needs" for asked in sorted(less))


def addresses_are_the_edges_of_the_graph(o):
    wanted = graph()
    for name, workload in o.workloads().items():
        told = set()
        for variable in container(workload["spec"]["template"]["spec"]).get("env", []):
            found = re.fullmatch(r"CE_([A-Z]+)_URL", variable["name"])
            if found and found[1].lower() in SERVICES:
                told.add(found[1].lower())
                if variable.get("value") != f"http://{found[1].lower()}:8080":
                    yield f"{name} looks for {found[1].lower()} at {variable.get('value')}"
        if told != wanted[name]:
            yield f"{name} is told of {sorted(told)}, not of {sorted(wanted[name])}"


def nobody_else_is_heard(o):
    deny = o.named("NetworkPolicy", "default-deny")
    if not deny or deny["spec"] != {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}:
        yield "nothing denies what is not allowed"
    for service in SERVICES:
        if not o.named("NetworkPolicy", service):
            yield f"no policy for {service}"


def one_scaler_for_each_workload(o):
    targets = []
    for scaler in o.of("HorizontalPodAutoscaler", "ScaledObject"):
        ref = scaler["spec"]["scaleTargetRef"]
        target = o.named(ref["kind"], ref["name"])
        if not target or target["apiVersion"] != ref["apiVersion"]:
            yield f"{scaler['kind']} {scaler['metadata']['name']} scales nothing"
        targets.append(ref["name"])
    for name, workload in o.workloads().items():
        if targets.count(name) > 1:
            yield f"{name} has two scalers"
        if targets.count(name) == 0 and not o.local:
            yield f"{name} has no scaler"
        if "replicas" in workload["spec"]:
            yield f"{name} states replicas, which belong to its scaler"


def replicas_stay_in_their_bounds(o):
    if not o.name.startswith(("prod-", "staging")):
        return
    for scaler in o.of("HorizontalPodAutoscaler", "ScaledObject"):
        spec, name = scaler["spec"], scaler["metadata"]["name"]
        least, most, by = BOUNDS[name]
        if scaler["kind"] == "ScaledObject":
            found = (spec["minReplicaCount"], spec["maxReplicaCount"])
            metrics = {}
            for trigger in spec["triggers"]:
                if trigger["type"] in LAGS.values():
                    metrics["lag"] = True
                else:
                    metrics[trigger["type"]] = int(trigger["metadata"]["value"])
            if spec["maxReplicaCount"] > PARTITIONS:
                yield f"{name} may have more pods than the log has partitions"
            if not spec.get("fallback"):
                yield f"{name} has no fallback"
        else:
            found = (spec["minReplicas"], spec["maxReplicas"])
            metrics = {m["resource"]["name"]: m["resource"]["target"]["averageUtilization"] for m in spec["metrics"]}
        if found != (least, most) or metrics != by:
            yield f"{name}: {found} by {metrics}, not {(least, most)} by {by}"


def a_budget_for_each_workload(o):
    for name, workload in o.workloads().items():
        budget = o.named("PodDisruptionBudget", name)
        if not budget:
            yield f"{name} has no disruption budget"
            continue
        spec = budget["spec"]
        if spec.get("maxUnavailable") != 1 or spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"the budget of {name} is not one at a time"
        if spec["selector"] != workload["spec"]["selector"]:
            yield f"the budget of {name} means other pods"


def three_probes_that_differ(o):
    for name, workload in o.workloads().items():
        c = container(workload["spec"]["template"]["spec"])
        probes = [c.get(f"{kind}Probe") for kind in ("startup", "liveness", "readiness")]
        if None in probes:
            yield f"{name} lacks a probe"
            continue
        asked = [json.dumps({k: p[k] for k in p if k in ("httpGet", "tcpSocket", "exec")}) for p in probes]
        if len(set(asked)) < 3:
            yield f"two probes of {name} ask the same"
        if probes[1].get("httpGet", {}).get("path") == "/readyz":
            yield f"{name} would be restarted because its database is away"


def memory_is_promised_and_cpu_is_shared(o):
    for what, _, spec in o.pods():
        resources = container(spec).get("resources", {})
        limits, requests = resources.get("limits", {}), resources.get("requests", {})
        if not requests.get("memory") or limits.get("memory") != requests.get("memory"):
            yield f"{what}: the limit of memory is not what was asked for"
        if "cpu" in limits or "cpu" not in requests:
            yield f"{what}: a limit of CPU throttles, a missing request starves"


def images_are_what_they_were(o):
    for what, _, spec in o.pods():
        image = container(spec)["image"]
        good = (
            r"localhost/cloudeats/[a-z]+:[\w.-]+"
            if o.local
            else r"[\w.-]+\.amazonaws\.com/cloudeats/[a-z]+@sha256:[0-9a-f]{64}"
        )
        if not re.fullmatch(good, image) or image.endswith(":latest"):
            yield f"{what} runs {image}"


def migration_and_workload_are_one_version(o):
    for name, workload in o.workloads().items():
        job = o.named("Job", f"{name}-migration")
        images = {container(w["spec"]["template"]["spec"])["image"] for w in (workload, job) if w}
        if len(images) != 1:
            yield f"{name}: {sorted(images)}"


def no_secret_is_in_git(o):
    for secret in o.of("Secret"):
        yield f"Secret {secret['metadata']['name']}"
    text = yaml.safe_dump_all(o.objects)
    for found in re.findall(r"-----BEGIN[A-Z ]*PRIVATE KEY|\w+://[^\s/:@]+:[^\s/@]+@|AKIA[0-9A-Z]{16}", text):
        yield f"something like a secret: {found[:24]}…"


def every_secret_that_is_named_is_made(o):
    if o.local:
        return
    made = {s["spec"]["target"]["name"] for s in o.of("ExternalSecret")}
    for what, _, spec in o.pods():
        named = {source["secretRef"]["name"] for source in container(spec).get("envFrom", []) if "secretRef" in source}
        named |= {volume["secret"]["secretName"] for volume in spec.get("volumes", []) if "secret" in volume}
        yield from (f"{what} wants {name}, which nothing makes" for name in sorted(named - made))
    for secret in o.of("ExternalSecret"):
        key = secret["spec"]["dataFrom"][0]["extract"]["key"]
        environment = o.name.split("-")[0]
        if not key.startswith(f"cloudeats/{environment}/"):
            yield f"{secret['metadata']['name']} comes from {key}"


@functools.cache
def held():
    """The names in each secret."""
    return json.loads((ROOT / "k8s/secrets.json").read_text())


def every_key_that_is_read_is_in_its_secret(o):
    for name in o.workloads():
        read = {str(value).removeprefix("/run/keys/") for value in env(o, name).values() if "/run/keys/" in str(value)}
        own = set(held().get(f"{name}-keys", []))
        yield from (f"{name} reads {file}, which its keys lack" for file in sorted(read - own - set(held()["keys"])))
        # What is for AWS alone is read there.
        needed = set(held()["keys"]) | (set() if o.local else own)
        yield from (f"{name} holds {file} and does not read it" for file in sorted(needed - read))


@functools.cache
def variables(service):
    """(known, required) names of variables, read from the clap structs of the service and of the kits that it uses."""
    kits = ["common", "service-kit"]
    kits += re.findall(r"^([\w-]+-kit)\b", (ROOT / f"services/{service}/Cargo.toml").read_text(), re.M)
    folders = [ROOT / f"services/{service}/src"] + [ROOT / f"crates/{kit}/src" for kit in set(kits) - {"test-kit"}]
    known, required = set(), set()
    argument = re.compile(
        r'#\[arg\(([^\]]*?env = "(CE_\w+)"[^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*pub\(?\w*\)? ?\w+: ([^\n]+),', re.S
    )
    for file in (f for folder in folders for f in folder.rglob("*.rs")):
        for options, name, kind in argument.findall(file.read_text()):
            known.add(name)
            if "default_value" not in options and not kind.startswith(("Option", "Vec", "bool")):
                required.add(name)
    return known, required


def variables_are_those_of_the_binary(o):
    for name, workload in o.workloads().items():
        known, required = variables(name)
        told = {v["name"] for v in container(workload["spec"]["template"]["spec"]).get("env", [])}
        told = {v for v in told if v.startswith("CE_")}
        from_secret = set(held()[name])
        yield from (f"{name} knows no {v}" for v in sorted((told | from_secret) - known))
        yield from (f"{name} is not told {v}" for v in sorted(required - told - from_secret))


def services_lead_to_the_pods_of_one_workload(o):
    for service in o.of("Service"):
        selector = service["spec"].get("selector")
        if selector is None:
            continue
        met = [(what, spec) for what, labels, spec in o.pods() if selector.items() <= labels.items()]
        if len(met) != 1 or met[0][0].startswith("Job"):
            yield f"{service['metadata']['name']} leads to {[what for what, _ in met]}"
            continue
        ports = {p["name"]: p["containerPort"] for p in container(met[0][1]).get("ports", [])}
        for port in service["spec"]["ports"]:
            if ports.get(port.get("targetPort")) != port["port"]:
                yield f"{service['metadata']['name']}: port {port['port']} is {port.get('targetPort')} of {ports}"


def waves_are_in_order(o):
    for thing in o.objects:
        wave = thing["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0")
        wanted = WAVES.get(thing["kind"], "0")
        if thing["kind"] in WAVES and wave != wanted or thing["kind"] in WORKLOADS and wave != "0":
            yield f"{thing['kind']} {thing['metadata']['name']} in wave {wave}, not {wanted}"
    for job in o.of("Job"):
        annotations = job["metadata"].get("annotations", {})
        if annotations.get("argocd.argoproj.io/hook") != "PreSync":
            yield f"{job['metadata']['name']} is not before the sync"
        if annotations.get("argocd.argoproj.io/hook-delete-policy") != "BeforeHookCreation":
            yield f"{job['metadata']['name']} could not run a second time"
        if container(job["spec"]["template"]["spec"])["args"] != ["migrate"]:
            yield f"{job['metadata']['name']} does not migrate"


def pods_are_spread(o):
    for name, workload in o.workloads().items():
        spread = workload["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
        if {s["topologyKey"] for s in spread} != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
            yield f"{name} is not spread over zones and hosts"
        if any(NAME not in s.get("matchLabelKeys", []) for s in spread):
            yield f"{name} is spread among the pods of others"


def pods_leave_in_order(o):
    for name, workload in o.workloads().items():
        spec = workload["spec"]["template"]["spec"]
        wait = container(spec).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if wait + DRAIN_S >= spec.get("terminationGracePeriodSeconds", 30):
            yield f"{name} is killed while it drains"
        if wait < 5 or name == "gateway" and not o.local and wait <= infrastructure.forget_seconds():
            yield f"{name} ends before everybody knows"


def nothing_is_a_placeholder(o):
    text = yaml.safe_dump_all(o.objects)
    yield from (f"{word} is left" for word in ("192.0.2.", "ENVIRONMENT", ": REGION", "name: any") if word in text)


def versions_are_current(o):
    for thing in o.objects:
        wanted = API_VERSIONS.get(thing["kind"], thing["apiVersion"])
        if thing["apiVersion"] != wanted:
            yield f"{thing['kind']} {thing['metadata']['name']} is {thing['apiVersion']}, not {wanted}"


def env(o, name):
    """The variables that a workload's manifest itself states."""
    variables = container(o.workloads()[name]["spec"]["template"]["spec"]).get("env", [])
    return {v["name"]: v.get("value") for v in variables}


def in_aws(invariant):
    """An invariant about what Terraform builds, which is nothing for a local overlay."""

    @functools.wraps(invariant)
    def judged(o):
        if o.local:
            return
        built = infrastructure.of(o.name)
        if built is None:
            yield f"Terraform builds nothing for {o.name}"
            return
        yield from invariant(o, built)

    return judged


@in_aws
def the_log_is_the_one_that_is_there(o, built):
    prefix = f"cloudeats-{built.environment}-"
    wanted = {"CE_EVENT_LOG": built.log}
    if built.log == "eventbridge":
        wanted |= {"CE_EVENTBRIDGE_BUS": f"cloudeats-{built.environment}", "CE_SQS_QUEUE_PREFIX": prefix}
    for service in set(SERVICES) - {"gateway"}:
        told = {k: v for k, v in env(o, service).items() if k.startswith(("CE_EVENT_LOG", "CE_EVENTBRIDGE", "CE_SQS"))}
        if told != wanted:
            yield f"{service} is told {told}, not {wanted}"
    for scaler in o.of("ScaledObject"):
        name = scaler["metadata"]["name"]
        for trigger in scaler["spec"]["triggers"]:
            if trigger["type"] not in LAGS.values():
                continue
            if trigger["type"] != LAGS[built.log]:
                yield f"{name} is scaled by {trigger['type']}, the log is {built.log}"
            who = trigger["metadata"].get("queueURL") or trigger["metadata"].get("consumerGroup")
            if who != (prefix + name if built.log == "eventbridge" else name):
                yield f"{name} is scaled by what waits for {who}"
    reach = {"kafka": "to-kafka", "eventbridge": "to-eventbridge"}
    for log, policy in reach.items():
        if bool(o.named("NetworkPolicy", policy)) != (log == built.log):
            yield f"policy {policy} stands, or lacks, where the log is {built.log}"


@in_aws
def one_balancer_and_it_is_terraforms(o, built):
    for kind in ("Gateway", "HTTPRoute", "Ingress"):
        yield from (f"{kind} {other['metadata']['name']} would make another one" for other in o.of(kind))
    yield from (
        f"Service {s['metadata']['name']} would make another one"
        for s in o.of("Service")
        if s["spec"].get("type") == "LoadBalancer"
    )
    bound = [
        (b["spec"]["serviceRef"], b["spec"]["targetGroupName"], b["spec"]["targetType"])
        for b in o.of("TargetGroupBinding")
    ]
    wanted = ({"name": "gateway", "port": infrastructure.gateway_ports()[0]}, f"{built.name}-gateway", "ip")
    if bound != [wanted]:
        yield f"bound is {bound}, not {wanted}"
    if o.of("Namespace")[0]["metadata"]["labels"].get("elbv2.k8s.aws/pod-readiness-gate-inject") != "enabled":
        yield "a release would not wait for the load balancer"


@in_aws
def the_gateway_knows_what_stands_before_it(o, built):
    told = env(o, "gateway")
    if told.get("CE_TRUSTED_PROXIES") != str(built.proxies):
        yield f"it believes {told.get('CE_TRUSTED_PROXIES')} proxies, there are {built.proxies}"
    hosts = f"{built.host},{built.region}.{built.host}"
    if told.get("CE_PUBLIC_HOSTS") != hosts:
        yield f"it is known as {told.get('CE_PUBLIC_HOSTS')}, asked for as {hosts}"
    patience, idle = int(told.get("CE_HTTP_HEADER_TIMEOUT_MS", 5_000)), 1_000 * infrastructure.idle_seconds()
    if patience <= idle:
        yield f"it closes connections after {patience} ms that the load balancer uses for {idle} ms: 502"


@in_aws
def everything_is_of_its_own_region(o, built):
    for service in ("inventory", "orders"):
        told = env(o, service)
        if (told.get("CE_DYNAMO_REGION"), told.get("CE_DYNAMO_TABLE_PREFIX")) != (
            built.region,
            f"{built.environment}-",
        ):
            yield f"{service} asks for other tables than Terraform's"
    if any(env(o, service).get("CE_REGION") != built.region for service in set(SERVICES) - {"gateway"}):
        yield "facts would originate elsewhere"
    regions = {
        t["metadata"].get("awsRegion", built.region) for s in o.of("ScaledObject") for t in s["spec"]["triggers"]
    }
    regions |= {s["spec"]["provider"]["aws"]["region"] for s in o.of("SecretStore")}
    yield from (f"something is asked in {region}" for region in sorted(regions - {built.region}))


@in_aws
def policies_know_the_network(o, built):
    def blocks(policy, side, peer):
        return [
            (ip["ipBlock"]["cidr"], [p["port"] for p in rule["ports"]])
            for rule in policy["spec"][side]
            for ip in rule[peer]
        ]

    def covers(cidr, kind):
        lets = infrastructure.ipaddress.ip_network(cidr)
        inside = all(subnet.subnet_of(lets) for subnet in built.subnets(kind))
        other = "public" if kind == "store" else "store"
        return inside and not any(subnet.overlaps(lets) for k in ("workload", other) for subnet in built.subnets(k))

    door = blocks(o.named("NetworkPolicy", "gateway"), "ingress", "from")
    if [ports for _, ports in door] != [list(infrastructure.gateway_ports())] or not covers(door[0][0], "public"):
        yield f"the load balancer is let in by {door}"
    for policy in o.of("NetworkPolicy"):
        if policy["metadata"].get("labels", {}).get("cloudeats.com/reaches") == "engines":
            yield from (
                f"{policy['metadata']['name']} leads to {cidr}"
                for cidr, _ in blocks(policy, "egress", "to")
                if not covers(cidr, "store")
            )


@in_aws
def nodes_and_images_are_of_one_kind(o, _built):
    nodes, images = infrastructure.architecture(), infrastructure.images_built_on()
    if nodes != images:
        yield f"nodes are {nodes}, images are built on {images}"
    yield from (
        f"{what} asks for other nodes"
        for what, _, spec in o.pods()
        if spec.get("nodeSelector") != {"kubernetes.io/arch": nodes}
    )


def mounted(spec, path):
    """The ConfigMap that lies at a folder of the container, where nothing can be written."""
    at = next((m for m in container(spec).get("volumeMounts", []) if m["mountPath"] == path), {})
    volume = next((v for v in spec.get("volumes", []) if v["name"] == at.get("name")), {})
    return volume.get("configMap", {}).get("name") if at.get("readOnly") else None


def roots_are_at_hand_where_stores_hear_tls_alone(o):
    folder, file = ROOTS.rsplit("/", 1)
    for what, labels, spec in o.pods():
        service, _, migrates = labels[NAME].partition("-")
        asks = infrastructure.hear_tls_alone() & set(held()["migration" if migrates else service])
        name = mounted(spec, folder)
        if o.local and name:
            yield f"{what} waits for roots, which no engine of one machine has"
        if not o.local and asks and file not in (o.named("ConfigMap", name) or {}).get("data", {}):
            yield f"{what} asks {sorted(asks)} and has no {ROOTS}"
        # A URL that says nothing of TLS must not be a way around it.
        told = {one["name"]: one.get("value") for one in container(spec).get("env", [])}
        asked = (told.get("PGSSLMODE"), told.get("PGSSLROOTCERT"))
        if not o.local and "CE_DATABASE_URL" in asks and asked != ("verify-full", ROOTS):
            yield f"{what} believes whoever answers as PostgreSQL"


@in_aws
def who_asks_by_tls_is_told_the_roots(o, _built):
    for service in SERVICES:
        told = env(o, service)
        for url, setting in ROOTS_OF.items():
            wanted = ROOTS if url in infrastructure.hear_tls_alone() & set(held()[service]) else None
            if told.get(setting) != wanted:
                yield f"{service}: {setting} is {told.get(setting)}, not {wanted}"


def way_out(o, name):
    """Who may go by a policy, and where to."""
    spec = (o.named("NetworkPolicy", name) or {"spec": {}})["spec"]
    who = {value for e in spec.get("podSelector", {}).get("matchExpressions", []) for value in e["values"]}
    rules = spec.get("egress", [])
    return who, {(to["ipBlock"]["cidr"], port["port"]) for r in rules for to in r["to"] for port in r["ports"]}


@in_aws
def brokers_are_known_and_know_who_asks(o, built):
    access, wanted = infrastructure.kafka_access(), {}
    tellers = set(SERVICES) - {"gateway"}
    if built.log == "kafka":
        wanted["CE_KAFKA_ACCESS"] = access
    if wanted and "CE_KAFKA_BOOTSTRAP" in infrastructure.hear_tls_alone():
        wanted["CE_KAFKA_ROOTS_FILE"] = ROOTS
    for service in SERVICES:
        told = {k: v for k, v in env(o, service).items() if k.startswith("CE_KAFKA")}
        if told != (wanted if service in tellers else {}):
            yield f"{service} is told {told}, not {wanted if service in tellers else {}}"
    if not wanted:
        return
    for scaler in o.of("ScaledObject"):
        for data in (t["metadata"] for t in scaler["spec"]["triggers"] if t["type"] == LAGS["kafka"]):
            if (data.get("sasl"), data.get("tls")) != LAG_ACCESS[access]:
                yield f"the scaler of {scaler['metadata']['name']} asks brokers otherwise than by {access}"
    who, ways = way_out(o, "to-kafka")
    if who != tellers or {port for _, port in ways} != {infrastructure.kafka_port()}:
        yield f"to-kafka lets {sorted(who)} go to {sorted(ways)}"
    who, ways = way_out(o, "pod-identity")
    if access == "iam" and (not tellers <= who or LENDER not in ways):
        yield f"pod-identity lets {sorted(who)} go to {sorted(ways)}: brokers would not know the others"


def authorities(pem):
    """Name, issuer and end (s) of each certificate."""

    def name(of):
        return dict(pair for part in of for pair in part).get("commonName", "one without a name")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    found, blocks = context.get_ca_certs(), pem.count("-----BEGIN ")
    if len(found) != blocks:
        raise ssl.SSLError(f"{blocks} blocks, {len(found)} certificates of authorities")
    return [(name(c["subject"]), name(c["issuer"]), ssl.cert_time_to_seconds(c["notAfter"])) for c in found]


@in_aws
def roots_are_amazons_for_every_region(o, _built):
    regions = sorted({region for _, region in infrastructure.regions()})
    wanted = {f"Amazon RDS {region} Root CA {kind}" for region in regions for kind in ("RSA2048", "RSA4096", "ECC384")}
    wanted |= {f"Amazon Root CA {number}" for number in range(1, 5)}
    for config in o.of("ConfigMap"):
        try:
            found = authorities(config["data"][ROOTS.rsplit("/", 1)[1]])
        except (KeyError, ssl.SSLError) as error:
            yield f"{config['metadata']['name']} holds no roots: {error}"
            continue
        # Of a kind there may be several generations.
        have = {re.sub(r" G\d+$", "", name) for name, _, _ in found}
        yield from (f"there is no {name}" for name in sorted(wanted - have))
        yield from (f"{name} may sign as well" for name in sorted(have - wanted))
        yield from (f"{name} is signed by {issuer}" for name, issuer, _ in found if name != issuer)
        yield from (f"{name} ends within a year" for name, _, end in found if end < time.time() + YEAR_S)


INVARIANTS = [
    every_service_is_there,
    every_pod_is_restricted,
    the_namespace_enforces_it,
    policies_are_the_edges_of_the_graph,
    addresses_are_the_edges_of_the_graph,
    nobody_else_is_heard,
    one_scaler_for_each_workload,
    replicas_stay_in_their_bounds,
    a_budget_for_each_workload,
    three_probes_that_differ,
    memory_is_promised_and_cpu_is_shared,
    images_are_what_they_were,
    migration_and_workload_are_one_version,
    no_secret_is_in_git,
    every_secret_that_is_named_is_made,
    every_key_that_is_read_is_in_its_secret,
    variables_are_those_of_the_binary,
    services_lead_to_the_pods_of_one_workload,
    waves_are_in_order,
    pods_are_spread,
    pods_leave_in_order,
    nothing_is_a_placeholder,
    versions_are_current,
    the_log_is_the_one_that_is_there,
    one_balancer_and_it_is_terraforms,
    the_gateway_knows_what_stands_before_it,
    everything_is_of_its_own_region,
    policies_know_the_network,
    nodes_and_images_are_of_one_kind,
    roots_are_at_hand_where_stores_hear_tls_alone,
    who_asks_by_tls_is_told_the_roots,
    brokers_are_known_and_know_who_asks,
    roots_are_amazons_for_every_region,
]


def every_cluster_has_its_overlay(overlays):
    """Of those that Terraform builds."""
    have = {(built.environment, built.region) for o in overlays if not o.local and (built := infrastructure.of(o.name))}
    yield from (
        f"nothing is applied to {environment} in {region}"
        for environment, region in sorted(infrastructure.regions().keys() - have)
    )


def regions_differ_in_region_only(overlays):
    """The two regions of production and of staging, with region and network blanked."""

    def text(overlay):
        return re.sub(
            r"us-(east-1|west-2)|(prod|staging)-(east|west)-|10\.\d+\.\d+\.0/20",
            "_",
            yaml.safe_dump_all(overlay.objects),
        )

    for environment in ("staging", "prod"):
        two = [o for o in overlays if o.name.startswith(environment)]
        if len(two) == 2 and text(two[0]) != text(two[1]):
            yield f"{two[0].name} and {two[1].name} differ in more than the region"


def argo_goes_region_by_region(_overlays):
    one = yaml.safe_load((ROOT / "k8s/argocd/applicationset.yaml").read_text())["spec"]
    project = yaml.safe_load((ROOT / "k8s/argocd/project.yaml").read_text())["spec"]
    steps = []
    for step in one["strategy"]["rollingSync"]["steps"]:
        steps.append(tuple(value for e in step["matchExpressions"] for value in e["values"]))
    if steps != [(turn, tier) for turn in ("first", "second") for tier in ("platform", "service")]:
        yield f"steps: {steps}"
    if one["goTemplateOptions"] != ["missingkey=error"]:
        yield "a label that is missing would become a name"
    spec = one["template"]["spec"]
    if not {"ServerSideApply=true", "RespectIgnoreDifferences=true"} <= set(spec["syncPolicy"]["syncOptions"]):
        yield "replicas of the scalers would be taken back"
    if spec["syncPolicy"]["automated"] != {"prune": True, "selfHeal": True}:
        yield "changes by hand would stay"
    if spec["destination"]["namespace"] not in {d["namespace"] for d in project["destinations"]}:
        yield "the project does not allow its own namespace"
    if spec["source"]["repoURL"] not in project["sourceRepos"]:
        yield "the project does not allow its own repository"
    if {"group": "", "kind": "Secret"} not in project["namespaceResourceBlacklist"]:
        yield "a secret could come from git"


ACROSS = [every_cluster_has_its_overlay, regions_differ_in_region_only, argo_goes_region_by_region]


def read(paths):
    overlays = []
    for path in map(Path, paths):
        objects = [o for o in yaml.safe_load_all(path.read_text()) if o]
        overlays.append(Overlay(path.stem, objects))
    return overlays


def judge(overlays, name):
    """The offences against one invariant."""
    across = next((i for i in ACROSS if i.__name__ == name), None)
    if across:
        return list(across(overlays))
    one = next(i for i in INVARIANTS if i.__name__ == name)
    return [f"{o.name}: {offence}" for o in overlays for offence in one(o)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("overlays", nargs="+")
    options = parser.parse_args()
    overlays = read(options.overlays)
    if options.prove:
        import breaks

        sys.exit(breaks.prove(overlays))
    failed = 0
    for name in (i.__name__ for i in INVARIANTS + ACROSS):
        offences = judge(overlays, name)
        print(f"{'FAILED' if offences else 'ok    '}  {name.replace('_', ' ')}")
        for offence in offences[:10]:
            print(f"          {offence}")
        failed += bool(offences)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
