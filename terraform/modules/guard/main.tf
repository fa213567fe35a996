data "aws_caller_identity" "this" {}

resource "aws_guardduty_detector" "this" {
  #checkov:skip=CKV2_AWS_3:one account; an organization enables it for all
  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

resource "aws_guardduty_detector_feature" "this" {
  for_each = var.guardduty_features

  detector_id = aws_guardduty_detector.this.id
  name        = each.key
  status      = "ENABLED"
}

# From 7 on a finding is high.
resource "aws_cloudwatch_event_rule" "finding" {
  name        = "${var.name}-findings"
  description = "Findings of weight"

  event_pattern = jsonencode({
    source        = ["aws.guardduty"]
    "detail-type" = ["GuardDuty Finding"]
    detail        = { severity = [{ numeric = [">=", 7] }] }
  })
}

resource "aws_cloudwatch_event_target" "finding" {
  rule      = aws_cloudwatch_event_rule.finding.name
  target_id = "alarms"
  arn       = var.topic_arn
}

resource "aws_securityhub_account" "this" {
  count = var.security_hub ? 1 : 0

  enable_default_standards = false
}

resource "aws_securityhub_standards_subscription" "foundational" {
  count = var.security_hub ? 1 : 0

  standards_arn = "arn:aws:securityhub:${var.region}::standards/aws-foundational-security-best-practices/v/1.0.0"
  depends_on    = [aws_securityhub_account.this]
}

resource "aws_accessanalyzer_analyzer" "this" {
  count = var.access_analyzer ? 1 : 0

  analyzer_name = var.name
  type          = "ACCOUNT"
}
