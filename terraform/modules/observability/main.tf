resource "aws_cloudwatch_log_group" "service" {
  for_each = var.services

  #checkov:skip=CKV_AWS_338:kept as long as OPS-05 says, 7 or 30 days
  name              = "/cloudeats/${var.environment}/${var.region}/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = var.logs_key_arn
}

module "alarms" {
  source = "../topic"

  name     = "${var.name}-alarms"
  key_arn  = var.topic_key_arn
  services = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com", "events.amazonaws.com"]
  mail     = var.mail
}

resource "aws_xray_sampling_rule" "orders" {
  count = var.traces ? 1 : 0

  rule_name      = substr("${var.name}-orders", 0, 32)
  priority       = 100
  version        = 1
  reservoir_size = 5
  fixed_rate     = var.trace_share
  service_name   = "*"
  service_type   = "*"
  host           = "*"
  http_method    = "*"
  url_path       = "/v1/orders*"
  resource_arn   = "*"
}
