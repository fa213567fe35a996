mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name    = "cloudeats"
  region  = "us-east-1"
  bucket  = "cloudeats-trail-111122223333"
  key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "it_sees_all_regions_and_cannot_be_rewritten_unseen" {
  assert {
    condition     = aws_cloudtrail.this.is_multi_region_trail && aws_cloudtrail.this.enable_log_file_validation && aws_cloudtrail.this.kms_key_id == var.key_arn
    error_message = "All regions, signed digests, our key."
  }
}

run "less_than_a_year_is_refused" {
  command = plan

  variables {
    keep_days = 30
  }

  expect_failures = [var.keep_days]
}
