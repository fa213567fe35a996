# Reviews for who wants to search them as documents, fed by export. Inventory's PostgreSQL keeps the truth.

resource "aws_docdb_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_docdb_cluster_parameter_group" "this" {
  name   = var.name
  family = "docdb5.0"

  parameter {
    name  = "tls"
    value = "tls1.2+"
  }

  parameter {
    name  = "audit_logs"
    value = "enabled"
  }
}

resource "aws_docdb_cluster" "this" {
  cluster_identifier              = var.name
  engine                          = "docdb"
  engine_version                  = "5.0.0"
  master_username                 = "cloudeats"
  manage_master_user_password     = true
  db_subnet_group_name            = aws_docdb_subnet_group.this.name
  db_cluster_parameter_group_name = aws_docdb_cluster_parameter_group.this.name
  vpc_security_group_ids          = [var.security_group_id]
  storage_encrypted               = true
  kms_key_id                      = var.key_arn
  backup_retention_period         = 7
  enabled_cloudwatch_logs_exports = ["audit", "profiler"]
  deletion_protection             = true
  final_snapshot_identifier       = "${var.name}-last"
}

resource "aws_docdb_cluster_instance" "this" {
  count = var.instances

  identifier                 = "${var.name}-${count.index + 1}"
  cluster_identifier         = aws_docdb_cluster.this.id
  instance_class             = "db.t4g.medium"
  auto_minor_version_upgrade = true
}
