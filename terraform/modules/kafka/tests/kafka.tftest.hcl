mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "cloudeats-test"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-0123456789abcdef0"
  key_arn           = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  logs_key_arn      = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111"
}

run "nobody_speaks_without_tls_and_a_name" {
  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_in_transit[0].client_broker == "TLS" && !aws_msk_cluster.this.client_authentication[0].unauthenticated && aws_msk_cluster.this.client_authentication[0].sasl[0].iam
    error_message = "TLS and IAM."
  }

  assert {
    condition     = aws_msk_cluster.this.encryption_info[0].encryption_at_rest_kms_key_arn == var.key_arn
    error_message = "Our key."
  }
}

run "an_acknowledged_event_is_on_two_of_three_brokers" {
  assert {
    condition     = length(setsubtract(["min.insync.replicas=2", "default.replication.factor=3", "unclean.leader.election.enable=false"], split("\n", aws_msk_configuration.this.server_properties))) == 0
    error_message = "Two replicas in sync, three in all, no unclean leader."
  }
}

run "a_broker_makes_a_topic_as_the_services_would" {
  assert {
    condition     = length(setsubtract(["auto.create.topics.enable=true", "num.partitions=16", "default.replication.factor=3"], split("\n", aws_msk_configuration.this.server_properties))) == 0
    error_message = "Made when asked about, of sixteen partitions with three replicas."
  }
}

run "rules_of_devices_sign_in_by_password" {
  variables {
    iot_secret = { arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:AmazonMSK_iot" }
  }

  assert {
    condition     = aws_msk_cluster.this.client_authentication[0].sasl[0].scram && length(aws_msk_scram_secret_association.iot) == 1
    error_message = "SCRAM beside IAM."
  }
}

run "two_brokers_are_refused" {
  command = plan

  variables {
    subnet_ids = ["subnet-a", "subnet-b"]
  }

  expect_failures = [var.subnet_ids]
}
