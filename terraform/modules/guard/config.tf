locals {
  # What must never drift, whoever changed it by hand.
  rules = var.config == null ? [] : [
    "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",
    "S3_BUCKET_SSL_REQUESTS_ONLY",
    "RDS_STORAGE_ENCRYPTED",
    "RDS_INSTANCE_PUBLIC_ACCESS_CHECK",
    "RDS_CLUSTER_DELETION_PROTECTION_ENABLED",
    "DYNAMODB_PITR_ENABLED",
    "EKS_SECRETS_ENCRYPTED",
    "ENCRYPTED_VOLUMES",
    "VPC_DEFAULT_SECURITY_GROUP_CLOSED",
    "VPC_FLOW_LOGS_ENABLED",
    "CMK_BACKING_KEY_ROTATION_ENABLED",
    "IAM_USER_NO_POLICIES_CHECK",
    "ROOT_ACCOUNT_MFA_ENABLED",
  ]
}

resource "aws_iam_role" "config" {
  count = var.config == null ? 0 : 1

  name = "${var.name}-config-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "config.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "config" {
  count = var.config == null ? 0 : 1

  role       = aws_iam_role.config[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWS_ConfigRole"
}

resource "aws_config_configuration_recorder" "this" {
  count = var.config == null ? 0 : 1

  #checkov:skip=CKV2_AWS_48:global resources are noted once, in the region that says so
  name     = var.name
  role_arn = aws_iam_role.config[0].arn

  recording_group {
    all_supported                 = true
    include_global_resource_types = var.config.global
  }
}

resource "aws_config_delivery_channel" "this" {
  count = var.config == null ? 0 : 1

  name           = var.name
  s3_bucket_name = var.config.bucket
  depends_on     = [aws_config_configuration_recorder.this]
}

resource "aws_config_configuration_recorder_status" "this" {
  count = var.config == null ? 0 : 1

  name       = aws_config_configuration_recorder.this[0].name
  is_enabled = true
  depends_on = [aws_config_delivery_channel.this]
}

resource "aws_config_config_rule" "this" {
  for_each = toset(local.rules)

  name = lower(replace(each.key, "_", "-"))

  source {
    owner             = "AWS"
    source_identifier = each.key
  }

  depends_on = [aws_config_configuration_recorder.this]
}
