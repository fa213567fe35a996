resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_rds_cluster_parameter_group" "this" {
  name   = var.name
  family = "aurora-postgresql${split(".", var.engine_version)[0]}"

  dynamic "parameter" {
    for_each = {
      "rds.force_ssl"              = "1"
      "log_min_duration_statement" = "500"
      "log_connections"            = "1"
      "log_disconnections"         = "1"
      "log_statement"              = "ddl"
    }
    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_rds_cluster" "this" {
  #checkov:skip=CKV_AWS_139:on by default, off for trials
  #checkov:skip=CKV2_AWS_27:slow statements and changes of tables are logged; the text of every statement would hold personal data
  #checkov:skip=CKV_AWS_162:roles of services sign in by password, which Secrets Manager keeps; IAM tokens last 15 minutes, pools 30
  #checkov:skip=CKV2_AWS_8:the module backup selects clusters by tag
  #checkov:skip=CKV_AWS_326:Aurora PostgreSQL has no backtrack
  cluster_identifier        = var.name
  global_cluster_identifier = var.global_cluster_id
  engine                    = "aurora-postgresql"
  engine_mode               = "provisioned"
  engine_version            = var.engine_version

  master_username            = var.primary ? "cloudeats" : null
  master_password_wo         = var.primary ? var.master_password : null
  master_password_wo_version = var.primary ? var.master_password_version : null

  db_subnet_group_name            = aws_db_subnet_group.this.name
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.this.name
  vpc_security_group_ids          = [var.security_group_id]
  port                            = 5432

  storage_encrypted               = true
  kms_key_id                      = var.key_arn
  enabled_cloudwatch_logs_exports = ["postgresql"]

  backup_retention_period   = var.backup_days
  preferred_backup_window   = "08:00-09:00"
  copy_tags_to_snapshot     = true
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = !var.deletion_protection
  final_snapshot_identifier = var.deletion_protection ? "${var.name}-last" : null

  dynamic "serverlessv2_scaling_configuration" {
    for_each = var.instance_class == "db.serverless" ? [var.units] : []
    content {
      min_capacity = serverlessv2_scaling_configuration.value.min
      max_capacity = serverlessv2_scaling_configuration.value.max
    }
  }

  tags = { Name = var.name, Backup = "daily" }

  # A failover changes who copies from whom; Terraform must not change it back.
  lifecycle {
    ignore_changes = [replication_source_identifier, global_cluster_identifier]
  }
}


resource "aws_iam_role" "monitoring" {
  name = "${var.name}-monitoring"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_rds_cluster_instance" "this" {
  count = var.instances

  identifier                      = "${var.name}-${count.index + 1}"
  cluster_identifier              = aws_rds_cluster.this.id
  engine                          = aws_rds_cluster.this.engine
  engine_version                  = var.engine_version
  instance_class                  = var.instance_class
  db_subnet_group_name            = aws_db_subnet_group.this.name
  publicly_accessible             = false
  auto_minor_version_upgrade      = true
  monitoring_interval             = 30
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  performance_insights_enabled    = true
  performance_insights_kms_key_id = var.key_arn
  # The first reader takes over first.
  promotion_tier = min(count.index, 15)
}
