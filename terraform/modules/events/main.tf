data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  bus_arn = "arn:aws:events:${var.region}:${local.account}:event-bus/${var.name}"
}

resource "aws_cloudwatch_event_bus" "this" {
  name               = var.name
  description        = "Facts between services, between regions and outward"
  kms_key_identifier = var.key_arn
}

resource "aws_cloudwatch_event_archive" "this" {
  name             = var.name
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = var.archive_days
  event_pattern    = jsonencode({ source = [{ prefix = "cloudeats." }] })
}

# A consumer that is away finds everything of a fortnight. There is no redrive from here: what a service cannot
# apply is a row of its own dead letters, and an event must not leave the queue because a database is away.
resource "aws_sqs_queue" "consumer" {
  for_each = var.consumers

  name                              = "${var.queue_prefix}${each.key}"
  message_retention_seconds         = 1209600
  visibility_timeout_seconds        = 30
  receive_wait_time_seconds         = 20
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
}

# What the bus could not bring to the queue within a day.
resource "aws_sqs_queue" "undelivered" {
  for_each = var.consumers

  name                              = "${var.queue_prefix}${each.key}-undelivered"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
}

# By source alone: positions need to see every event of a source.
resource "aws_cloudwatch_event_rule" "consumer" {
  for_each = var.consumers

  name           = "${var.queue_prefix}${each.key}"
  description    = "What ${each.key} hears"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = jsonencode({ source = [for source in sort(each.value) : "cloudeats.${source}"] })
}

resource "aws_cloudwatch_event_target" "consumer" {
  for_each = var.consumers

  rule           = aws_cloudwatch_event_rule.consumer[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "queue"
  arn            = aws_sqs_queue.consumer[each.key].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered[each.key].arn
  }
}

resource "aws_sqs_queue_policy" "consumer" {
  for_each = merge(
    { for name, queue in aws_sqs_queue.consumer : name => { queue = queue, consumer = name } },
    { for name, queue in aws_sqs_queue.undelivered : "${name}-undelivered" => { queue = queue, consumer = name } },
  )

  queue_url = each.value.queue.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Bus"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.queue.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.consumer[each.value.consumer].arn } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = each.value.queue.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
