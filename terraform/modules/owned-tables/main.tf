# The provider does not know strong consistency across regions in 5.100; CloudFormation does (ADR 0028).

locals {
  tables = { cells = "cell", order_receipts = "order_id" }

  resources = { for name, key in local.tables : join("", [for word in split("_", name) : title(word)]) => {
    Type                = "AWS::DynamoDB::GlobalTable"
    DeletionPolicy      = "Retain"
    UpdateReplacePolicy = "Retain"
    Properties = merge(
      {
        TableName              = "${var.prefix}${name}"
        BillingMode            = "PAY_PER_REQUEST"
        AttributeDefinitions   = [{ AttributeName = key, AttributeType = "S" }]
        KeySchema              = [{ AttributeName = key, KeyType = "HASH" }]
        MultiRegionConsistency = "STRONG"
        SSESpecification       = { SSEEnabled = true, SSEType = "KMS" }
        Replicas = [for region, key_arn in var.keys : {
          Region                           = region
          DeletionProtectionEnabled        = true
          PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled = true }
          SSESpecification                 = { KMSMasterKeyId = key_arn }
        }]
      },
      length(var.keys) == 2 ? { GlobalTableWitnesses = [{ Region = var.witness }] } : {},
    )
  } }
}

resource "aws_cloudformation_stack" "this" {
  #checkov:skip=CKV_AWS_124:Terraform waits for the stack and fails with it
  name       = "${var.name}-owned-tables"
  on_failure = "DO_NOTHING"

  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Description              = "Tables whose conditions hold in all regions"
    Resources                = local.resources
  })

  lifecycle {
    precondition {
      condition     = length(var.keys) == 3 || !contains(keys(var.keys), var.witness)
      error_message = "The witness is a third region."
    }
  }
}
