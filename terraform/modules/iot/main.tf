data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  arn     = "arn:aws:iot:${var.region}:${local.account}"

  # A thing's name is the vehicle's id, so that nobody speaks for another.
  own = "$${iot:Connection.Thing.ThingName}"

  # The same rules as the broker's of one laptop: a device writes tel, evt, sta and reads ack, cmd.
  vehicle_writes = ["tel", "evt", "sta"]
  vehicle_reads  = ["ack", "cmd"]
}

resource "aws_iot_thing_type" "vehicle" {
  name = "${var.name}-vehicle"

  properties {
    description = "Reports where it is, and what its courier did"
  }
}

resource "aws_iot_policy" "vehicle" {
  name = "${var.name}-vehicle"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Connect"
        Effect    = "Allow"
        Action    = "iot:Connect"
        Resource  = "${local.arn}:client/${local.own}"
        Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } }
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = ["iot:Publish", "iot:RetainPublish"]
        Resource = [for kind in local.vehicle_writes : "${local.arn}:topic/v1/fleet/${local.own}/${kind}"]
      },
      {
        Sid      = "Subscribe"
        Effect   = "Allow"
        Action   = "iot:Subscribe"
        Resource = [for kind in local.vehicle_reads : "${local.arn}:topicfilter/v1/fleet/${local.own}/${kind}"]
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = "iot:Receive"
        Resource = [for kind in local.vehicle_reads : "${local.arn}:topic/v1/fleet/${local.own}/${kind}"]
      },
    ]
  })
}

resource "aws_iot_policy" "fleet" {
  name = "${var.name}-fleet"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Connect"
        Effect   = "Allow"
        Action   = "iot:Connect"
        Resource = "${local.arn}:client/fleet-*"
      },
      {
        Sid      = "Subscribe"
        Effect   = "Allow"
        Action   = "iot:Subscribe"
        Resource = [for kind in local.vehicle_writes : "${local.arn}:topicfilter/v1/fleet/+/${kind}"]
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = "iot:Receive"
        Resource = [for kind in local.vehicle_writes : "${local.arn}:topic/v1/fleet/*/${kind}"]
      },
      {
        Sid      = "Write"
        Effect   = "Allow"
        Action   = "iot:Publish"
        Resource = [for kind in local.vehicle_reads : "${local.arn}:topic/v1/fleet/*/${kind}"]
      },
    ]
  })
}

resource "aws_iot_thing" "vehicle" {
  for_each = var.vehicles

  name            = each.key
  thing_type_name = aws_iot_thing_type.vehicle.name
}

resource "aws_iot_certificate" "vehicle" {
  for_each = var.vehicles

  csr    = each.value
  active = true
}

resource "aws_iot_thing_principal_attachment" "vehicle" {
  for_each = var.vehicles

  thing     = aws_iot_thing.vehicle[each.key].name
  principal = aws_iot_certificate.vehicle[each.key].arn
}

resource "aws_iot_policy_attachment" "vehicle" {
  for_each = var.vehicles

  policy = aws_iot_policy.vehicle.name
  target = aws_iot_certificate.vehicle[each.key].arn
}

resource "aws_iot_certificate" "fleet" {
  count = var.fleet_request == null ? 0 : 1

  csr    = var.fleet_request
  active = true
}

resource "aws_iot_policy_attachment" "fleet" {
  count = var.fleet_request == null ? 0 : 1

  policy = aws_iot_policy.fleet.name
  target = aws_iot_certificate.fleet[0].arn
}

data "aws_iot_endpoint" "this" {
  endpoint_type = "iot:Data-ATS"
}
