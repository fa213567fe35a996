# Telemetry to Kafka, for who reads many vehicles at once. Orders never wait for it: fleet hears MQTT itself.

resource "aws_cloudwatch_log_group" "rule" {
  count = var.kafka == null ? 0 : 1

  #checkov:skip=CKV_AWS_338:kept as long as OPS-05 says, 7 or 30 days
  name              = "/cloudeats/${var.name}/iot-rule"
  retention_in_days = var.log_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_iam_role" "rule" {
  count = var.kafka == null ? 0 : 1

  name = "${var.name}-iot-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "iot.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "rule" {
  count = var.kafka == null ? 0 : 1

  #checkov:skip=CKV_AWS_289:as AWS asks for a rule that writes into a network
  #checkov:skip=CKV_AWS_355:network interfaces cannot be named before they are there, and descriptions never
  #checkov:skip=CKV_AWS_290:interfaces of the rule's own destination, in the network that is given
  name = "deliver"
  role = aws_iam_role.rule[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Interfaces"
        Effect = "Allow"
        Action = [
          "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
          "ec2:DescribeVpcAttribute", "ec2:DescribeVpcs",
        ]
        Resource = "*"
      },
      {
        Sid      = "Secret"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = var.kafka.secret_arn
      },
      {
        Sid      = "Key"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = var.kafka.key_arn
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = "${aws_cloudwatch_log_group.rule[0].arn}:*"
      },
    ]
  })
}

resource "aws_iot_topic_rule_destination" "kafka" {
  count = var.kafka == null ? 0 : 1

  vpc_configuration {
    role_arn        = aws_iam_role.rule[0].arn
    vpc_id          = var.kafka.vpc_id
    subnet_ids      = var.kafka.subnet_ids
    security_groups = [var.kafka.security_group_id]
  }
}

resource "aws_iot_topic_rule" "telemetry" {
  count = var.kafka == null ? 0 : 1

  name        = "${replace(var.name, "-", "_")}_telemetry"
  description = "What vehicles report, keyed by vehicle"
  enabled     = true
  sql         = "SELECT *, topic(3) AS vehicle_id FROM 'v1/fleet/+/tel'"
  sql_version = "2016-03-23"

  kafka {
    destination_arn = aws_iot_topic_rule_destination.kafka[0].arn
    topic           = "cloudeats.telemetry"
    key             = "$${topic(3)}"

    client_properties = {
      "bootstrap.servers"   = var.kafka.bootstrap
      "acks"                = "1"
      "compression.type"    = "lz4"
      "security.protocol"   = "SASL_SSL"
      "sasl.mechanism"      = "SCRAM-SHA-512"
      "sasl.scram.username" = "$${get_secret('${var.kafka.secret_arn}', 'SecretString', 'username', '${aws_iam_role.rule[0].arn}')}"
      "sasl.scram.password" = "$${get_secret('${var.kafka.secret_arn}', 'SecretString', 'password', '${aws_iam_role.rule[0].arn}')}"
    }
  }

  error_action {
    cloudwatch_logs {
      log_group_name = aws_cloudwatch_log_group.rule[0].name
      role_arn       = aws_iam_role.rule[0].arn
    }
  }
}
