"""A deliberate break of each kind, and the invariant that has to notice it."""

import copy
import re

import invariants as its


def pod(overlays, overlay, name):
    found = next(o for o in overlays if o.name == overlay).workloads()[name]
    return found["spec"]["template"]["spec"]


def kind(overlays, overlay, kind_, name):
    return next(o for o in overlays if o.name == overlay).named(kind_, name)


def policy(overlays, name):
    return kind(overlays, PROD, "NetworkPolicy", name)["spec"]


def drop(overlays, kind_, name):
    region = next(o for o in overlays if o.name == PROD)
    region.objects.remove(region.named(kind_, name))


def tell(overlays, overlay, service, **variables):
    for variable in pod(overlays, overlay, service)["containers"][0]["env"]:
        if variable["name"] in variables:
            variable["value"] = variables[variable["name"]]


def forget(overlays, overlay, service, variable):
    env = pod(overlays, overlay, service)["containers"][0]["env"]
    env.remove(next(v for v in env if v["name"] == variable))


def roots(overlays, change):
    """Changes who may sign for the stores of production's first region."""
    data = kind(overlays, PROD, "ConfigMap", "roots")["data"]
    data["roots.pem"] = change(data["roots.pem"])


def without(name, pem):
    """The PEM without the one certificate under the line that names it."""
    return re.sub(rf"# {name},.*?-----END CERTIFICATE-----\n", "", pem, flags=re.S)


def ask(spec, probe, path):
    spec["containers"][0][probe]["httpGet"]["path"] = path


PROD = "prod-us-east-1"
PEER = {"podSelector": {"matchLabels": {its.NAME: "payment"}}}
# An authority whose key was never kept.
NOBODY = """
-----BEGIN CERTIFICATE-----
MIIBODCB66ADAgECAhQT/PMpGpm+usGO09kGfTYF0Y0gGjAFBgMrZXAwETEPMA0G
A1UEAwwGTm9ib2R5MCAXDTI2MTEyMTIzMDMxN1oYDzIxMjYxMDI4MjMwMzE3WjAR
MQ8wDQYDVQQDDAZOb2JvZHkwKjAFBgMrZXADIQAwYisScZZEmhCKR0UMgj1LbELd
gsnFxzuCXZMMGXsBJ6NTMFEwHQYDVR0OBBYEFFuFrhxy4gIFhzBnhc31ka3d2ngB
MB8GA1UdIwQYMBaAFFuFrhxy4gIFhzBnhc31ka3d2ngBMA8GA1UdEwEB/wQFMAMB
Af8wBQYDK2VwA0EAlmaaOt+dJK5yHzKayNHcUSArnaqnI/Ht5yQBenIsTyRbb0GX
/dsOFlXVJntceN2uwK8In2UQgchpX1lRz0rjCQ==
-----END CERTIFICATE-----
"""

# What is done to the overlays, and who notices.
BREAKS = [
    ("a workload is forgotten", "every_service_is_there", lambda o: drop(o, "Job", "orders-migration")),
    (
        "a pod runs as root",
        "every_pod_is_restricted",
        lambda o: pod(o, PROD, "orders")["securityContext"].update(runAsUser=0),
    ),
    (
        "a root can be written to",
        "every_pod_is_restricted",
        lambda o: pod(o, PROD, "fleet")["containers"][0]["securityContext"].update(readOnlyRootFilesystem=False),
    ),
    (
        "a capability is added",
        "every_pod_is_restricted",
        lambda o: pod(o, PROD, "gateway")["containers"][0]["securityContext"].update(
            capabilities={"add": ["NET_ADMIN"]}
        ),
    ),
    (
        "a namespace takes any pod",
        "the_namespace_enforces_it",
        lambda o: (
            o[0].of("Namespace")[0]["metadata"]["labels"].update({"pod-security.kubernetes.io/enforce": "baseline"})
        ),
    ),
    (
        "fleet may ask payment",
        "policies_are_the_edges_of_the_graph",
        lambda o: policy(o, "fleet").update(egress=[{"to": [PEER]}]),
    ),
    (
        "inventory is no longer heard by orders",
        "policies_are_the_edges_of_the_graph",
        lambda o: policy(o, "orders")["ingress"].pop(),
    ),
    (
        "everybody may ask identity",
        "policies_are_the_edges_of_the_graph",
        lambda o: policy(o, "identity")["ingress"].append({"from": [{"podSelector": {}}]}),
    ),
    (
        "identity is told of orders",
        "addresses_are_the_edges_of_the_graph",
        lambda o: pod(o, PROD, "identity")["containers"][0]["env"].append(
            {"name": "CE_ORDERS_URL", "value": "http://orders:8080"}
        ),
    ),
    ("the default is to allow", "nobody_else_is_heard", lambda o: drop(o, "NetworkPolicy", "default-deny")),
    (
        "two scalers on one target",
        "one_scaler_for_each_workload",
        lambda o: kind(o, PROD, "HorizontalPodAutoscaler", "orders")["spec"]["scaleTargetRef"].update(name="gateway"),
    ),
    (
        "a scaler of a Deployment that is a Rollout",
        "one_scaler_for_each_workload",
        lambda o: kind(o, PROD, "HorizontalPodAutoscaler", "orders")["spec"]["scaleTargetRef"].update(
            kind="Deployment"
        ),
    ),
    (
        "other bounds than the founding ones",
        "replicas_stay_in_their_bounds",
        lambda o: kind(o, PROD, "HorizontalPodAutoscaler", "inventory")["spec"].update(minReplicas=1),
    ),
    (
        "more pods than partitions",
        "replicas_stay_in_their_bounds",
        lambda o: kind(o, PROD, "ScaledObject", "fleet")["spec"].update(maxReplicaCount=32),
    ),
    (
        "a budget that refuses everything",
        "a_budget_for_each_workload",
        lambda o: kind(o, PROD, "PodDisruptionBudget", "orders")["spec"].update(maxUnavailable=0),
    ),
    (
        "restarts while the database is away",
        "three_probes_that_differ",
        lambda o: ask(pod(o, PROD, "orders"), "livenessProbe", "/readyz"),
    ),
    (
        "a limit of CPU",
        "memory_is_promised_and_cpu_is_shared",
        lambda o: pod(o, PROD, "orders")["containers"][0]["resources"]["limits"].update(cpu="1"),
    ),
    (
        "an image by a tag",
        "images_are_what_they_were",
        lambda o: pod(o, PROD, "orders")["containers"][0].update(image="cloudeats/orders:latest"),
    ),
    (
        "a migration of another version",
        "migration_and_workload_are_one_version",
        lambda o: kind(o, PROD, "Job", "orders-migration")["spec"]["template"]["spec"]["containers"][0].update(
            image="other"
        ),
    ),
    (
        "a password in git",
        "no_secret_is_in_git",
        lambda o: pod(o, PROD, "orders")["containers"][0]["env"].append(
            {"name": "CE_DATABASE_URL", "value": "postgres://orders:hunter2@db/orders"}
        ),
    ),
    (
        "a Secret in git",
        "no_secret_is_in_git",
        lambda o: o[0].objects.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {}}),
    ),
    (
        "a secret that nobody makes",
        "every_secret_that_is_named_is_made",
        lambda o: drop(o, "ExternalSecret", "orders-keys"),
    ),
    (
        "staging reads production's secrets",
        "every_secret_that_is_named_is_made",
        lambda o: kind(o, "staging", "ExternalSecret", "orders")["spec"]["dataFrom"][0]["extract"].update(
            key="cloudeats/prod/orders/serve"
        ),
    ),
    (
        "a key that nobody put there",
        "every_key_that_is_read_is_in_its_secret",
        lambda o: tell(o, "staging", "fleet", CE_MQTT_KEY_FILE="/run/keys/mqtt.kye"),
    ),
    (
        "a key that nobody reads",
        "every_key_that_is_read_is_in_its_secret",
        lambda o: tell(o, PROD, "fleet", CE_MQTT_CERTIFICATE_FILE="/run/keys/service.pem"),
    ),
    (
        "a misspelled variable",
        "variables_are_those_of_the_binary",
        lambda o: pod(o, PROD, "orders")["containers"][0]["env"].append({"name": "CE_SAGA_SLOT", "value": "4"}),
    ),
    (
        "a Service that meets nobody",
        "services_lead_to_the_pods_of_one_workload",
        lambda o: kind(o, PROD, "Service", "orders")["spec"].update(selector={its.NAME: "order"}),
    ),
    (
        "a Service at another port",
        "services_lead_to_the_pods_of_one_workload",
        lambda o: kind(o, PROD, "Service", "orders")["spec"]["ports"][0].update(port=80),
    ),
    (
        "a secret after its pod",
        "waves_are_in_order",
        lambda o: kind(o, PROD, "ExternalSecret", "orders")["metadata"]["annotations"].clear(),
    ),
    (
        "roots after the secrets",
        "waves_are_in_order",
        lambda o: kind(o, "staging", "ConfigMap", "roots")["metadata"]["annotations"].clear(),
    ),
    (
        "a migration beside the workload",
        "waves_are_in_order",
        lambda o: kind(o, PROD, "Job", "orders-migration")["metadata"]["annotations"].pop("argocd.argoproj.io/hook"),
    ),
    ("all pods in one zone", "pods_are_spread", lambda o: pod(o, PROD, "orders")["topologySpreadConstraints"].pop(0)),
    (
        "killed while it drains",
        "pods_leave_in_order",
        lambda o: pod(o, PROD, "orders").update(terminationGracePeriodSeconds=30),
    ),
    (
        "gone before the balancer knows",
        "pods_leave_in_order",
        lambda o: pod(o, PROD, "gateway")["containers"][0]["lifecycle"]["preStop"]["sleep"].update(seconds=10),
    ),
    (
        "a network that is nobody's",
        "nothing_is_a_placeholder",
        lambda o: kind(o, PROD, "NetworkPolicy", "to-postgres")["spec"]["egress"][0]["to"][0]["ipBlock"].update(
            cidr="192.0.2.0/24"
        ),
    ),
    (
        "an old version of an interface",
        "versions_are_current",
        lambda o: kind(o, PROD, "ExternalSecret", "orders").update(apiVersion="external-secrets.io/v1beta1"),
    ),
    (
        "Kafka where there is none",
        "the_log_is_the_one_that_is_there",
        lambda o: tell(o, "dev", "orders", CE_EVENT_LOG="kafka"),
    ),
    (
        "a scaler that asks a queue where the log is Kafka",
        "the_log_is_the_one_that_is_there",
        lambda o: kind(o, PROD, "ScaledObject", "fleet")["spec"]["triggers"][0].update(type="aws-sqs-queue"),
    ),
    (
        "a scaler by the queue of another service",
        "the_log_is_the_one_that_is_there",
        lambda o: kind(o, "staging", "ScaledObject", "fleet")["spec"]["triggers"][0]["metadata"].update(
            queueURL="cloudeats-staging-orders"
        ),
    ),
    (
        "no way to the log",
        "the_log_is_the_one_that_is_there",
        lambda o: drop(o, "NetworkPolicy", "to-kafka"),
    ),
    (
        "a second load balancer",
        "one_balancer_and_it_is_terraforms",
        lambda o: o[0].objects.append(
            {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "public"}}
        ),
    ),
    (
        "the pods of west in the group of east",
        "one_balancer_and_it_is_terraforms",
        lambda o: kind(o, "prod-us-west-2", "TargetGroupBinding", "gateway")["spec"].update(
            targetGroupName="cloudeats-prod-east-gateway"
        ),
    ),
    (
        "one proxy too few is believed",
        "the_gateway_knows_what_stands_before_it",
        lambda o: tell(o, PROD, "gateway", CE_TRUSTED_PROXIES="1"),
    ),
    (
        "one proxy too many is believed",
        "the_gateway_knows_what_stands_before_it",
        lambda o: tell(o, "dev", "gateway", CE_TRUSTED_PROXIES="2"),
    ),
    (
        "a host that nobody asks for",
        "the_gateway_knows_what_stands_before_it",
        lambda o: tell(o, "staging", "gateway", CE_PUBLIC_HOSTS="api.cloudeats.example"),
    ),
    (
        "connections closed while the balancer uses them",
        "the_gateway_knows_what_stands_before_it",
        lambda o: tell(o, PROD, "gateway", CE_HTTP_HEADER_TIMEOUT_MS="5000"),
    ),
    (
        "production's tables in staging",
        "everything_is_of_its_own_region",
        lambda o: tell(o, "staging", "orders", CE_DYNAMO_TABLE_PREFIX="prod-"),
    ),
    (
        "lag asked for in the other region",
        "everything_is_of_its_own_region",
        lambda o: kind(o, "prod-us-west-2", "ScaledObject", "fleet")["spec"]["triggers"][0]["metadata"].update(
            awsRegion="us-east-1"
        ),
    ),
    (
        "a load balancer that may not ask for readiness",
        "policies_know_the_network",
        lambda o: policy(o, "gateway")["ingress"][0].update(ports=[{"port": 8080}]),
    ),
    (
        "every pod may be asked for the gateway's readiness",
        "policies_know_the_network",
        lambda o: policy(o, "gateway")["ingress"][0].update({"from": [{"ipBlock": {"cidr": "10.30.0.0/16"}}]}),
    ),
    (
        "a pod on a node that cannot run it",
        "nodes_and_images_are_of_one_kind",
        lambda o: pod(o, PROD, "orders").update(nodeSelector={"kubernetes.io/arch": "amd64"}),
    ),
    (
        "a migration that cannot tell who answers",
        "roots_are_at_hand_where_stores_hear_tls_alone",
        lambda o: kind(o, "dev", "Job", "orders-migration")["spec"]["template"]["spec"].pop("volumes"),
    ),
    (
        "a migration that does not ask who answers",
        "roots_are_at_hand_where_stores_hear_tls_alone",
        lambda o: kind(o, "dev", "Job", "orders-migration")["spec"]["template"]["spec"]["containers"][0].pop("env"),
    ),
    (
        "roots that a pod could write to",
        "roots_are_at_hand_where_stores_hear_tls_alone",
        lambda o: [m.update(readOnly=False) for m in pod(o, PROD, "gateway")["containers"][0]["volumeMounts"]],
    ),
    (
        "roots under another name",
        "roots_are_at_hand_where_stores_hear_tls_alone",
        lambda o: kind(o, "staging", "ConfigMap", "roots")["metadata"].update(name="roots-7c9f"),
    ),
    (
        "a laptop's pod that waits for AWS's roots",
        "roots_are_at_hand_where_stores_hear_tls_alone",
        lambda o: next(one for one in o if one.local).objects.append(kind(o, PROD, "Rollout", "orders")),
    ),
    (
        "Redis whoever signed for it",
        "who_asks_by_tls_is_told_the_roots",
        lambda o: tell(o, "dev", "inventory", CE_REDIS_ROOTS_FILE=""),
    ),
    (
        "IoT Core by the roots of the service's own keys",
        "who_asks_by_tls_is_told_the_roots",
        lambda o: tell(o, "staging", "fleet", CE_MQTT_ROOTS_FILE="/run/keys/mqtt.pem"),
    ),
    (
        "brokers that hear TLS alone, asked without it",
        "brokers_are_known_and_know_who_asks",
        lambda o: tell(o, PROD, "orders", CE_KAFKA_ACCESS="plain"),
    ),
    (
        "brokers that are not told how they are asked",
        "brokers_are_known_and_know_who_asks",
        lambda o: forget(o, "prod-us-west-2", "fleet", "CE_KAFKA_ACCESS"),
    ),
    (
        "a service that tells brokers no name",
        "brokers_are_known_and_know_who_asks",
        lambda o: tell(o, PROD, "payment", CE_KAFKA_ACCESS="tls"),
    ),
    (
        "brokers whoever signed for them",
        "brokers_are_known_and_know_who_asks",
        lambda o: forget(o, PROD, "notification", "CE_KAFKA_ROOTS_FILE"),
    ),
    (
        "brokers by the roots of the service's own keys",
        "brokers_are_known_and_know_who_asks",
        lambda o: tell(o, PROD, "identity", CE_KAFKA_ROOTS_FILE="/run/keys/service.pem"),
    ),
    (
        "brokers for who never asks one",
        "brokers_are_known_and_know_who_asks",
        lambda o: pod(o, PROD, "gateway")["containers"][0]["env"].append({"name": "CE_KAFKA_ACCESS", "value": "iam"}),
    ),
    (
        "a sign-in to brokers that are not there",
        "brokers_are_known_and_know_who_asks",
        lambda o: pod(o, "staging", "orders")["containers"][0]["env"].append(
            {"name": "CE_KAFKA_ACCESS", "value": "iam"}
        ),
    ),
    (
        "a scaler that asks brokers without TLS",
        "brokers_are_known_and_know_who_asks",
        lambda o: kind(o, PROD, "ScaledObject", "fleet")["spec"]["triggers"][0]["metadata"].update(tls="disable"),
    ),
    (
        "the brokers' port at which nobody is asked for a name",
        "brokers_are_known_and_know_who_asks",
        lambda o: policy(o, "to-kafka")["egress"][0].update(ports=[{"port": 9094}]),
    ),
    (
        "a migration that may ask brokers",
        "brokers_are_known_and_know_who_asks",
        lambda o: policy(o, "to-kafka")["podSelector"]["matchExpressions"][0]["values"].append("orders-migration"),
    ),
    (
        "a service that nobody lends its role",
        "brokers_are_known_and_know_who_asks",
        lambda o: policy(o, "pod-identity")["podSelector"]["matchExpressions"][0]["values"].remove("payment"),
    ),
    (
        "no root for the databases of the other region",
        "roots_are_amazons_for_every_region",
        lambda o: roots(o, lambda pem: without("Amazon RDS us-west-2 Root CA RSA2048 G1", pem)),
    ),
    (
        "no root for Redis and IoT Core",
        "roots_are_amazons_for_every_region",
        lambda o: roots(o, lambda pem: without("Amazon Root CA 1", pem)),
    ),
    (
        "a root with a letter wrong",
        "roots_are_amazons_for_every_region",
        lambda o: roots(o, lambda pem: pem.replace("MII", "MIJ", 1)),
    ),
    (
        "a root cut off",
        "roots_are_amazons_for_every_region",
        lambda o: roots(o, lambda pem: pem[: pem.rindex("-----END")]),
    ),
    (
        "somebody else may sign as well",
        "roots_are_amazons_for_every_region",
        lambda o: roots(o, lambda pem: pem + NOBODY),
    ),
    (
        "a cluster to which nothing is applied",
        "every_cluster_has_its_overlay",
        lambda o: o.remove(next(one for one in o if one.name == "staging-us-west-2")),
    ),
    (
        "one region of production differs",
        "regions_differ_in_region_only",
        lambda o: pod(o, PROD, "orders").update(terminationGracePeriodSeconds=90),
    ),
]


def prove(overlays):
    """Prints a line for each break; returns 1 if one went unnoticed or an invariant has none."""
    unnoticed = 0
    by = {i.__name__ for i in its.INVARIANTS + its.ACROSS if i is not its.argo_goes_region_by_region}
    for what, noticed_by, break_ in BREAKS:
        broken = copy.deepcopy(overlays)
        break_(broken)
        found = its.judge(broken, noticed_by)
        print(f"{'noticed' if found else 'MISSED '}  {what}: {noticed_by.replace('_', ' ')}")
        unnoticed += not found
        by.discard(noticed_by)
    for name in sorted(by):
        print(f"MISSED   nothing tries to break: {name.replace('_', ' ')}")
    return 1 if unnoticed or by else 0
