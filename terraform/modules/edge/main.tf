resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_76:the list of module waf holds the rules against Log4j (known bad inputs)
  #checkov:skip=CKV2_AWS_20:port 80 redirects, in the listener below
  #checkov:skip=CKV_AWS_150:on by default, off for trials
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.subnet_ids
  security_groups            = var.security_group_ids
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection
  enable_zonal_shift         = true
  # Tracking is a stream that is silent for up to 15 s between two heartbeats. The gateway keeps connections longer than
  # this (CE_HTTP_HEADER_TIMEOUT_MS): one that it closes while it is used here is a 502.
  idle_timeout = 60

  access_logs {
    bucket  = var.log_bucket
    prefix  = "alb"
    enabled = true
  }
}

# Pods are targets themselves; the cluster binds the gateway's service to this group by its name.
resource "aws_lb_target_group" "gateway" {
  #checkov:skip=CKV_AWS_378:TLS ends here; inside, each call carries a signed token (ADR 0028)
  name                          = "${var.name}-gateway"
  vpc_id                        = var.vpc_id
  target_type                   = "ip"
  port                          = 8080
  protocol                      = "HTTP"
  load_balancing_algorithm_type = "least_outstanding_requests"
  # Shorter than the 20 s in which a pod that ends works off what it has.
  deregistration_delay = 15

  health_check {
    port                = "9080"
    path                = "/readyz"
    matcher             = "200"
    interval            = 5
    timeout             = 2
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = var.tls_policy
  certificate_arn   = var.certificate_arn

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "application/json"
      status_code  = "404"
      message_body = jsonencode({ type = "about:blank", title = "Not Found", status = 404, code = "not-found" })
    }
  }
}

resource "aws_lb_listener_rule" "gateway" {
  listener_arn = aws_lb_listener.https.arn
  priority     = 10

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway.arn
  }

  condition {
    path_pattern {
      values = var.paths
    }
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  resource_arn = aws_lb.this.arn
  web_acl_arn  = var.waf_arn
}
