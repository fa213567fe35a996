mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name            = "cloudeats-test"
  domains         = ["www.cloudeats.example", "api.cloudeats.example"]
  api_domain      = "origin.api.cloudeats.example"
  certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
  waf_arn         = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/mock/00000000-0000-0000-0000-000000000000"
  key_arn         = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  bucket          = "cloudeats-test-pages"
  log_bucket      = { arn = "arn:aws:s3:::cloudeats-test-logs" }
}

run "pages_come_from_the_bucket_and_the_api_is_never_cached" {
  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].target_origin_id == "pages" && [for b in aws_cloudfront_distribution.this.ordered_cache_behavior : b.path_pattern] == ["/v1/*", "/.well-known/*"]
    error_message = "Two origins."
  }

  assert {
    condition     = alltrue([for b in aws_cloudfront_distribution.this.ordered_cache_behavior : b.cache_policy_id == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" && b.target_origin_id == "api"])
    error_message = "CachingDisabled."
  }
}

run "only_this_distribution_reads_the_bucket" {
  assert {
    condition     = aws_cloudfront_origin_access_control.this.signing_behavior == "always"
    error_message = "Each request to the bucket is signed."
  }
}

run "browsers_are_told_to_be_strict" {
  assert {
    condition     = aws_cloudfront_response_headers_policy.this.security_headers_config[0].strict_transport_security[0].access_control_max_age_sec == 63072000 && !strcontains(aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_security_policy[0].content_security_policy, "unsafe")
    error_message = "HSTS for two years, nothing inline."
  }
}

run "requests_are_noted" {
  assert {
    condition     = one(aws_cloudwatch_log_delivery_destination.this[0].delivery_destination_configuration).destination_resource_arn == "arn:aws:s3:::cloudeats-test-logs/cloudfront"
    error_message = "In the bucket for logs."
  }
}

run "a_certificate_of_another_region_is_refused" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:us-west-2:111122223333:certificate/00000000-0000-0000-0000-000000000000"
  }

  expect_failures = [var.certificate_arn]
}
