mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "cloudeats-dev"
  environment = "dev"
  model       = "shop"
  topic_arns  = ["arn:aws:sns:us-east-1:111122223333:alarms"]
}

run "the_limit_is_the_models_sum_and_a_margin" {
  assert {
    condition     = output.model_usd == 174 && aws_budgets_budget.this.limit_amount == "209"
    error_message = "174 and a fifth."
  }
}

run "people_are_told_before_it_is_spent" {
  assert {
    condition     = toset([for n in aws_budgets_budget.this.notification : "${n.notification_type} ${n.threshold}"]) == toset(["ACTUAL 50", "ACTUAL 80", "ACTUAL 100", "FORECASTED 100"])
    error_message = "At half, at four fifths, at all, and when all is foreseen."
  }
}

run "only_the_environments_own_costs_count" {
  assert {
    condition     = one(aws_budgets_budget.this.cost_filter).values == tolist(["user:Environment$dev"])
    error_message = "By the tag that every resource has."
  }
}

run "unusual_days_are_told_where_asked_for" {
  variables {
    anomalies = true
  }

  assert {
    condition     = length(aws_ce_anomaly_subscription.this) == 1
    error_message = "Once."
  }
}

run "a_budget_that_tells_nobody_is_refused" {
  command = plan

  variables {
    topic_arns = []
  }

  expect_failures = [var.topic_arns]
}
