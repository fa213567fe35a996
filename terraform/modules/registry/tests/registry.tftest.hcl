mock_provider "aws" {
  source = "../../mocks"
}

variables {
  key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "images_are_scanned_never_changed_and_encrypted" {
  assert {
    condition     = alltrue([for r in aws_ecr_repository.this : r.image_scanning_configuration[0].scan_on_push && r.image_tag_mutability == "IMMUTABLE" && r.encryption_configuration[0].kms_key == var.key_arn])
    error_message = "OPS-12."
  }

  assert {
    condition     = length(aws_ecr_repository.this) == 8 && contains(keys(aws_ecr_repository.this), "orders")
    error_message = "Seven services and the operator's command."
  }
}

run "old_images_go_and_fifty_stay" {
  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.this["orders"].policy).rules[1].selection.countNumber == 50
    error_message = "Fifty."
  }
}

run "the_other_region_has_them_too" {
  variables {
    regions = ["us-west-2"]
  }

  assert {
    condition     = one(one(aws_ecr_replication_configuration.this[0].replication_configuration).rule).destination[0].region == "us-west-2"
    error_message = "A copy in us-west-2."
  }
}

run "too_few_to_go_back_is_refused" {
  command = plan

  variables {
    keep = 1
  }

  expect_failures = [var.keep]
}
