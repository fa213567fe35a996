resource "aws_redshiftserverless_namespace" "this" {
  count = var.warehouse == null ? 0 : 1

  namespace_name        = var.name
  db_name               = "lake"
  manage_admin_password = true
  kms_key_id            = var.key_arn
  iam_roles             = [aws_iam_role.warehouse[0].arn]
  log_exports           = ["userlog", "connectionlog", "useractivitylog"]
}

resource "aws_redshiftserverless_workgroup" "this" {
  count = var.warehouse == null ? 0 : 1

  workgroup_name       = var.name
  namespace_name       = aws_redshiftserverless_namespace.this[0].namespace_name
  base_capacity        = var.warehouse.units
  max_capacity         = var.warehouse.units * 4
  publicly_accessible  = false
  enhanced_vpc_routing = true
  subnet_ids           = var.warehouse.subnet_ids
  security_group_ids   = [var.warehouse.security_group_id]

  config_parameter {
    parameter_key   = "require_ssl"
    parameter_value = "true"
  }
}

resource "aws_iam_role" "warehouse" {
  count = var.warehouse == null ? 0 : 1

  name = "${var.name}-warehouse-${var.region}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "redshift-serverless.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "warehouse" {
  count = var.warehouse == null ? 0 : 1

  name = "read"
  role = aws_iam_role.warehouse[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = [var.bucket.arn, "${var.bucket.arn}/events/*"] },
      { Effect = "Allow", Action = ["kms:Decrypt"], Resource = var.key_arn },
      {
        Effect   = "Allow"
        Action   = ["glue:GetDatabase", "glue:GetTable", "glue:GetPartitions"]
        Resource = [replace(aws_glue_catalog_database.this.arn, "/:database.*/", ":catalog"), aws_glue_catalog_database.this.arn, aws_glue_catalog_table.events.arn]
      },
    ]
  })
}
