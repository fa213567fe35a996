locals {
  rows  = csvdecode(file("${path.module}/../../cost/${var.model}.csv"))
  model = sum([for row in local.rows : tonumber(row.monthly_usd)])
  limit = ceil(local.model * (1 + var.margin_percent / 100))
}

resource "aws_budgets_budget" "this" {
  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(local.limit)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  cost_filter {
    name   = "TagKeyValue"
    values = [join("$", ["user:Environment", var.environment])]
  }

  dynamic "notification" {
    for_each = ["ACTUAL 50", "ACTUAL 80", "ACTUAL 100", "FORECASTED 100"]
    content {
      comparison_operator       = "GREATER_THAN"
      notification_type         = split(" ", notification.value)[0]
      threshold                 = tonumber(split(" ", notification.value)[1])
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = var.topic_arns
    }
  }
}

resource "aws_ce_anomaly_monitor" "this" {
  count = var.anomalies ? 1 : 0

  name              = var.name
  monitor_type      = "DIMENSIONAL"
  monitor_dimension = "SERVICE"
}

resource "aws_ce_anomaly_subscription" "this" {
  count = var.anomalies ? 1 : 0

  name             = var.name
  frequency        = "IMMEDIATE"
  monitor_arn_list = [aws_ce_anomaly_monitor.this[0].arn]

  subscriber {
    type    = "SNS"
    address = var.topic_arns[0]
  }

  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = ["50"]
    }
  }
}
