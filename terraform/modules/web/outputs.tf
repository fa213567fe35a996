output "dns" {
  description = "Where the public name points."
  value       = { name = aws_cloudfront_distribution.this.domain_name, zone_id = aws_cloudfront_distribution.this.hosted_zone_id }
}

output "bucket" {
  description = "Where the pages are put."
  value       = module.pages.name
}

output "distribution_id" {
  description = "What is told to forget old pages."
  value       = aws_cloudfront_distribution.this.id
}

output "distribution_arn" {
  description = "The distribution."
  value       = aws_cloudfront_distribution.this.arn
}
