# The places, never the values: whoever sets a service up fills them (docs/setup-aws.md), so none is in the state.
resource "aws_secretsmanager_secret" "this" {
  for_each = var.secrets

  #checkov:skip=CKV2_AWS_57:rotation needs a function of the account; `rotation` names it
  name                    = "${var.prefix}/${each.key}"
  description             = each.value
  kms_key_id              = var.key_arn
  recovery_window_in_days = var.recovery_days

  dynamic "replica" {
    for_each = var.replicas
    content {
      region     = replica.key
      kms_key_id = replica.value
    }
  }

  tags = { Service = split("/", each.key)[0] }
}

resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = var.rotation == null ? toset([]) : var.rotation.names

  #checkov:skip=CKV_AWS_304:a validation of `rotation` refuses more than 90 days
  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = var.rotation.lambda_arn

  rotation_rules {
    automatically_after_days = var.rotation.days
  }
}
