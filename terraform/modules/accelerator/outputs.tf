output "dns" {
  description = "Where the API's name points."
  value       = { name = aws_globalaccelerator_accelerator.this.dns_name, zone_id = aws_globalaccelerator_accelerator.this.hosted_zone_id }
}

output "addresses" {
  description = "Fixed addresses, for those who allow addresses and no names."
  value       = flatten([for set in aws_globalaccelerator_accelerator.this.ip_sets : set.ip_addresses])
}
