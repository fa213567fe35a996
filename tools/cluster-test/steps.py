"""One function for each promise. It returns what was seen, or raises what was seen instead."""

import itertools
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import prometheus
from cluster import Checkout, Failed, get, kubectl, pods, ready, ready_pods, run, wait
from load import Load
from region import PATHS, SERVICES

NEXT = "next"


def images_are_built_and_loaded(world):
    if not os.environ.get("IMAGE_LOAD"):
        raise Failed("IMAGE_LOAD names no command that brings an archive into the cluster")
    seen = ""
    for tag in ("local", NEXT):
        done = run(
            "k8s/images/build.sh",
            env={"TAG": tag, "BIN_DIR": world.bins, "OUT": str(world.work / "images")},
            timeout=1800,
        )
        seen = [line for line in done.stderr.splitlines() if line.startswith("images: localhost")]
    sizes = ", ".join(re.sub(r"images: localhost/cloudeats/(\w+):\S+ (\S+), .*", r"\1 \2", line) for line in seen)
    return f"{len(seen)} services, two versions each: {sizes}"


def engines_run_outside(world):
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda region: region.start_engines(), world.regions))
    for region in world.regions:
        region.put_secrets()
    return "PostgreSQL, Redis, Mosquitto, DynamoDB, provider and mailbox twice; secrets of 2 x 7 services"


def argo_syncs_east_then_west(world):
    world.checkout = Checkout(world.work / "checkout", world.host)
    world.commit = world.checkout.git("rev-parse", "HEAD")
    for region, turn in ((world.east, "first"), (world.west, "second")):
        labels = [f"cloudeats.com/overlay={region.overlay}", f"cloudeats.com/turn={turn}"]
        kubectl(
            "-n",
            "argocd",
            "label",
            "--overwrite",
            "secret",
            "-l",
            f"region={region.name},argocd.argoproj.io/secret-type=cluster",
            *labels,
        )
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=world.checkout.argocd())
    applications = [a for region in world.regions for a in region.synced(world.commit, 1200)]
    times = {}
    for app in applications:
        labels, state = app["metadata"]["labels"], app["status"]["operationState"]
        times.setdefault((labels["cloudeats.com/turn"], labels["cloudeats.com/tier"]), []).append(
            (state["startedAt"], state["finishedAt"])
        )
    order = [("first", "platform"), ("first", "service"), ("second", "platform"), ("second", "service")]
    for earlier, later in itertools.pairwise(order):
        if max(end for _, end in times[earlier]) > min(start for start, _ in times[later]):
            raise Failed(f"{later} began before {earlier} had ended: {times}")
    clock = [f"{min(s for s, _ in times[o])[11:19]} to {max(e for _, e in times[o])[11:19]}" for o in order]
    return "east platform {}, east services {}, west platform {}, west services {}".format(*clock)


def migrations_come_before_workloads(world):
    seen = []
    for region in world.regions:
        region.lead_to_the_cluster()
        for service in SERVICES[1:]:
            # Of the events: a second sync of the same commit may already have taken the job itself away.
            ends = [
                event["lastTimestamp"]
                for event in get("events", namespace=region.namespace)
                if event["reason"] == "Completed" and event["involvedObject"]["name"] == f"{service}-migration"
            ]
            first = min(pod["metadata"]["creationTimestamp"] for pod in pods(region.namespace, service))
            if not ends or min(ends) > first:
                raise Failed(f"{region.name} {service}: migrated {ends}, first pod {first}")
            seen.append(service)
    return (
        f"{len(seen)} jobs of {len(world.regions)} regions were complete when the first pod of their service was made"
    )


def pods_are_ready_under_restricted(world):
    count = 0
    for region in world.regions:
        for service in SERVICES:
            count += len(wait(f"{region.name} {service}", lambda s=service, r=region: ready_pods(r.namespace, s), 120))
        labels = get("namespace", region.namespace)["metadata"]["labels"]
        if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
            raise Failed(f"{region.namespace} enforces {labels}")
        refused = run(
            "kubectl", "-n", region.namespace, "run", "root", "--image=localhost/any:1", "--dry-run=server", check=False
        )
        if "violates PodSecurity" not in refused.stderr:
            raise Failed(f"a pod that may be root was taken: {refused.stdout}{refused.stderr}")
    return f"{count} pods of {len(SERVICES)} services in 2 regions; a pod that may be root was refused"


def orders_are_delivered_and_judged(world):
    seen = []
    for region, orders in ((world.east, 25), (world.west, 5)):
        region.cloudeats("seed")
        done = region.cloudeats("simulate", "--orders", str(orders), "--rate", "0.5", timeout=900)
        judged = region.cloudeats("check", timeout=300, check=False).stdout
        verdicts = re.findall(r"^I\d+.*?\b(PASS|FAIL|UNKNOWN)\b", judged, re.MULTILINE)
        if "check: PASS" not in judged:
            raise Failed(f"{region.name}: {judged[-900:]}")
        delivered = re.search(r"^ *placed to delivered\s+(\d+)", done.stdout, re.MULTILINE)
        if not delivered or int(delivered[1]) < orders:
            raise Failed(f"{region.name}: {done.stdout[-900:]}")
        passed = f"check PASS ({verdicts.count('PASS')} invariants)"
        seen.append(f"{region.name} {delivered[1]} orders placed and delivered, {passed}")
    return "; ".join(seen)


def set_tag(world, region, service, tag, message):
    path = f"overlays/{region.overlay}/{service}/kustomization.yaml"
    return world.checkout.edit(path, lambda text: re.sub(r"newTag: \S+", f"newTag: {tag}", text), message)


def every_service_is_rolled_under_load(world):
    region = world.east
    # The gateway goes as a canary, which is judged by its metrics.
    prometheus.start(world)
    # A StatefulSet cannot add the new pod before it takes the old one: fleet has two, as everywhere but here.
    kubectl("-n", region.namespace, "scale", "statefulset/fleet", "--replicas=2")
    wait("a second fleet", lambda: (found := ready_pods(region.namespace, "fleet")) and len(found) == 2, 120)
    with Load(region.admin(), PATHS, threads=3) as load:
        for service in SERVICES:
            world.commit = set_tag(world, region, service, NEXT, f"{service} {NEXT}")

            def rolled(service=service):
                found = ready_pods(region.namespace, service)
                new = found and all(pod["spec"]["containers"][0]["image"].endswith(f":{NEXT}") for pod in found)
                return found if new else None

            wait(f"{service} {NEXT}", rolled, 600)
        time.sleep(10)
    if load.failed:
        raise Failed(f"{len(load.failed)} of {load.count} requests failed: {load.failed[:8]}")
    return f"{len(SERVICES)} services, {load.count} requests through the gateway to each of them, 0 failed"


def every_pod_is_killed_once(world):
    region, slowest = world.east, ("", 0.0)
    for service in SERVICES:
        victim = ready_pods(region.namespace, service)[0]["metadata"]["name"]
        began = time.monotonic()
        kubectl("-n", region.namespace, "delete", "pod", victim, "--grace-period=0", "--force")

        def again(service=service, victim=victim):
            found = ready_pods(region.namespace, service)
            return found and (service == "fleet" or all(pod["metadata"]["name"] != victim for pod in found))

        time.sleep(1)
        wait(f"{service} after its end", again, 180, 0.5)
        slowest = max(slowest, (service, time.monotonic() - began), key=lambda it: it[1])
    region.cloudeats("simulate", "--orders", "5", "--rate", "0.5", timeout=600)
    judged = region.cloudeats("check", timeout=300, check=False).stdout
    if "check: PASS" not in judged:
        raise Failed(judged[-900:])
    back = f"back and ready within {slowest[1]:.0f} s ({slowest[0]} last)"
    return f"{len(SERVICES)} pods without warning; {back}; 5 orders more, check PASS"


def evict(namespace, pod):
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/eviction"
    return run("kubectl", "create", "--raw", path, "-f", "-", text=json.dumps(body), check=False)


def a_second_eviction_is_refused(world):
    region = world.east
    kubectl("-n", region.namespace, "scale", "statefulset/fleet", "--replicas=2")

    def both():
        found = ready_pods(region.namespace, "fleet")
        budget = get("pdb", "fleet", namespace=region.namespace)["status"]
        return found if found and len(found) == 2 and budget.get("disruptionsAllowed") == 1 else None

    names = sorted(pod["metadata"]["name"] for pod in wait("two of fleet", both, 180))
    first, second = evict(region.namespace, names[0]), evict(region.namespace, names[1])
    if first.returncode or "disruption budget" not in second.stderr:
        raise Failed(f"first: {first.stdout}{first.stderr}; second: {second.stdout}{second.stderr}")
    wait("two of fleet again", both, 180)
    third = evict(region.namespace, names[1])
    if third.returncode:
        raise Failed(f"after the first was back: {third.stderr}")
    wait("two of fleet at last", both, 180)
    refusal = second.stderr.strip().splitlines()[-1][:140]
    return f"{names[0]} was let go; {names[1]} at the same time: {refusal}; let go when the first was back"


def orders_scales_out_and_back(world):
    region, most = world.east, 0

    def count():
        return len([pod for pod in pods(region.namespace, "orders") if ready(pod)])

    before = count()
    with Load(region.admin(), ["/v1/orders", "/v1/orders/active"], threads=12, pause=0.0) as load:
        wait("a second pod of orders", lambda: count() >= 2, 300)
        most = count()
    metrics = get("hpa", "orders", namespace=region.namespace)["status"].get("currentMetrics") or [{}]
    cpu = metrics[0].get("resource", {}).get("current", {}).get("averageUtilization")
    began = time.monotonic()
    wait("one pod of orders", lambda: count() == 1, 600)
    later = f"1 again {time.monotonic() - began:.0f} s later"
    return f"{before} pod, {most} under {load.count} requests (CPU {cpu} % of what was asked for), {later}"


def rollout(region):
    return get("rollouts.argoproj.io", "gateway", namespace=region.namespace)


def a_bad_canary_is_taken_back(world):
    region = world.east
    prometheus.start(world)
    state = rollout(region)
    stable = state["status"]["stableRS"]
    path = f"overlays/{region.overlay}/gateway/kustomization.yaml"
    # A version that cannot find inventory: whoever asks it for stores is answered 5xx.
    names = [each["name"] for each in state["spec"]["template"]["spec"]["containers"][0]["env"]]
    place = f"/spec/template/spec/containers/0/env/{names.index('CE_INVENTORY_URL')}/value"
    broken = f"""patches:
  - target: {{kind: Rollout}}
    patch: |-
      - {{op: replace, path: {place}, value: "http://127.0.0.1:1"}}
"""
    with Load(region.admin(), ["/v1/stores", "/v1/menu"], threads=3, pause=0.02) as load:
        world.commit = world.checkout.edit(path, lambda text: text.replace("patches:\n", broken, 1), "A bad gateway")

        def aborted():
            state = rollout(region)["status"]
            return state if state.get("abort") else None

        wait("the end of the bad canary", aborted, 420)
        wait(
            "only stable pods",
            lambda: all(
                pod["metadata"]["labels"]["rollouts-pod-template-hash"] == stable
                for pod in pods(region.namespace, "gateway")
            ),
            180,
        )
    runs = get("analysisruns.argoproj.io", namespace=region.namespace)
    newest = max(runs, key=lambda it: it["metadata"]["creationTimestamp"])
    values = [
        str(m.get("value")).strip("[]")
        for r in newest["status"]["metricResults"]
        if r["name"] == "success-share"
        for m in r["measurements"]
    ]
    world.commit = world.checkout.edit(
        path, lambda text: text.replace(broken, "patches:\n", 1), "The gateway as it was"
    )
    wait("the rollout at peace", lambda: rollout(region)["status"].get("phase") == "Healthy", 300)
    met = f"{len(load.failed)} of {load.count} requests met it"
    return f"{newest['status'].get('message')}; share of success {', '.join(values)}; {met}"


def a_good_canary_is_promoted(world):
    region = world.east
    prometheus.start(world)
    before = rollout(region)["status"]["stableRS"]
    now = (
        "local"
        if f"newTag: {NEXT}"
        in (world.checkout.folder / f"k8s/overlays/{region.overlay}/gateway/kustomization.yaml").read_text()
        else NEXT
    )
    with Load(region.admin(), ["/v1/stores", "/v1/menu"], threads=2) as load:
        world.commit = set_tag(world, region, "gateway", now, f"gateway {now}")

        def promoted():
            state = rollout(region)["status"]
            return state if state.get("phase") == "Healthy" and state["stableRS"] != before else None

        wait("the promotion", promoted, 420)
    runs = get("analysisruns.argoproj.io", namespace=region.namespace)
    newest = max(runs, key=lambda it: it["metadata"]["creationTimestamp"])
    if load.failed:
        raise Failed(f"{len(load.failed)} of {load.count} requests failed: {load.failed[:5]}")
    return f"analysis {newest['status']['phase']}, {load.count} requests, 0 failed"


def a_change_by_hand_is_healed(world):
    region = world.east
    kubectl(
        "-n",
        region.namespace,
        "patch",
        "service",
        "orders",
        "--type=merge",
        "-p",
        '{"spec":{"selector":{"app.kubernetes.io/name":"nobody"}}}',
    )
    began = time.monotonic()

    def healed():
        return (
            get("service", "orders", namespace=region.namespace)["spec"]["selector"].get("app.kubernetes.io/name")
            == "orders"
        )

    wait("the selector of orders", healed, 300, 1)
    return f"the selector of a Service, back after {time.monotonic() - began:.0f} s"


def memory_stays_below_its_limit(world):
    def usage():
        lines = [
            line.split()
            for region in world.regions
            for line in kubectl("-n", region.namespace, "top", "pods", "--no-headers").splitlines()
        ]
        return lines or None

    most, limits = {}, {}
    for region in world.regions:
        for pod in pods(region.namespace):
            limits[pod["metadata"]["name"]] = int(
                pod["spec"]["containers"][0]["resources"]["limits"]["memory"].removesuffix("Mi")
            )
    for name, _, memory in wait("measurements", usage, 120):
        if name in limits:
            service = next(s for s in SERVICES if name.startswith(s))
            most[service] = max(most.get(service, 0), int(memory.removesuffix("Mi")))
    over = [s for s, m in most.items() if m > 0.9 * max(limits.values())]
    if over:
        raise Failed(f"{over}: {most}")
    return ", ".join(f"{s} {m} of {max(limits.values())} MiB" for s, m in most.items())


def take_away(world):
    """What the test put there."""
    run(
        "kubectl",
        "-n",
        "argocd",
        "delete",
        "applicationset",
        "cloudeats",
        "--ignore-not-found",
        "--cascade=orphan",
        check=False,
    )
    run("kubectl", "-n", "argocd", "delete", "applications.argoproj.io", "--all", "--wait=false", check=False)
    for region in world.regions:
        run("kubectl", "delete", "namespace", region.namespace, "--ignore-not-found", "--timeout=120s", check=False)
    run("kubectl", "-n", "argocd", "delete", "appproject", "cloudeats", "--ignore-not-found", check=False)


FOUNDATION = [
    images_are_built_and_loaded,
    engines_run_outside,
    argo_syncs_east_then_west,
    migrations_come_before_workloads,
    pods_are_ready_under_restricted,
]
ALL = FOUNDATION + [
    orders_are_delivered_and_judged,
    every_service_is_rolled_under_load,
    every_pod_is_killed_once,
    a_second_eviction_is_refused,
    orders_scales_out_and_back,
    a_bad_canary_is_taken_back,
    a_good_canary_is_promoted,
    a_change_by_hand_is_healed,
    memory_stays_below_its_limit,
]
