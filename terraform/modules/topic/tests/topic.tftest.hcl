mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name     = "cloudeats-test"
  key_arn  = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  services = ["cloudwatch.amazonaws.com"]
  mail     = ["on-call@cloudeats.example"]
}

run "services_of_this_account_tell_and_people_hear" {
  assert {
    condition     = jsondecode(aws_sns_topic_policy.this.policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333" && aws_sns_topic.this.kms_master_key_id == var.key_arn
    error_message = "This account, our key."
  }

  assert {
    condition     = aws_sns_topic_subscription.mail["on-call@cloudeats.example"].protocol == "email"
    error_message = "By mail."
  }
}

run "a_principal_that_is_no_service_is_refused" {
  command = plan

  variables {
    services = ["*"]
  }

  expect_failures = [var.services]
}
