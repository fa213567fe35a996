# The alarms of the origins, over five minutes (OPS-06), and those of ours that only AWS can see (OPS-07). What
# services count themselves is Prometheus' business.

locals {
  door = { LoadBalancer = var.load_balancer.arn_suffix }

  # The balancer's own 5xx (no pod, or one that hung up) are customers' too; it does not count such requests as asked.
  shares = {
    web-4xx-share = {
      above   = 5, page = "web-client-errors", text = "answers of ours that blame the caller"
      bad     = "FILL(pods, 0)", all = "FILL(asked, 0)"
      metrics = { asked = "RequestCount", pods = "HTTPCode_Target_4XX_Count" }
    }
    web-5xx-share = {
      above   = 1, page = "web-server-errors", text = "answers that blame us"
      bad     = "(FILL(pods, 0) + FILL(balancer, 0))", all = "(FILL(asked, 0) + FILL(balancer, 0))"
      metrics = { asked = "RequestCount", pods = "HTTPCode_Target_5XX_Count", balancer = "HTTPCode_ELB_5XX_Count" }
    }
  }

  plain = merge(
    {
      api-latency-p99 = {
        namespace  = "AWS/ApplicationELB", metric = "TargetResponseTime", statistic = "p99", above = 1
        dimensions = local.door, page = "slow-answers", text = "seconds until the gateway answers"
      }
      gateway-unhealthy = {
        namespace  = "AWS/ApplicationELB", metric = "UnHealthyHostCount", statistic = "Maximum", above = 0
        dimensions = merge(local.door, { TargetGroup = var.load_balancer.target_group_arn_suffix })
        page       = "aws/gateway-unhealthy"
        text       = "pods of the gateway that are not ready"
      }
    },
    { for pair in setproduct(["Read", "Write"], var.tables) : "throttled-${lower(pair[0])}-${pair[1]}" => {
      namespace  = "AWS/DynamoDB", metric = "${pair[0]}ThrottleEvents", statistic = "Sum", above = 0
      dimensions = { TableName = pair[1] }, page = "dynamo-throttled", text = "requests that DynamoDB turned away"
    } },
    { for queue in var.undelivered_queues : "undelivered-${queue}" => {
      namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum", above = 0
      dimensions = { QueueName = queue }, page = "aws/undelivered-events", text = "events that could not be brought within a day"
    } },
    { for cell, copy in var.database_copies : "replication-lag-${cell}" => {
      namespace  = "AWS/RDS", metric = "AuroraGlobalDBReplicationLag", statistic = "Maximum", above = 10000
      dimensions = { DBClusterIdentifier = copy.cluster, SourceRegion = copy.source_region }
      page       = "replication-lag"
      text       = "milliseconds by which the copy is behind"
    } },
    { for cell, cluster in var.database_clusters : "database-full-${cell}" => {
      namespace  = "AWS/RDS", metric = "ACUUtilization", statistic = "Average", above = 90
      dimensions = { DBClusterIdentifier = cluster }, page = "aws/database-full", text = "percent of the largest size"
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "share" {
  for_each = local.shares

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "percent of ${each.value.text}. ${var.runbooks}/${each.value.page}.md"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [module.alarms.arn]
  ok_actions          = [module.alarms.arn]

  metric_query {
    id          = "share"
    expression  = "IF(${each.value.all} > 20, 100 * ${each.value.bad} / ${each.value.all}, 0)"
    label       = each.key
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        dimensions  = local.door
        period      = 300
        stat        = "Sum"
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "plain" {
  for_each = local.plain

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text}. ${var.runbooks}/${each.value.page}.md"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [module.alarms.arn]
  ok_actions          = [module.alarms.arn]
}
