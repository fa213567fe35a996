output "arn" {
  description = "The key."
  value       = aws_kms_key.this.arn

  # Who uses the key also needs its policy and its name in place.
  depends_on = [aws_kms_alias.this]
}
