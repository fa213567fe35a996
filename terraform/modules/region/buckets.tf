# Logs of load balancers, flows of the accelerator, reads of buckets. They can be written with Amazon's key only.
module "logs" {
  source = "../bucket"

  name          = "${var.name}-${local.account}-logs"
  expire_days   = var.size.log_days
  force_destroy = !var.protected

  statements = jsonencode([
    {
      Sid       = "LoadBalancer"
      Effect    = "Allow"
      Principal = { AWS = data.aws_elb_service_account.this.arn }
      Action    = "s3:PutObject"
      Resource  = "{bucket}/alb/AWSLogs/${local.account}/*"
    },
    {
      Sid       = "Delivery"
      Effect    = "Allow"
      Principal = { Service = ["delivery.logs.amazonaws.com", "logdelivery.elasticloadbalancing.amazonaws.com", "logging.s3.amazonaws.com"] }
      Action    = "s3:PutObject"
      Resource  = "{bucket}/*"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    },
    {
      Sid       = "DeliveryLooks"
      Effect    = "Allow"
      Principal = { Service = "delivery.logs.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = "{bucket}"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    },
  ])
}

# Pictures of items and documents, the same in both regions.
module "media" {
  source = "../bucket"

  name          = "${var.name}-${local.account}-media"
  key_arn       = module.key["data"].arn
  tiering       = true
  log_bucket    = { name = module.logs.name }
  copy_to       = var.media_copy_to
  force_destroy = !var.protected
}

module "events_lake" {
  source = "../bucket"
  count  = var.features.lake ? 1 : 0

  name          = "${var.name}-${local.account}-lake"
  key_arn       = module.key["data"].arn
  tiering       = true
  log_bucket    = { name = module.logs.name }
  force_destroy = !var.protected
}

module "lake" {
  source = "../lake"
  count  = var.features.lake ? 1 : 0

  name    = var.name
  region  = var.region
  bucket  = { name = module.events_lake[0].name, arn = module.events_lake[0].arn }
  key_arn = module.key["data"].arn

  warehouse = !var.features.warehouse ? null : {
    units             = 8
    subnet_ids        = module.network.store_subnet_ids
    security_group_id = module.network.security_group_ids.postgres
  }
}
