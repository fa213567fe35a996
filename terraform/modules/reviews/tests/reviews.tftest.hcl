mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "cloudeats-test-reviews"
  subnet_ids        = ["subnet-a", "subnet-b"]
  security_group_id = "sg-0123456789abcdef0"
  key_arn           = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "documents_are_encrypted_and_the_password_is_amazons" {
  assert {
    condition     = aws_docdb_cluster.this.storage_encrypted && aws_docdb_cluster.this.manage_master_user_password && one([for p in aws_docdb_cluster_parameter_group.this.parameter : p.value if p.name == "tls"]) == "tls1.2+"
    error_message = "Our key, no password of ours, TLS."
  }
}

run "no_instance_is_refused" {
  command = plan

  variables {
    instances = 0
  }

  expect_failures = [var.instances]
}
