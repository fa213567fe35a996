data "aws_caller_identity" "this" {}

resource "aws_backup_vault" "this" {
  name        = var.name
  kms_key_arn = var.key_arn
}

# Who breaks in can stop new backups; those that are there stay.
resource "aws_backup_vault_lock_configuration" "this" {
  backup_vault_name  = aws_backup_vault.this.name
  min_retention_days = var.keep_days
}

resource "aws_backup_plan" "this" {
  name = var.name

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this.name
    schedule          = "cron(0 6 * * ? *)"

    lifecycle {
      delete_after = var.keep_days
    }
  }
}

resource "aws_iam_role" "this" {
  name = "${var.name}-backup-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "backup.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.this.account_id } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = toset(["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"])

  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/${each.key}"
}

resource "aws_backup_selection" "this" {
  name         = "tagged"
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.this.arn

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "Backup"
    value = "daily"
  }
}

# A backup that was never restored is a hope. Once a month one is, and a day later it is gone again.
resource "aws_backup_restore_testing_plan" "this" {
  count = var.subnet_group == null ? 0 : 1

  name                = "${replace(var.name, "-", "_")}_monthly"
  schedule_expression = "cron(0 9 1 * ? *)"

  recovery_point_selection {
    algorithm             = "LATEST_WITHIN_WINDOW"
    include_vaults        = [aws_backup_vault.this.arn]
    recovery_point_types  = ["SNAPSHOT"]
    selection_window_days = 7
  }
}

resource "aws_backup_restore_testing_selection" "aurora" {
  count = var.subnet_group == null ? 0 : 1

  name                      = "aurora"
  restore_testing_plan_name = aws_backup_restore_testing_plan.this[0].name
  protected_resource_type   = "Aurora"
  iam_role_arn              = aws_iam_role.this.arn
  validation_window_hours   = 24

  protected_resource_conditions {
    string_equals {
      key   = "aws:ResourceTag/Backup"
      value = "daily"
    }
  }

  restore_metadata_overrides = {
    dbSubnetGroupName   = var.subnet_group.name
    vpcSecurityGroupIds = jsonencode([var.subnet_group.security_group_id])
  }
}
