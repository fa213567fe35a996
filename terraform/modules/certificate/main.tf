resource "aws_acm_certificate" "this" {
  #checkov:skip=CKV2_AWS_71:one is for all names of an environment, for CloudFront, which has two of them; the key never leaves AWS
  domain_name       = var.domain
  validation_method = "DNS"
  key_algorithm     = var.algorithm

  lifecycle {
    create_before_destroy = true
  }
}

# Regions prove the same name with the same record, so the second one to write it finds it there.
resource "aws_route53_record" "proof" {
  zone_id         = var.zone_id
  name            = one(aws_acm_certificate.this.domain_validation_options).resource_record_name
  type            = one(aws_acm_certificate.this.domain_validation_options).resource_record_type
  records         = [one(aws_acm_certificate.this.domain_validation_options).resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [aws_route53_record.proof.fqdn]
}
