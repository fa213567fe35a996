mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name    = "cloudeats-test-images"
  key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "nobody_outside_can_read" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "All four locks against the public are closed."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Effect == "Deny" && jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "Nothing without TLS."
  }
}

run "objects_are_encrypted_under_our_key_and_keep_their_versions" {
  assert {
    condition = one([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      one(rule.apply_server_side_encryption_by_default).sse_algorithm == "aws:kms" && one(rule.apply_server_side_encryption_by_default).kms_master_key_id == var.key_arn
    ])
    error_message = "KMS, with the key that was given."
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled"
    error_message = "Versions."
  }

  assert {
    condition     = length(aws_s3_bucket_replication_configuration.this) == 0
    error_message = "No copy unless asked for."
  }
}

run "a_copy_is_encrypted_where_it_lands" {
  variables {
    copy_to = {
      bucket_arn = "arn:aws:s3:::cloudeats-test-images-west"
      key_arn    = "arn:aws:kms:us-west-2:111122223333:key/11111111-1111-1111-1111-111111111111"
    }
  }

  assert {
    condition = one([for rule in aws_s3_bucket_replication_configuration.this[0].rule :
      one(one(rule.destination).encryption_configuration).replica_kms_key_id == var.copy_to.key_arn
    ])
    error_message = "With the key of its region."
  }
}

run "logs_of_load_balancers_use_amazons_key_and_expire" {
  variables {
    key_arn     = null
    expire_days = 30
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : one(rule.apply_server_side_encryption_by_default).sse_algorithm]) == "AES256"
    error_message = "Still encrypted."
  }

  assert {
    condition     = one(one(aws_s3_bucket_lifecycle_configuration.this.rule).expiration).days == 30
    error_message = "Gone after thirty days."
  }
}

run "what_is_said_of_the_bucket_names_it" {
  variables {
    statements = "[{\"Sid\":\"Read\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"cloudfront.amazonaws.com\"},\"Action\":\"s3:GetObject\",\"Resource\":\"{bucket}/*\"}]"
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this.policy).Statement[1].Resource == "${aws_s3_bucket.this.arn}/*"
    error_message = "The statement speaks of this bucket."
  }
}

run "a_name_that_s3_does_not_take_is_refused" {
  command = plan

  variables {
    name = "Images_1"
  }

  expect_failures = [var.name]
}
