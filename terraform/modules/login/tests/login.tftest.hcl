mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name          = "cloudeats-test"
  domain_prefix = "cloudeats-test"
  callback_urls = ["https://www.cloudeats.example/"]
}

run "browsers_keep_no_secret_and_tokens_are_short" {
  assert {
    condition     = !aws_cognito_user_pool_client.web.generate_secret && aws_cognito_user_pool_client.web.allowed_oauth_flows == toset(["code"]) && aws_cognito_user_pool_client.web.access_token_validity == 15
    error_message = "Code with PKCE, fifteen minutes."
  }
}

run "long_passwords_and_a_second_factor" {
  assert {
    condition     = aws_cognito_user_pool.this.password_policy[0].minimum_length == 12 && aws_cognito_user_pool.this.mfa_configuration == "OPTIONAL"
    error_message = "Twelve characters, of any kind."
  }
}

run "an_address_without_tls_is_refused" {
  command = plan

  variables {
    callback_urls = ["http://www.cloudeats.example/"]
  }

  expect_failures = [var.callback_urls]
}
