mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name         = "cloudeats-test"
  scope        = "REGIONAL"
  logs_key_arn = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111"
  bot_control  = true
}

# One run for all: the schema of such a list is so deep that each run takes long.
run "rates_come_first_then_the_managed_rules" {
  command = plan

  assert {
    condition = [for r in jsondecode(aws_wafv2_web_acl.this.rule_json) : r.Name] == [
      "rate", "rate-auth", "rate-orders",
      "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet",
      "AWSManagedRulesCommonRuleSet", "AWSManagedRulesSQLiRuleSet", "AWSManagedRulesBotControlRuleSet",
    ]
    error_message = "Three rates, four managed groups, and bots where that is paid for."
  }

  assert {
    condition     = length(distinct([for r in jsondecode(aws_wafv2_web_acl.this.rule_json) : r.Priority])) == 8
    error_message = "Each rule has its own place."
  }

  assert {
    condition = { for r in jsondecode(aws_wafv2_web_acl.this.rule_json) : r.Name => r.Statement.RateBasedStatement.Limit if startswith(r.Name, "rate") } == {
      rate = 3000, "rate-auth" = 200, "rate-orders" = 100
    }
    error_message = "A hundred orders of one address in five minutes."
  }

  assert {
    condition     = alltrue([for r in jsondecode(aws_wafv2_web_acl.this.rule_json) : try(r.Action.Block.CustomResponse.ResponseCode == 429, r.OverrideAction.None == {})])
    error_message = "Rates refuse with 429, managed rules as they say."
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.this.name, "aws-waf-logs-") && toset([for f in aws_wafv2_web_acl_logging_configuration.this.redacted_fields : f.single_header[0].name]) == toset(["authorization", "cookie"])
    error_message = "The name that WAF wants, and no secrets."
  }
}

run "behind_cloudfront_nobody_is_counted_by_the_address_of_an_edge" {
  command = plan

  variables {
    count_addresses = false
  }

  assert {
    condition     = !anytrue([for r in jsondecode(aws_wafv2_web_acl.this.rule_json) : startswith(r.Name, "rate")])
    error_message = "No rates, all managed groups."
  }
}

run "another_scope_is_refused" {
  command = plan

  variables {
    scope = "GLOBAL"
  }

  expect_failures = [var.scope]
}
