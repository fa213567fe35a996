# A region is asked from outside, by its own name. One that does not answer gets no one sent to it.
resource "aws_route53_health_check" "region" {
  for_each = var.regions

  type              = "HTTPS"
  fqdn              = "${each.key}.${var.api_domain}"
  port              = 443
  resource_path     = var.health_path
  request_interval  = 10
  failure_threshold = 3
  measure_latency   = true

  tags = { Name = "${each.key}.${var.api_domain}" }
}

resource "aws_route53_record" "region" {
  for_each = var.regions

  #checkov:skip=CKV2_AWS_23:the load balancer is another module, given by its name
  zone_id = var.zone_id
  name    = "${each.key}.${var.api_domain}"
  type    = "A"

  alias {
    name                   = each.value.name
    zone_id                = each.value.zone_id
    evaluate_target_health = false
  }
}

# Without the accelerator: the nearest region that is well.
resource "aws_route53_record" "nearest" {
  for_each = var.accelerator == null ? var.regions : {}

  #checkov:skip=CKV2_AWS_23:the load balancer is another module, given by its name
  zone_id         = var.zone_id
  name            = var.api_domain
  type            = "A"
  set_identifier  = each.key
  health_check_id = aws_route53_health_check.region[each.key].id

  latency_routing_policy {
    region = each.key
  }

  alias {
    name                   = each.value.name
    zone_id                = each.value.zone_id
    evaluate_target_health = true
  }
}

# With it: its addresses, and the nearest region should the accelerator itself be away.
resource "aws_route53_record" "accelerator" {
  count = var.accelerator == null ? 0 : 1

  zone_id        = var.zone_id
  name           = var.api_domain
  type           = "A"
  set_identifier = "accelerator"

  failover_routing_policy {
    type = "PRIMARY"
  }

  alias {
    name                   = var.accelerator.name
    zone_id                = var.accelerator.zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "fallback" {
  count = var.accelerator == null ? 0 : 1

  zone_id         = var.zone_id
  name            = var.api_domain
  type            = "A"
  set_identifier  = "fallback"
  health_check_id = aws_route53_health_check.region[keys(var.regions)[0]].id

  failover_routing_policy {
    type = "SECONDARY"
  }

  alias {
    name                   = values(var.regions)[0].name
    zone_id                = values(var.regions)[0].zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "web" {
  for_each = { for pair in setproduct(var.web_domains, ["A", "AAAA"]) : join("/", pair) => { name = pair[0], type = pair[1] } }

  zone_id = var.zone_id
  name    = each.value.name
  type    = each.value.type

  alias {
    name                   = var.web.name
    zone_id                = var.web.zone_id
    evaluate_target_health = false
  }
}
