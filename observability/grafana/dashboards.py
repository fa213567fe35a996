#!/usr/bin/env -S python3 -B
"""The dashboards, as pages that can be read. Writes dashboards/*.json; with --check says what is not up to date.

A page is its name, its title, a sentence, what can be chosen, and rows: a heading and its panels, from left to right.
"""

import json
import pathlib
import sys

from panels import PROMETHEUS, chosen, dashboard, logs, sources, stat, timeseries, traces, words

HERE = pathlib.Path(__file__).parent
BY = 'region=~"$region"'
ONE = 'region=~"$region",service="$service"'
PODS = 'namespace=~"cloudeats.*",pod=~"$service-.*"'
COUNT = "http_server_request_duration_seconds_count"
BUCKET = "http_server_request_duration_seconds_bucket"
ORDERS = f'{BY},service="orders",http_request_method="POST",http_route=~"/v1/orders|/orders"'
REGION = chosen("region", "Region", 'label_values(up{job="cloudeats"}, region)')
SERVICE = chosen("service", "Service", 'label_values(up{job="cloudeats"}, service)', everything=False)


def rate(series, match=BY, by=""):
    """So many a second."""
    return f"sum{f' by ({by}) ' if by else ''}(rate({series}{{{match}}}[5m]))"


def a_minute(series, match=BY, by=""):
    """So many a minute."""
    return f"60 * {rate(series, match, by)}"


def quantile(share, series, match=BY, by=""):
    """What `share` of all stay below."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {rate(series, match, labels)})"


def most(name, by, match=BY):
    """The highest of each group."""
    return f"max by ({by}) ({name}{{{match}}})"


def door(service, route, method=""):
    """Requests at one route."""
    verb = f',http_request_method="{method}"' if method else ""
    return f'{BY},service="{service}"{verb},http_route="{route}"'


def service():
    calls, route = "{{http_request_method}} {{http_route}}", "http_request_method, http_route"
    rows = [
        ("Requests", [
            timeseries("Rate", "reqps", (f"service:http_requests:rate5m{{{ONE}}}", "{{region}}")),
            timeseries("Errors", "percentunit",
                       (f"service:http_requests_5xx:ratio_rate5m{{{ONE}}}", "5xx {{region}}"),
                       (f"service:http_requests_4xx:ratio_rate5m{{{ONE}}}", "4xx {{region}}")),
            timeseries("Latency", "s",
                       *((f"service:http_request_duration_seconds:{which}_rate5m{{{ONE}}}", f"{which} {{{{region}}}}")
                         for which in ("p50", "p95", "p99")),
                       text="Without streams, which stay open as long as somebody looks."),
        ]),
        ("Routes", [
            timeseries("Rate by route", "reqps", (f"topk(8, {rate(COUNT, ONE, route)})", calls)),
            timeseries("p99 by route", "s", (f"topk(8, {quantile(0.99, BUCKET, ONE, route)})", calls)),
            timeseries("Answers", "reqps",
                       (rate(COUNT, ONE, "http_response_status_code"), "{{http_response_status_code}}"), stacked=True),
        ]),
        ("Pressure", [
            timeseries("Being worked on", "short",
                       (f"sum by (region, instance) (http_server_active_requests{{{ONE}}})", "{{instance}}")),
            timeseries("Turned away", "reqps",
                       (rate("cloudeats_requests_shed_total", ONE, "rank, reason"), "{{rank}}: {{reason}}"),
                       text="By rank and by what was full: places, the intake's limit, or what is undecided."),
        ]),
        ("Processes", [
            timeseries("Up and ready", "short",
                       (f'sum by (region) (up{{job="cloudeats",{ONE}}})', "up {{region}}"),
                       (f"sum by (region) (cloudeats_ready{{{ONE}}})", "ready {{region}}"),
                       text="Ready is who would serve a request now."),
            timeseries("Processor", "short", (rate("process_cpu_time_seconds_total", ONE, "instance, cpu_mode"), "{{instance}} {{cpu_mode}}"),
                       text="Cores."),
            timeseries("Memory of a process", "bytes", (most("process_memory_usage_bytes", "instance", ONE), "{{instance}}")),
            timeseries("Connections to the database", "short",
                       (most("db_client_connection_count", "instance, db_client_connection_state", ONE),
                        "{{instance}} {{db_client_connection_state}}"),
                       (most("db_client_connection_max", "instance", ONE), "{{instance}} at most"),
                       text="Used is lent to somebody; nearly all of them for long means that requests wait for one."),
            timeseries("Tasks that ended", "short", (most("cloudeats_tasks_ended_total", "instance, task_name", ONE), "{{instance}} {{task_name}}"),
                       text="By themselves, since the start. Any is one too many."),
        ]),
        ("Pods", [
            timeseries("CPU", "short",
                       (rate("container_cpu_usage_seconds_total", f'{PODS},container!=""', "pod"), "{{pod}}"),
                       text="Cores. Only in a cluster."),
            timeseries("Memory", "bytes",
                       (f'sum by (pod) (container_memory_working_set_bytes{{{PODS},container!=""}})', "{{pod}}"),
                       (f'max(kube_pod_container_resource_limits{{{PODS},resource="memory"}})', "limit"),
                       text="Only in a cluster."),
            timeseries("Restarts", "short",
                       (f"sum by (pod) (increase(kube_pod_container_status_restarts_total{{{PODS}}}[5m]))", "{{pod}}"),
                       text="Only in a cluster."),
        ]),
    ]
    about = "Rate, errors and latency of one service, and what presses it."
    return "ce-service", "Service", about, [*PROMETHEUS, REGION, SERVICE], rows


def dependencies():
    ways, way = "service, peer_service", "{{service}} → {{peer_service}}"
    consumers, whose = "consumer_name, outcome", "{{consumer_name}} {{outcome}}"
    table, instance = "dimension_TableName", "dimension_DBInstanceIdentifier"
    rows = [
        ("Neighbours and providers", [
            timeseries("Calls", "reqps", (f"service_peer:http_calls:rate5m{{{BY}}}", way)),
            timeseries("Failed", "percentunit", (f"service_peer:http_calls_failed:ratio_rate5m{{{BY}}}", way),
                       text="Nothing was done, or nobody knows. A refusal is an answer."),
            timeseries("p99", "s", (f"service_peer:http_call_duration_seconds:p99_rate5m{{{BY}}}", way)),
        ]),
        ("When they fail", [
            timeseries("Outcomes", "reqps",
                       (rate("http_client_request_duration_seconds_count", by="outcome"), "{{outcome}}"), stacked=True),
            timeseries("Asked again", "reqps", (rate("cloudeats_client_retries_total", by=ways), way)),
            timeseries("Not asked: breaker open", "reqps", (rate("cloudeats_client_dropped_total", by=ways), way)),
        ]),
        ("Event log", [
            timeseries("Told", "short", (rate("cloudeats_outbox_published_total", by="service"), "{{service}}"),
                       text="Facts per second."),
            timeseries("Not yet told", "short", (most("cloudeats_outbox_unpublished", "service"), "{{service}}")),
            timeseries("Oldest of them", "s",
                       (most("cloudeats_outbox_unpublished_age_seconds", "service"), "{{service}}")),
        ]),
        ("Consumers", [
            timeseries("Heard", "short", (rate("cloudeats_consumer_delivered_total", by=consumers), whose)),
            timeseries("Behind", "short", (most("cloudeats_consumer_lag", "consumer_name"), "{{consumer_name}}")),
            timeseries("Waiting", "short",
                       (most("cloudeats_consumer_parked", "consumer_name"), "parked {{consumer_name}}"),
                       (most("cloudeats_dead_letters", "consumer_name"), "dead letters {{consumer_name}}")),
            timeseries("Snapshots", "short", (rate("cloudeats_consumer_refetched_total", by=consumers), whose)),
        ]),
        ("Engines of AWS", [
            timeseries("DynamoDB: throttled", "short",
                       (f"sum by ({table}) (aws_dynamodb_throttled_requests_sum)", f"{{{{{table}}}}}")),
            timeseries("DynamoDB: units", "short",
                       *((f"sum by ({table}) (aws_dynamodb_consumed_{way}_capacity_units_sum)", f"{way} {{{{{table}}}}}")
                         for way in ("read", "write"))),
            timeseries("Aurora: connections", "short",
                       (f"sum by ({instance}) (aws_rds_database_connections_average)", f"{{{{{instance}}}}}")),
        ]),
    ]
    about = "Use, saturation and errors of what services ask: each other, providers, log, engines."
    return "ce-dependencies", "Dependencies", about, [*PROMETHEUS, REGION], rows


def business():
    payments = "/v1/internal/payments"
    rows = [
        ("Now", [
            stat("Orders a minute", "short", (f"60 * sum(region:orders_taken:rate5m{{{BY}}})", "taken")),
            stat("Refused", "percentunit", (f"max(region:orders_refused:ratio_rate5m{{{BY}}})", "refused"), bad_above=0.3),
            stat("Couriers' facts a minute", "short",
                 (a_minute("cloudeats_courier_facts_total", f'{BY},outcome="taken"'), "facts"),
                 text="At the store, collected, at the door, handed over."),
            stat("Need a person", "short",
                 (f"sum(order:incidents:increase15m{{{BY}}}) or vector(0)", "orders, 15 min"), bad_above=1),
        ]),
        ("Orders", [
            timeseries("Taken", "short", (f"60 * region:orders_taken:rate5m{{{BY}}}", "{{region}}"),
                       text="Orders per minute."),
            timeseries("Answers", "short",
                       (f"60 * sum by (http_response_status_code) (region_status:orders_answered:rate5m{{{BY}}})",
                        "{{http_response_status_code}}"), stacked=True,
                       text="201 decided, 202 deciding, 402 card declined, 409 sold out, 422 not to be had like this, "
                            "503 too much at once."),
            timeseries("Wait until answered", "s",
                       (quantile(0.5, BUCKET, ORDERS), "p50"), (quantile(0.99, BUCKET, ORDERS), "p99")),
            timeseries("Wait for the machine", "s", (most("cloudeats_saga_oldest_age_seconds", "region"), "{{region}}"),
                       text="Of the order that the saga has not moved for longest; measured every 15 s."),
            timeseries("Overdue", "short", (most("cloudeats_orders_overdue", "region"), "{{region}}"),
                       text="Orders beyond the deadline of their state. For a moment each is one."),
        ]),
        ("Around them", [
            timeseries("Carts, cancellations", "short",
                       (a_minute(COUNT, door("orders", "/v1/carts", "POST")), "carts"),
                       (a_minute(COUNT, door("orders", "/v1/orders/{order_id}/cancellation")), "cancellations"),
                       text="Per minute."),
            timeseries("Money", "short",
                       (a_minute(COUNT, door("payment", payments, "POST")), "held"),
                       (a_minute(COUNT, door("payment", f"{payments}/{{order_id}}/capture")), "taken"),
                       (a_minute(COUNT, door("payment", f"{payments}/{{order_id}}/void")), "given back"),
                       text="Payments per minute, by what was asked."),
            timeseries("Differences from the provider's books", "short",
                       (most("cloudeats_payment_breaks_open", "region"), "{{region}}")),
            timeseries("Intake", "short",
                       *((f"sum by (region) (cloudeats_intake_{what}{{{BY}}})", f"{what.replace('_', ' ')} {{{{region}}}}")
                         for what in ("limit", "under_way", "undecided")),
                       text="Orders from request to decision, and how many may be."),
        ]),
    ]
    about = "What the shop takes, refuses and brings, read from its doors."
    return "ce-business", "Business", about, [*PROMETHEUS, REGION], rows


def kitchen():
    board, status = door("orders", "/v1/kitchen/tickets"), "http_response_status_code"
    step = door("orders", "/v1/kitchen/tickets/{ticket_id}/status")
    rows = [
        ("Tickets", [
            timeseries("Steps", "short", (a_minute(COUNT, step, status), "{{http_response_status_code}}"),
                       text="Per minute, by answer. 412: somebody else had moved the ticket."),
            timeseries("Handed over at the counter", "short",
                       (a_minute(COUNT, door("orders", "/v1/orders/{order_id}/complete"), "region"), "{{region}}")),
            timeseries("Orders that come", "short", (f"60 * region:orders_taken:rate5m{{{BY}}}", "{{region}}"),
                       text="Per minute: what the kitchen will see next."),
        ]),
        ("The board", [
            timeseries("Looks", "reqps", (rate(COUNT, board, status), "{{http_response_status_code}}")),
            timeseries("Wait for the board", "s", (quantile(0.95, BUCKET, board), "p95")),
            timeseries("Wait for a step", "s", (quantile(0.95, BUCKET, step), "p95")),
        ]),
        ("Stock", [
            timeseries("Holds", "short",
                       (a_minute(COUNT, door("inventory", "/v1/internal/reservations"), status),
                        "{{http_response_status_code}}"), text="Per minute; 409 is sold out."),
            timeseries("Counted and set", "short",
                       (a_minute(COUNT, door("inventory", "/v1/inventory/{item_id}", "PUT"), "region"), "{{region}}")),
            timeseries("Orders kitchens did not finish", "short",
                       (f"sum by (kind) (order:incidents:increase15m{{{BY}}})", "{{kind}}"),
                       text="Incidents of the last 15 minutes."),
        ]),
    ]
    about = "Boards and tickets: how fast stores move, and whether the board is with them."
    return "ce-kitchen", "Kitchen", about, [*PROMETHEUS, REGION], rows


def fleet():
    deliveries = "/v1/internal/deliveries"
    rejected, accepted = rate("cloudeats_telemetry_rejected_total"), rate("cloudeats_telemetry_accepted_total")
    rows = [
        ("Now", [
            stat("Devices are heard", "bool_yes_no", (f"min(cloudeats_mqtt_connected{{{BY}}})", "broker"), good_above=1),
            stat("Positions a second", "short", (accepted, "stored")),
            stat("Not believed", "percentunit", (f"{rejected} / {accepted} or vector(0)", "turned away"), bad_above=0.05),
            stat("Need a person", "short",
                 (f"sum(delivery:incidents:increase15m{{{BY}}}) or vector(0)", "deliveries, 15 min"), bad_above=1),
        ]),
        ("Telemetry", [
            timeseries("Stored", "short", (rate("cloudeats_telemetry_accepted_total", by="region"), "{{region}}"),
                       text="Positions per second."),
            timeseries("Turned away", "short",
                       (rate("cloudeats_telemetry_rejected_total", by="kind, cause"), "{{kind}}: {{cause}}")),
            timeseries("At once", "short",
                       (quantile(0.5, "cloudeats_telemetry_batch_bucket"), "p50"),
                       (quantile(0.99, "cloudeats_telemetry_batch_bucket"), "p99"),
                       text="Messages in one transaction."),
        ]),
        ("Deliveries", [
            timeseries("Facts of couriers", "short",
                       (a_minute("cloudeats_courier_facts_total", by="outcome"), "{{outcome}}"),
                       text="By MQTT, per minute. Refused: not possible yet, or no more; the device says it again."),
            timeseries("Asked for, called off", "short",
                       (a_minute(COUNT, door("fleet", deliveries, "POST")), "asked for"),
                       (a_minute(COUNT, door("fleet", f"{deliveries}/{{order_id}}/cancel")), "called off"),
                       text="Per minute."),
            timeseries("Incidents", "short", (f"sum by (code) (delivery:incidents:increase15m{{{BY}}})", "{{code}}"),
                       text="Of the last 15 minutes."),
            timeseries("Followed", "short",
                       (rate(COUNT, door("gateway", "/v1/orders/{order_id}/track"), "region"), "{{region}}"),
                       text="Tracking pages opened per second."),
        ]),
    ]
    about = "Vehicles and couriers: heard, believed, on their way."
    return "ce-fleet", "Fleet", about, [*PROMETHEUS, REGION], rows


def burns(*windows):
    """How fast budgets go, seen over each window."""
    allowed = "on (slo) group_left () (1 - slo:objective:ratio)"
    return [(f"slo:error:ratio_rate{window}{{{BY}}} / {allowed}", f"{window} {{{{slo}}}} {{{{region}}}}") for window in windows]


def slo():
    firing = 'ALERTS{alertstate="firing",alertname!="Watchdog"}'
    each = "{{slo}} {{region}}"
    rows = [
        ("Budget", [
            stat("Left of 30 days", "percentunit", (f"slo:error_budget:remaining_ratio{{{BY}}}", each), good_above=0.1),
            stat("Objective", "percentunit", ("slo:objective:ratio", "{{slo}}")),
        ]),
        ("Burn rate: 1 spends the budget in just 30 days", [
            timeseries("Fast: alarm above 14.4", "short", *burns("1h", "5m")),
            timeseries("Slow: alarm above 6", "short", *burns("6h", "30m")),
            timeseries("Leak: ticket above 1", "short", *burns("3d")),
        ]),
        ("What it is made of", [
            timeseries("Events", "short", (f"slo:events:rate5m{{{BY}}}", each)),
            timeseries("Bad ones", "short", (f"slo:errors:rate5m{{{BY}}}", each)),
            timeseries("Alarms", "short", (f"sum by (alertname, severity) ({firing})", "{{severity}} {{alertname}}")),
        ]),
    ]
    about = "What was promised (docs/slo.md), how much of the budget is left, and how fast it goes."
    return "ce-slo", "SLO burn", about, [*PROMETHEUS, REGION], rows


def region():
    edge, cluster = f'{BY},service="gateway"', "dimension_DBClusterIdentifier"
    scaler, ours = "horizontalpodautoscaler", '{namespace=~"cloudeats.*"}'
    rows = [
        ("Who serves", [
            timeseries("Processes up", "short", (f'sum by (region) (up{{job="cloudeats",{BY}}})', "{{region}}")),
            timeseries("Requests at the edge", "reqps", (f"service:http_requests:rate5m{{{edge}}}", "{{region}}")),
            timeseries("5xx at the edge", "percentunit",
                       (f"service:http_requests_5xx:ratio_rate5m{{{edge}}}", "{{region}}")),
            timeseries("p99 at the edge", "s",
                       (f"service:http_request_duration_seconds:p99_rate5m{{{edge}}}", "{{region}}")),
        ]),
        ("Orders", [
            timeseries("Taken a minute", "short", (f"60 * region:orders_taken:rate5m{{{BY}}}", "{{region}}")),
            timeseries("Room for more", "short",
                       (f"sum by (region) (cloudeats_intake_limit{{{BY}}}) "
                        f"- sum by (region) (cloudeats_intake_under_way{{{BY}}})", "{{region}}"),
                       text="What a region could take over from another now, before it scales."),
            timeseries("Facts not yet told", "s",
                       (most("cloudeats_outbox_unpublished_age_seconds", "region"), "{{region}}"), text="Age of the oldest."),
        ]),
        ("Ready to take over", [
            timeseries("Replication lag", "ms",
                       (f"max by ({cluster}) (aws_rds_aurora_global_dbreplication_lag_average)", f"{{{{{cluster}}}}}"),
                       text="Of Aurora's standby clusters. Only on AWS."),
            timeseries("Pods, of as many as may be", "percentunit",
                       (f"sum by ({scaler}) (kube_horizontalpodautoscaler_status_current_replicas{ours})"
                        f" / sum by ({scaler}) (kube_horizontalpodautoscaler_spec_max_replicas{ours})", f"{{{{{scaler}}}}}"),
                       text="Only in a cluster."),
        ]),
    ]
    about = "The regions side by side: who serves, who lags, who could take over."
    return "ce-region", "Region", about, [*PROMETHEUS, REGION], rows


def one_order():
    box = {"name": "order", "label": "Order", "type": "textbox", "query": "", "current": {"text": "", "value": ""}}
    first = (
        "`cloudeats trace $order` tells the whole story from the records; `GET /v1/ops/orders/$order/xray` says the same to "
        "operators.\n\nBelow: what was said aloud. Most steps of an order say nothing; what went wrong does."
    )
    rows = [
        ("Order $order", [
            words("Where to look first", first),
            logs("Logs", '{service=~".+"} |= `$order`'),
            traces("Traces", '{ span.order.id = "$order" }'),
        ]),
    ]
    about = "The story of an order: what services logged, and its traces."
    return "ce-order", "One order", about, [*sources("loki", "tempo"), box], rows


PAGES = [service, dependencies, business, kitchen, fleet, slo, region, one_order]


def main():
    written = {}
    for page in PAGES:
        uid, *rest = page()
        text = json.dumps(dashboard(uid, *rest), indent=1, ensure_ascii=False) + "\n"
        written[HERE / "dashboards" / f"{uid.removeprefix('ce-')}.json"] = text
    if "--check" not in sys.argv:
        for file, text in written.items():
            file.write_text(text)
        return 0
    there = set((HERE / "dashboards").glob("*.json"))
    stale = [file for file, text in written.items() if file not in there or file.read_text() != text]
    stale += sorted(there - written.keys())
    for file in stale:
        print(f"{file.name} is not what dashboards.py says: run it")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
