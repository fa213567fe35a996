output "topic_arn" {
  description = "Where alarms are told."
  value       = module.alarms.arn
}

output "log_group_names" {
  description = "Log groups by service."
  value       = { for name, group in aws_cloudwatch_log_group.service : name => group.name }
}

output "runbook_pages" {
  description = "Pages that an alarm names."
  value       = sort(distinct([for alarm in concat(values(local.shares), values(local.plain)) : alarm.page]))
}
