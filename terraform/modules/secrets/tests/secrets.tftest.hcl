mock_provider "aws" {
  source = "../../mocks"
}

variables {
  prefix  = "cloudeats/test"
  key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  secrets = { "orders/database" = "CE_DATABASE_URL", "orders/cursor-key" = "CE_CURSOR_KEY" }
}

run "secrets_are_places_under_our_key" {
  assert {
    condition     = alltrue([for s in aws_secretsmanager_secret.this : s.kms_key_id == var.key_arn && s.recovery_window_in_days == 30])
    error_message = "Encrypted, and called back within thirty days."
  }

  assert {
    condition     = aws_secretsmanager_secret.this["orders/database"].name == "cloudeats/test/orders/database"
    error_message = "The name that External Secrets asks for."
  }
}

run "passwords_can_turn_by_themselves" {
  variables {
    rotation = { lambda_arn = "arn:aws:lambda:us-east-1:111122223333:function:rotate", days = 30, names = ["orders/database"] }
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.this["orders/database"].rotation_rules[0].automatically_after_days == 30
    error_message = "Every thirty days."
  }
}

run "a_password_that_turns_once_a_year_is_refused" {
  command = plan

  variables {
    rotation = { lambda_arn = "arn:aws:lambda:us-east-1:111122223333:function:rotate", days = 365, names = ["orders/database"] }
  }

  expect_failures = [var.rotation]
}

run "a_secret_of_nobody_is_refused" {
  command = plan

  variables {
    secrets = { "password" = "whose" }
  }

  expect_failures = [var.secrets]
}
