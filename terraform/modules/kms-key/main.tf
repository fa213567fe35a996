data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  use     = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]

  # Without this statement nobody can change the key any more. Roles need their own permission beside it.
  owner = [{
    Sid       = "Account"
    Effect    = "Allow"
    Principal = { AWS = "arn:aws:iam::${local.account}:root" }
    Action    = ["kms:*"]
    Resource  = "*"
    Condition = {}
  }]

  services = length(var.services) == 0 ? [] : [{
    Sid       = "Services"
    Effect    = "Allow"
    Principal = { Service = sort(var.services) }
    Action    = concat(local.use, ["kms:CreateGrant"])
    Resource  = "*"
    Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
  }]

  logs = !var.logs ? [] : [{
    Sid       = "Logs"
    Effect    = "Allow"
    Principal = { Service = ["logs.${var.region}.amazonaws.com"] }
    Action    = local.use
    Resource  = "*"
    Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${var.region}:${local.account}:*" } }
  }]
}

resource "aws_kms_key" "this" {
  description             = var.description
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in concat(local.owner, local.services, local.logs) : {
      for name, value in statement : name => value if name != "Condition" || length(value) > 0
    }]
  })

}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}
