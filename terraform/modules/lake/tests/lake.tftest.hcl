mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name    = "cloudeats-test"
  region  = "us-east-1"
  bucket  = { name = "cloudeats-test-lake", arn = "arn:aws:s3:::cloudeats-test-lake" }
  key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "a_query_cannot_read_without_end_and_its_answer_is_encrypted" {
  assert {
    condition     = aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 107374182400 && aws_athena_workgroup.this.configuration[0].result_configuration[0].encryption_configuration[0].kms_key_arn == var.key_arn
    error_message = "100 GiB, our key."
  }
}

run "events_are_found_by_producer_and_day" {
  assert {
    condition     = [for k in aws_glue_catalog_table.events.partition_keys : k.name] == ["source", "day"] && aws_glue_catalog_table.events.parameters["storage.location.template"] == "s3://cloudeats-test-lake/events/source=$${source}/day=$${day}/"
    error_message = "Folders of days."
  }
}

run "a_warehouse_is_private" {
  variables {
    warehouse = { units = 8, subnet_ids = ["subnet-a", "subnet-b", "subnet-c"], security_group_id = "sg-1" }
  }

  assert {
    condition     = !aws_redshiftserverless_workgroup.this[0].publicly_accessible && aws_redshiftserverless_workgroup.this[0].max_capacity == 32
    error_message = "Inside, and bounded."
  }
}

run "no_bytes_at_all_is_refused" {
  command = plan

  variables {
    query_gib_max = 0
  }

  expect_failures = [var.query_gib_max]
}
