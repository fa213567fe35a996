data "aws_caller_identity" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  arn     = "arn:aws:cloudtrail:${var.region}:${local.account}:trail/${var.name}"
}

module "bucket" {
  source = "../bucket"

  name          = var.bucket
  key_arn       = var.key_arn
  expire_days   = var.keep_days
  force_destroy = var.force_destroy

  statements = jsonencode([
    {
      Sid       = "Look"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:GetBucketAcl"
      Resource  = "{bucket}"
      Condition = { StringEquals = { "aws:SourceArn" = local.arn } }
    },
    {
      Sid       = "Write"
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "{bucket}/AWSLogs/${local.account}/*"
      Condition = { StringEquals = { "aws:SourceArn" = local.arn } }
    },
  ])
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:GuardDuty reads the trail and tells; nobody waits for its files
  #checkov:skip=CKV2_AWS_10:kept in the bucket for a year and read by Athena; a copy in CloudWatch would cost more than the rest
  name                          = var.name
  s3_bucket_name                = module.bucket.name
  kms_key_id                    = var.key_arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
}
