mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "cloudeats-test"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-0123456789abcdef0"
  key_arn           = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "it_is_encrypted_and_goes_back_fourteen_days" {
  assert {
    condition     = aws_memorydb_cluster.this.tls_enabled && aws_memorydb_cluster.this.kms_key_arn == var.key_arn && aws_memorydb_cluster.this.snapshot_retention_limit == 14
    error_message = "On its way, at rest, and restorable."
  }

  assert {
    condition     = output.url == "rediss://mock.memorydb.us-east-1.amazonaws.com:6379"
    error_message = "An address in the shape of Redis's."
  }
}

run "no_shard_is_refused" {
  command = plan

  variables {
    shards = 0
  }

  expect_failures = [var.shards]
}
