mock_provider "aws" {
  alias  = "east"
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "west"
  source = "../../mocks"
}

variables {
  name            = "cloudeats-test"
  cell            = "east"
  master_password = "only-for-a-mock"
  home = {
    region            = "us-east-1"
    subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
    security_group_id = "sg-0123456789abcdef0"
    key_arn           = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  }
  standby = {
    region            = "us-west-2"
    subnet_ids        = ["subnet-d", "subnet-e", "subnet-f"]
    security_group_id = "sg-0123456789abcdef1"
    key_arn           = "arn:aws:kms:us-west-2:111122223333:key/11111111-1111-1111-1111-111111111111"
  }
}

run "a_cell_has_a_writer_at_home_and_a_copy_elsewhere" {
  providers = {
    aws.home    = aws.east
    aws.standby = aws.west
  }

  assert {
    condition     = keys(output.cluster_ids) == ["us-east-1", "us-west-2"]
    error_message = "Two regions."
  }

  assert {
    condition     = aws_rds_global_cluster.this.storage_encrypted && aws_rds_global_cluster.this.deletion_protection
    error_message = "Encrypted, and not deleted by mistake."
  }
}

run "a_trial_has_no_copy" {
  providers = {
    aws.home    = aws.east
    aws.standby = aws.east
  }

  variables {
    standby             = null
    deletion_protection = false
  }

  assert {
    condition     = length(module.standby) == 0 && keys(output.endpoints) == ["us-east-1"]
    error_message = "One region."
  }
}

run "a_copy_at_home_is_refused" {
  command = plan

  providers = {
    aws.home    = aws.east
    aws.standby = aws.east
  }

  variables {
    standby = {
      region            = "us-east-1"
      subnet_ids        = ["subnet-d"]
      security_group_id = "sg-0123456789abcdef1"
      key_arn           = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111"
    }
  }

  expect_failures = [aws_rds_global_cluster.this]
}
