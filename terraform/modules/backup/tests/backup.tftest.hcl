mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name    = "cloudeats-test"
  region  = "us-east-1"
  key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "each_day_is_kept_fourteen_days_and_cannot_be_deleted_before" {
  assert {
    condition     = one(one(aws_backup_plan.this.rule).lifecycle).delete_after == 14 && aws_backup_vault_lock_configuration.this.min_retention_days == 14 && aws_backup_vault.this.kms_key_arn == var.key_arn
    error_message = "Fourteen days, locked, under our key."
  }
}

run "a_restore_is_tried_every_month" {
  variables {
    subnet_group = { name = "cloudeats-test-east", security_group_id = "sg-0123456789abcdef0" }
  }

  assert {
    condition     = aws_backup_restore_testing_plan.this[0].schedule_expression == "cron(0 9 1 * ? *)" && aws_backup_restore_testing_selection.aurora[0].protected_resource_type == "Aurora"
    error_message = "On the first."
  }
}

run "a_week_is_refused" {
  command = plan

  variables {
    keep_days = 7
  }

  expect_failures = [var.keep_days]
}
