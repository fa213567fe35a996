mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "cloudeats-test/data"
  description = "Stores"
  region      = "us-east-1"
}

run "a_key_turns_and_can_be_called_back" {
  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "Rotation, and thirty days."
  }

  assert {
    condition     = length(jsondecode(aws_kms_key.this.policy).Statement) == 1
    error_message = "Nobody but the account."
  }
}

run "services_use_it_for_this_account_only" {
  variables {
    services = ["sns.amazonaws.com", "events.amazonaws.com"]
    logs     = true
  }

  assert {
    condition     = [for s in jsondecode(aws_kms_key.this.policy).Statement : s.Sid] == ["Account", "Services", "Logs"]
    error_message = "Three statements."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "Services act for this account."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[2].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:us-east-1:111122223333:*"
    error_message = "Logs of this region and account."
  }
}

run "a_principal_that_is_no_service_is_refused" {
  command = plan

  variables {
    services = ["*"]
  }

  expect_failures = [var.services]
}
