mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                  = "cloudeats-delivery"
  repository            = "cloudeats/direct"
  environments          = ["dev", "prod"]
  state_bucket_arn      = "arn:aws:s3:::cloudeats-state"
  state_key_arn         = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  image_repository_arns = ["arn:aws:ecr:us-east-1:111122223333:repository/cloudeats/orders"]
}

run "a_pull_request_can_plan_and_no_more" {
  assert {
    condition     = jsondecode(aws_iam_role.this["plan"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:cloudeats/direct:pull_request", "repo:cloudeats/direct:ref:refs/heads/main"] && endswith(aws_iam_role_policy_attachment.plan.policy_arn, "/ReadOnlyAccess")
    error_message = "Reads only."
  }
}

run "an_environment_that_was_approved_applies" {
  assert {
    condition     = jsondecode(aws_iam_role.this["apply-prod"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == ["repo:cloudeats/direct:environment:prod"]
    error_message = "By its environment."
  }
}

run "nobody_else_is_believed" {
  assert {
    condition     = alltrue([for r in aws_iam_role.this : !strcontains(r.assume_role_policy, "*") && jsondecode(r.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"])
    error_message = "No wildcard in who may come."
  }
}

run "a_repository_without_an_owner_is_refused" {
  command = plan

  variables {
    repository = "direct"
  }

  expect_failures = [var.repository]
}
