mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "cloudeats-test"
  environment        = "prod"
  region             = "us-east-1"
  logs_key_arn       = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111"
  topic_key_arn      = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  load_balancer      = { arn_suffix = "app/a/1", target_group_arn_suffix = "targetgroup/a/1" }
  tables             = ["carts"]
  undelivered_queues = ["cloudeats-orders-undelivered"]
  database_clusters  = { east = "cloudeats-test-east-us-west-2" }
  database_copies    = { east = { cluster = "cloudeats-test-east-us-west-2", source_region = "us-east-1" } }
}

run "the_origins_limits_are_kept" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.share["web-4xx-share"].threshold == 5 && aws_cloudwatch_metric_alarm.share["web-5xx-share"].threshold == 1
    error_message = "4xx above 5 %, 5xx above 1 %."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["api-latency-p99"].extended_statistic == "p99" && aws_cloudwatch_metric_alarm.plain["api-latency-p99"].threshold == 1
    error_message = "p99 above a second."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["throttled-read-carts"].threshold == 0 && aws_cloudwatch_metric_alarm.plain["throttled-write-carts"].metric_name == "WriteThrottleEvents"
    error_message = "Any throttling."
  }

  assert {
    condition     = alltrue([for a in aws_cloudwatch_metric_alarm.plain : a.period == 300]) && alltrue(flatten([for a in aws_cloudwatch_metric_alarm.share : [for q in a.metric_query : [for m in q.metric : m.period == 300]]]))
    error_message = "Over five minutes."
  }
}

run "what_the_balancer_answers_itself_counts_as_ours" {
  assert {
    condition     = toset(flatten([for q in aws_cloudwatch_metric_alarm.share["web-5xx-share"].metric_query : [for m in q.metric : m.metric_name]])) == toset(["RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"])
    error_message = "A 502 is a 5xx."
  }
}

run "what_only_two_regions_have_is_watched" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.plain["replication-lag-east"].threshold == 10000 && aws_cloudwatch_metric_alarm.plain["replication-lag-east"].dimensions.SourceRegion == "us-east-1" && aws_cloudwatch_metric_alarm.plain["undelivered-cloudeats-orders-undelivered"].threshold == 0
    error_message = "The copy within ten seconds, nothing undelivered."
  }
}

run "each_alarm_tells_somebody_and_names_a_page" {
  assert {
    condition     = alltrue([for a in merge(aws_cloudwatch_metric_alarm.plain, aws_cloudwatch_metric_alarm.share) : length(a.alarm_actions) == 1 && can(regex("docs/runbooks/(aws/)?[a-z-]+\\.md$", a.alarm_description))])
    error_message = "A topic and a runbook."
  }
}

run "logs_are_where_they_are_looked_for" {
  assert {
    condition     = aws_cloudwatch_log_group.service["orders"].name == "/cloudeats/prod/us-east-1/orders" && aws_cloudwatch_log_group.service["orders"].retention_in_days == 30
    error_message = "OPS-05."
  }
}

run "a_share_above_one_is_refused" {
  command = plan

  variables {
    trace_share = 5
  }

  expect_failures = [var.trace_share]
}
