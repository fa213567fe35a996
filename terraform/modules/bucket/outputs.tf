output "name" {
  description = "The bucket's name."
  value       = aws_s3_bucket.this.id

  # Who writes needs to be let in.
  depends_on = [aws_s3_bucket_policy.this, aws_s3_bucket_ownership_controls.this]
}

output "arn" {
  description = "The bucket."
  value       = aws_s3_bucket.this.arn

  # A copy is only taken by a bucket with versions.
  depends_on = [aws_s3_bucket_versioning.this]
}

output "domain" {
  description = "Where CloudFront asks for objects."
  value       = aws_s3_bucket.this.bucket_regional_domain_name
}
