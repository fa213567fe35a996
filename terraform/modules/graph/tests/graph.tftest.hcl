mock_provider "aws" {
  alias  = "east"
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "west"
  source = "../../mocks"
}

variables {
  name = "cloudeats-test-graph"
  home = {
    region            = "us-east-1"
    subnet_ids        = ["subnet-a", "subnet-b"]
    security_group_id = "sg-0123456789abcdef0"
    key_arn           = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  }
}

run "it_is_encrypted_and_asks_for_a_name" {
  providers = {
    aws.home    = aws.east
    aws.standby = aws.west
  }

  assert {
    condition     = aws_neptune_cluster.home.storage_encrypted && aws_neptune_cluster.home.iam_database_authentication_enabled && length(aws_neptune_cluster.standby) == 0
    error_message = "Our key, IAM, one region."
  }
}

run "a_copy_is_in_another_region" {
  providers = {
    aws.home    = aws.east
    aws.standby = aws.west
  }

  variables {
    standby = {
      region            = "us-west-2"
      subnet_ids        = ["subnet-c", "subnet-d"]
      security_group_id = "sg-0123456789abcdef1"
      key_arn           = "arn:aws:kms:us-west-2:111122223333:key/11111111-1111-1111-1111-111111111111"
    }
  }

  assert {
    condition     = aws_neptune_cluster.standby[0].kms_key_arn == var.standby.key_arn && keys(output.endpoints) == ["us-east-1", "us-west-2"]
    error_message = "Under the key of its region."
  }
}
