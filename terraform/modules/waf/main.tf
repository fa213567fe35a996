locals {
  managed = concat(
    [
      "AWSManagedRulesAmazonIpReputationList",
      "AWSManagedRulesKnownBadInputsRuleSet",
      "AWSManagedRulesCommonRuleSet",
      "AWSManagedRulesSQLiRuleSet",
    ],
    var.bot_control ? ["AWSManagedRulesBotControlRuleSet"] : [],
  )

  # What one address may ask for: everything together, and less of what is dear or guessed at.
  rates = {
    rate        = { limit = var.rate.all, path = null }
    rate-auth   = { limit = var.rate.auth, path = "/v1/auth/" }
    rate-orders = { limit = var.rate.orders, path = "/v1/orders" }
  }

  rate_rules = [for i, name in var.count_addresses ? keys(local.rates) : [] : {
    Name     = name
    Priority = i
    Action   = { Block = { CustomResponse = { ResponseCode = 429 } } }
    Statement = { RateBasedStatement = merge(
      { Limit = local.rates[name].limit, AggregateKeyType = "IP" },
      local.rates[name].path == null ? {} : { ScopeDownStatement = { AndStatement = { Statements = [
        { ByteMatchStatement = {
          SearchString         = local.rates[name].path
          PositionalConstraint = "STARTS_WITH"
          FieldToMatch         = { UriPath = {} }
          TextTransformations  = [{ Priority = 0, Type = "LOWERCASE" }]
        } },
        { ByteMatchStatement = {
          SearchString         = "POST"
          PositionalConstraint = "EXACTLY"
          FieldToMatch         = { Method = {} }
          TextTransformations  = [{ Priority = 0, Type = "NONE" }]
        } },
      ] } } },
    ) }
    VisibilityConfig = { CloudWatchMetricsEnabled = true, SampledRequestsEnabled = true, MetricName = name }
  }]

  managed_rules = [for i, name in local.managed : {
    Name           = name
    Priority       = 10 + i
    OverrideAction = { None = {} }
    Statement = { ManagedRuleGroupStatement = merge(
      { VendorName = "AWS", Name = name },
      # Menus and pictures are larger than 8 KB; the gateway has limits of its own for each route.
      name != "AWSManagedRulesCommonRuleSet" ? {} : {
        RuleActionOverrides = [{ Name = "SizeRestrictions_BODY", ActionToUse = { Count = {} } }]
      },
    ) }
    VisibilityConfig = { CloudWatchMetricsEnabled = true, SampledRequestsEnabled = true, MetricName = name }
  }]
}

# As JSON, in the API's own words: the provider's blocks for statements are so deep that a plan of them takes minutes.
resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_175:the rules are JSON, as below
  #checkov:skip=CKV_AWS_192:the rules are JSON, which checkov does not read; AWSManagedRulesKnownBadInputsRuleSet is among them, and a test asks for it
  name        = var.name
  description = "Before the public door"
  scope       = var.scope
  rule_json   = jsonencode(concat(local.rate_rules, local.managed_rules))

  default_action {
    allow {}
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.name
    sampled_requests_enabled   = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:kept as long as OPS-05 says, 7 or 30 days
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.logs_key_arn
}

# Refusals only, and never a token.
resource "aws_wafv2_web_acl_logging_configuration" "this" {
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.this.arn]

  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }

  dynamic "redacted_fields" {
    for_each = ["authorization", "cookie"]
    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }
}
