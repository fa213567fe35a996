mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name          = "cloudeats-test"
  domain        = "cloudeats.example"
  zone_id       = "Z0123456789"
  topic_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "letters_are_signed_and_go_over_tls_only" {
  assert {
    condition     = aws_sesv2_configuration_set.this.delivery_options[0].tls_policy == "REQUIRE" && length(aws_route53_record.dkim) == 3 && strcontains(one(aws_route53_record.dmarc.records), "p=reject")
    error_message = "TLS, DKIM, DMARC."
  }
}

run "short_messages_cannot_cost_more_than_allowed" {
  assert {
    condition     = aws_sns_sms_preferences.this.monthly_spend_limit == 1
    error_message = "One dollar until somebody raises it."
  }
}

run "less_than_nothing_is_refused" {
  command = plan

  variables {
    sms_monthly_usd = -1
  }

  expect_failures = [var.sms_monthly_usd]
}
