locals {
  # The pages' own scripts and nothing inline; MapLibre draws in a worker.
  policy = join("; ", [
    "default-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ])

  # Amazon's own: CachingOptimized, CachingDisabled, AllViewerExceptHostHeader.
  cached    = "658327ea-f89d-4fab-a63d-7e88639e58f6"
  uncached  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  to_origin = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
}

module "pages" {
  source = "../bucket"

  name          = var.bucket
  key_arn       = var.key_arn
  force_destroy = var.force_destroy

  statements = jsonencode([{
    Sid       = "Edge"
    Effect    = "Allow"
    Principal = { Service = "cloudfront.amazonaws.com" }
    Action    = "s3:GetObject"
    Resource  = "{bucket}/*"
    Condition = { StringEquals = { "AWS:SourceArn" = aws_cloudfront_distribution.this.arn } }
  }])
}

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = var.name
  description                       = "Pages are read by this distribution only"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name    = var.name
  comment = "SEC-07"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "strict-origin-when-cross-origin"
      override        = true
    }

    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = true
      preload                    = true
      override                   = true
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_310:the API's origin is a name that itself fails over between regions
  #checkov:skip=CKV_AWS_86:requests are noted by the delivery below; the older way wants a bucket with ACLs
  #checkov:skip=CKV_AWS_374:`countries` names them where a market wants it
  #checkov:skip=CKV2_AWS_47:the list of module waf holds the rules against Log4j (known bad inputs)
  enabled             = true
  comment             = var.name
  aliases             = var.domains
  default_root_object = "index.html"
  http_version        = "http2and3"
  is_ipv6_enabled     = true
  price_class         = var.price_class
  web_acl_id          = var.waf_arn

  origin {
    origin_id                = "pages"
    domain_name              = "${var.bucket}.s3.us-east-1.amazonaws.com"
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  origin {
    origin_id   = "api"
    domain_name = var.api_domain

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      # Tracking streams stay open; each heartbeat counts anew.
      origin_read_timeout = 60
    }
  }

  default_cache_behavior {
    target_origin_id           = "pages"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "redirect-to-https"
    compress                   = true
    cache_policy_id            = local.cached
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  dynamic "ordered_cache_behavior" {
    for_each = ["/v1/*", "/.well-known/*"]
    content {
      path_pattern               = ordered_cache_behavior.value
      target_origin_id           = "api"
      allowed_methods            = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
      cached_methods             = ["GET", "HEAD"]
      viewer_protocol_policy     = "https-only"
      compress                   = true
      cache_policy_id            = local.uncached
      origin_request_policy_id   = local.to_origin
      response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }

  restrictions {
    geo_restriction {
      restriction_type = length(var.countries) == 0 ? "none" : "whitelist"
      locations        = var.countries
    }
  }
}

# Into a bucket without ACLs.
resource "aws_cloudwatch_log_delivery_source" "this" {
  count = var.log_bucket == null ? 0 : 1

  name         = var.name
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this.arn
}

resource "aws_cloudwatch_log_delivery_destination" "this" {
  count = var.log_bucket == null ? 0 : 1

  name          = var.name
  output_format = "json"

  delivery_destination_configuration {
    destination_resource_arn = "${var.log_bucket.arn}/cloudfront"
  }
}

resource "aws_cloudwatch_log_delivery" "this" {
  count = var.log_bucket == null ? 0 : 1

  delivery_source_name     = aws_cloudwatch_log_delivery_source.this[0].name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.this[0].arn
}
