# Road network and "bought together", fed by export. What is in it can be made again from PostgreSQL.

resource "aws_neptune_global_cluster" "this" {
  provider = aws.home

  global_cluster_identifier = var.name
  engine                    = "neptune"
  engine_version            = "1.4.1.0"
  storage_encrypted         = true
  deletion_protection       = false

  lifecycle {
    precondition {
      condition     = var.standby == null || try(var.standby.region != var.home.region, true)
      error_message = "The copy is in another region than its home."
    }
  }
}

resource "aws_neptune_subnet_group" "home" {
  provider = aws.home

  name       = var.name
  subnet_ids = var.home.subnet_ids
}

resource "aws_neptune_cluster" "home" {
  provider = aws.home

  #checkov:skip=CKV2_AWS_58:made again by export, so nothing is lost with it
  cluster_identifier                   = "${var.name}-${var.home.region}"
  global_cluster_identifier            = aws_neptune_global_cluster.this.id
  engine                               = "neptune"
  engine_version                       = aws_neptune_global_cluster.this.engine_version
  neptune_cluster_parameter_group_name = "default.neptune1.4"
  neptune_subnet_group_name            = aws_neptune_subnet_group.home.name
  vpc_security_group_ids               = [var.home.security_group_id]
  storage_encrypted                    = true
  kms_key_arn                          = var.home.key_arn
  iam_database_authentication_enabled  = true
  backup_retention_period              = 7
  copy_tags_to_snapshot                = true
  enable_cloudwatch_logs_exports       = ["audit"]
  skip_final_snapshot                  = true

  serverless_v2_scaling_configuration {
    min_capacity = var.units.min
    max_capacity = var.units.max
  }
}

resource "aws_neptune_cluster_instance" "home" {
  provider = aws.home

  identifier                 = "${var.name}-${var.home.region}"
  cluster_identifier         = aws_neptune_cluster.home.id
  instance_class             = "db.serverless"
  auto_minor_version_upgrade = true
}

resource "aws_neptune_subnet_group" "standby" {
  provider = aws.standby
  count    = var.standby == null ? 0 : 1

  name       = "${var.name}-copy"
  subnet_ids = var.standby.subnet_ids
}

resource "aws_neptune_cluster" "standby" {
  provider = aws.standby
  count    = var.standby == null ? 0 : 1

  #checkov:skip=CKV2_AWS_58:made again by export, so nothing is lost with it
  cluster_identifier                   = "${var.name}-${var.standby.region}"
  global_cluster_identifier            = aws_neptune_global_cluster.this.id
  engine                               = "neptune"
  engine_version                       = aws_neptune_global_cluster.this.engine_version
  neptune_cluster_parameter_group_name = "default.neptune1.4"
  neptune_subnet_group_name            = aws_neptune_subnet_group.standby[0].name
  vpc_security_group_ids               = [var.standby.security_group_id]
  storage_encrypted                    = true
  kms_key_arn                          = var.standby.key_arn
  iam_database_authentication_enabled  = true
  backup_retention_period              = 7
  copy_tags_to_snapshot                = true
  enable_cloudwatch_logs_exports       = ["audit"]
  skip_final_snapshot                  = true

  serverless_v2_scaling_configuration {
    min_capacity = var.units.min
    max_capacity = var.units.max
  }

  lifecycle {
    ignore_changes = [replication_source_identifier]
  }

  # AWS takes a copy only of a writer that is there.
  depends_on = [aws_neptune_cluster_instance.home]
}

resource "aws_neptune_cluster_instance" "standby" {
  provider = aws.standby
  count    = var.standby == null ? 0 : 1

  identifier                 = "${var.name}-${var.standby.region}"
  cluster_identifier         = aws_neptune_cluster.standby[0].id
  instance_class             = "db.serverless"
  auto_minor_version_upgrade = true
}
