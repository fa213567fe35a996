locals {
  # Of event-kit: 16 partitions, named by us. A broker makes a topic when somebody who may make it asks about it first,
  # for the clients' admin cannot sign in by IAM (ADR 0037). Who may make which one is a right in modules/region/roles.tf:
  # a typing error makes none. Telemetry is the devices' own: its rule signs in by password, which IAM does not judge.
  # Whatever is acknowledged is on two brokers.
  settings = {
    "auto.create.topics.enable"      = "true"
    "default.replication.factor"     = "3"
    "min.insync.replicas"            = "2"
    "unclean.leader.election.enable" = "false"
    "num.partitions"                 = "16"
    "message.max.bytes"              = "262144"
    "log.retention.hours"            = "168"
  }
}

resource "aws_msk_configuration" "this" {
  name           = var.name
  kafka_versions = [var.kafka_version]

  server_properties = join("\n", [for name, value in local.settings : "${name}=${value}"])

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "brokers" {
  #checkov:skip=CKV_AWS_338:kept as long as OPS-05 says, 7 or 30 days
  name              = "/aws/msk/${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_msk_cluster" "this" {
  cluster_name           = var.name
  kafka_version          = var.kafka_version
  number_of_broker_nodes = length(var.subnet_ids)
  enhanced_monitoring    = "PER_TOPIC_PER_BROKER"

  broker_node_group_info {
    instance_type   = var.broker_type
    client_subnets  = var.subnet_ids
    security_groups = [var.security_group_id]

    storage_info {
      ebs_storage_info {
        volume_size = var.disk_gib
      }
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.this.arn
    revision = aws_msk_configuration.this.latest_revision
  }

  client_authentication {
    unauthenticated = false

    sasl {
      iam   = true
      scram = var.iot_secret != null
    }
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.key_arn

    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  open_monitoring {
    prometheus {
      jmx_exporter {
        enabled_in_broker = true
      }

      node_exporter {
        enabled_in_broker = true
      }
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.brokers.name
      }
    }
  }
}

# Rules of IoT Core cannot sign in by IAM.
resource "aws_msk_scram_secret_association" "iot" {
  count = var.iot_secret == null ? 0 : 1

  cluster_arn     = aws_msk_cluster.this.arn
  secret_arn_list = [var.iot_secret.arn]
}
