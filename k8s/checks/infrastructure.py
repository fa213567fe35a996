"""What Terraform builds for an overlay, read from its files: the other side of what must agree.

No plan is made: these are the few words of terraform/ on which manifests depend. A word that cannot be found is an
error, never a default.
"""

import functools
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "terraform"
ZONE = "cloudeats.example"
REGIONS = {"us-east-1": "east", "us-west-2": "west"}


@dataclass(frozen=True)
class Built:
    """One region of one environment."""

    environment: str
    region: str
    side: str
    log: str
    network: ipaddress.IPv4Network
    proxies: int
    host: str

    @property
    def name(self):
        return f"cloudeats-{self.environment}-{self.side}"

    def subnets(self, kind):
        """The addresses of the public, store or workload subnets, as module network cuts them."""
        bits, first = re.search(
            rf"{kind}_cidrs += .*cidrsubnet\(var.cidr, (\d), (?:(\d+) \+ )?i\)", text("modules/network/main.tf")
        ).groups()
        cut = list(self.network.subnets(prefixlen_diff=int(bits)))
        return cut[int(first or 0) : int(first or 0) + 3]


def text(path):
    return (TERRAFORM / path).read_text()


def found(pattern, path):
    match = re.search(pattern, text(path), re.S)
    if not match:
        raise LookupError(f"terraform/{path} no longer says {pattern}")
    return match[1]


@functools.cache
def regions():
    """Every region that Terraform gives a cluster to, by (environment, region)."""
    all_ = {}
    for environment in ("dev", "staging", "prod"):
        root = f"live/{environment}/main.tf"
        two = 'source    = "../../modules/environment"' in text(root)
        # Modules of two regions stand behind CloudFront; whether they do is said where the regions are made.
        before = "modules/environment/main.tf" if two else root
        edge = len(re.findall(r"^  behind_cloudfront += true$", text(before), re.M))
        if edge not in ((2,) if two else (0,)):
            raise LookupError(f"terraform/{before}: {edge} regions stand behind CloudFront")
        kafka = not re.search(r"features += \{[^}]*\bkafka += false", text(root))
        domain = found(r'api_domain += "([\w.]+)\$\{var.zone_name\}"', root) + ZONE
        origin = found(r'origin_domain += "(\w+\.)\$\{var.api_domain\}"', "modules/environment/main.tf") if two else ""
        for region, side in REGIONS.items():
            cidr = re.search(
                rf'\b{side} += \{{ region = "{region}", cidr = "([\d./]+)"'
                if two
                else rf'"{region}"\n  cidr += "([\d./]+)"',
                text(root),
            )
            if cidr:
                network = ipaddress.ip_network(cidr[1])
                log = "kafka" if kafka else "eventbridge"
                # The load balancer of module edge is one.
                all_[environment, region] = Built(
                    environment, region, side, log, network, 1 + bool(edge), origin + domain
                )
    return all_


def of(overlay):
    """What is built for an overlay: `prod-us-west-2`, or `dev` for the first region of dev."""
    environment, _, region = overlay.partition("-")
    return regions().get((environment, region or "us-east-1"))


def hear_tls_alone():
    """The variables whose stores refuse whoever comes without TLS."""
    redis = found(r'\n  transit_encryption_mode += "(\w+)"', "modules/redis/main.tf") == "required"
    memorydb = found(r"\n  tls_enabled += (\w+)", "modules/memorydb/main.tf") == "true"
    refuse = {
        "CE_DATABASE_URL": found(r'"rds.force_ssl" += "(\d)"', "modules/aurora/main.tf") == "1",
        "CE_REDIS_URL": redis and memorydb,
        "CE_MQTT_URL": found(r'CE_MQTT_URL = "(\w+)://', "modules/region/settings.tf") == "mqtts",
        "CE_KAFKA_BOOTSTRAP": found(r'\n      client_broker = "(\w+)"', "modules/kafka/main.tf") == "TLS",
    }
    return {variable for variable, alone in refuse.items() if alone}


def kafka_access():
    """How services are to speak to the brokers."""
    return found(r'CE_KAFKA_ACCESS = "(\w+)"', "modules/region/settings.tf")


def kafka_port():
    """Where the brokers let workloads in."""
    return int(found(r"\n  ports = \{[^}]*\bkafka = (\d+)", "modules/network/acl.tf"))


def idle_seconds():
    """How long the load balancer keeps a connection that is silent."""
    return int(found(r"\n  idle_timeout += (\d+)\n", "modules/edge/main.tf"))


def forget_seconds():
    """How long it takes to send nothing more to a pod."""
    return int(found(r"\n  deregistration_delay += (\d+)\n", "modules/edge/main.tf"))


def gateway_ports():
    """Where the load balancer brings requests, and where it asks whether a pod is ready."""
    path = "modules/edge/main.tf"
    return int(found(r"\n  port +?= (\d+)\n  protocol +?= \"HTTP\"\n  load_balancing", path)), int(
        found(r'\n    port +?= "(\d+)"\n    path', path)
    )


def architecture():
    """Of the nodes, as Kubernetes says it."""
    return {"ARM_64": "arm64", "x86_64": "amd64"}[found(r'ami_type +?= "BOTTLEROCKET_(\w+)"', "modules/eks/nodes.tf")]


def images_built_on():
    """The architecture of the machine on which the workflow builds images."""
    workflow = (ROOT / ".github/workflows/images.yml").read_text()
    runner = re.search(r"^  image:\n.*?^    runs-on: (\S+)$", workflow, re.M | re.S)[1]
    return "arm64" if runner.endswith("-arm") else "amd64"
