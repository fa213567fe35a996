mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name      = "cloudeats"
  region    = "us-east-1"
  topic_arn = "arn:aws:sns:us-east-1:111122223333:alarms"
}

run "findings_of_weight_are_told" {
  assert {
    condition     = aws_guardduty_detector.this.enable && aws_cloudwatch_event_target.finding.arn == var.topic_arn
    error_message = "From GuardDuty to the alarms."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.finding.event_pattern).detail.severity[0].numeric[1] == 7
    error_message = "High ones."
  }
}

run "rules_watch_what_must_not_drift" {
  variables {
    config = { bucket = "cloudeats-config", global = true }
  }

  assert {
    condition     = contains(keys(aws_config_config_rule.this), "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED") && contains(keys(aws_config_config_rule.this), "RDS_STORAGE_ENCRYPTED")
    error_message = "Public buckets and plain databases are found."
  }

  assert {
    condition     = aws_config_configuration_recorder_status.this[0].is_enabled
    error_message = "The recorder runs."
  }
}

run "all_can_be_left_out_but_guardduty" {
  variables {
    security_hub    = false
    access_analyzer = false
  }

  assert {
    condition     = length(aws_securityhub_account.this) == 0 && length(aws_accessanalyzer_analyzer.this) == 0 && length(aws_config_config_rule.this) == 0
    error_message = "Left out."
  }
}
