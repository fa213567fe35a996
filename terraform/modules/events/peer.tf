# What originates here is told there. The guard is the origin: what came from there carries its region and is
# not sent back.

locals {
  peer_arn = var.peer_region == null ? null : replace(local.bus_arn, ":${var.region}:", ":${var.peer_region}:")
}

resource "aws_cloudwatch_event_rule" "peer" {
  count = var.peer_region == null ? 0 : 1

  name           = "${var.queue_prefix}to-${var.peer_region}"
  description    = "What originates here, to the bus of ${var.peer_region}"
  event_bus_name = aws_cloudwatch_event_bus.this.name

  event_pattern = jsonencode({
    source = [{ prefix = "cloudeats." }]
    detail = { originregion = [var.region] }
  })
}

resource "aws_iam_role" "peer" {
  count = var.peer_region == null ? 0 : 1

  name = "${var.queue_prefix}events-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "peer" {
  count = var.peer_region == null ? 0 : 1

  name = "put"
  role = aws_iam_role.peer[0].id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "events:PutEvents", Resource = local.peer_arn }]
  })
}

resource "aws_sqs_queue" "peer_undelivered" {
  count = var.peer_region == null ? 0 : 1

  name                              = "${var.queue_prefix}to-${var.peer_region}-undelivered"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
}

resource "aws_sqs_queue_policy" "peer" {
  count = var.peer_region == null ? 0 : 1

  queue_url = aws_sqs_queue.peer_undelivered[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Bus"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.peer_undelivered[0].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.peer[0].arn } }
    }]
  })
}

resource "aws_cloudwatch_event_target" "peer" {
  count = var.peer_region == null ? 0 : 1

  rule           = aws_cloudwatch_event_rule.peer[0].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "bus"
  arn            = local.peer_arn
  role_arn       = aws_iam_role.peer[0].arn

  dead_letter_config {
    arn = aws_sqs_queue.peer_undelivered[0].arn
  }
}
