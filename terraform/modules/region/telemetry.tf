# What vehicles report, copied to Kafka by a rule of IoT Core. Such rules sign in by name and password: fill the secret
# with {"username": …, "password": …} before `telemetry` is turned on, for MSK takes no empty one.

locals {
  telemetry = var.features.telemetry && var.features.iot && var.features.kafka
}

# MSK wants this beginning of the name, and a key of ours.
resource "aws_secretsmanager_secret" "telemetry" {
  count = var.features.iot && var.features.kafka ? 1 : 0

  #checkov:skip=CKV2_AWS_57:the rule reads it anew each time; whoever turns it sets it in one place
  name                    = "AmazonMSK_${var.name}_telemetry"
  description             = "By which rules of IoT Core write to Kafka"
  kms_key_id              = module.key["secrets"].arn
  recovery_window_in_days = var.protected ? 30 : 0
}

resource "aws_vpc_security_group_ingress_rule" "telemetry" {
  count = local.telemetry ? 1 : 0

  security_group_id            = module.network.security_group_ids.kafka
  description                  = "rules of IoT Core, by name and password"
  referenced_security_group_id = module.network.security_group_ids.workloads
  ip_protocol                  = "tcp"
  from_port                    = 9096
  to_port                      = 9096
}
