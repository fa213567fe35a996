output "names" {
  description = "The full names by the short ones."
  value       = { for name, key in local.tables : name => "${var.prefix}${name}" }

  depends_on = [aws_cloudformation_stack.this]
}
