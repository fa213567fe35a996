mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name   = "cloudeats-test"
  prefix = "prod-"
  keys = {
    "us-east-1" = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
    "us-west-2" = "arn:aws:kms:us-west-2:111122223333:key/11111111-1111-1111-1111-111111111111"
  }
}

run "cells_and_receipts_are_strongly_consistent_across_regions" {
  assert {
    condition     = keys(jsondecode(aws_cloudformation_stack.this.template_body).Resources) == ["Cells", "OrderReceipts"]
    error_message = "Two tables."
  }

  assert {
    condition = alltrue([for t in values(jsondecode(aws_cloudformation_stack.this.template_body).Resources) :
      t.Properties.MultiRegionConsistency == "STRONG" && [for r in t.Properties.Replicas : r.Region] == ["us-east-1", "us-west-2"] && t.Properties.GlobalTableWitnesses[0].Region == "us-east-2"
    ])
    error_message = "Two regions and a witness."
  }

  assert {
    condition     = alltrue([for t in values(jsondecode(aws_cloudformation_stack.this.template_body).Resources) : t.DeletionPolicy == "Retain" && alltrue([for r in t.Properties.Replicas : r.DeletionProtectionEnabled && r.SSESpecification.KMSMasterKeyId == var.keys[r.Region]])])
    error_message = "Kept, and under the key of each region."
  }
}

run "three_regions_need_no_witness" {
  variables {
    keys = {
      "us-east-1" = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
      "us-east-2" = "arn:aws:kms:us-east-2:111122223333:key/22222222-2222-2222-2222-222222222222"
      "us-west-2" = "arn:aws:kms:us-west-2:111122223333:key/11111111-1111-1111-1111-111111111111"
    }
  }

  assert {
    condition     = !can(jsondecode(aws_cloudformation_stack.this.template_body).Resources.Cells.Properties.GlobalTableWitnesses)
    error_message = "Three replicas vote by themselves."
  }
}

run "a_witness_that_is_a_replica_is_refused" {
  command = plan

  variables {
    witness = "us-west-2"
  }

  expect_failures = [aws_cloudformation_stack.this]
}

run "a_region_outside_the_set_is_refused" {
  command = plan

  variables {
    keys = {
      "us-east-1"      = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
      "ap-northeast-2" = "arn:aws:kms:ap-northeast-2:111122223333:key/11111111-1111-1111-1111-111111111111"
    }
  }

  expect_failures = [var.keys]
}
