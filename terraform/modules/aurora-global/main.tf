locals {
  id = "${var.name}-${var.cell}"
}

resource "aws_rds_global_cluster" "this" {
  provider = aws.home

  global_cluster_identifier = local.id
  engine                    = "aurora-postgresql"
  engine_version            = var.engine_version
  storage_encrypted         = true
  deletion_protection       = var.deletion_protection

  lifecycle {
    precondition {
      condition     = var.standby == null || try(var.standby.region != var.home.region, true)
      error_message = "The copy of cell ${var.cell} is in another region than its home."
    }
  }
}

module "home" {
  source    = "../aurora"
  providers = { aws = aws.home }

  name                = "${local.id}-${var.home.region}"
  global_cluster_id   = aws_rds_global_cluster.this.id
  primary             = true
  engine_version      = var.engine_version
  subnet_ids          = var.home.subnet_ids
  security_group_id   = var.home.security_group_id
  key_arn             = var.home.key_arn
  instances           = var.instances
  instance_class      = var.instance_class
  units               = var.units
  master_password     = var.master_password
  deletion_protection = var.deletion_protection
}

module "standby" {
  source    = "../aurora"
  count     = var.standby == null ? 0 : 1
  providers = { aws = aws.standby }

  name                = "${local.id}-${var.standby.region}"
  global_cluster_id   = aws_rds_global_cluster.this.id
  primary             = false
  engine_version      = var.engine_version
  subnet_ids          = var.standby.subnet_ids
  security_group_id   = var.standby.security_group_id
  key_arn             = var.standby.key_arn
  instances           = 1
  instance_class      = var.instance_class
  units               = var.units
  deletion_protection = var.deletion_protection

  # AWS takes a copy only of a writer that is there.
  depends_on = [module.home]
}
