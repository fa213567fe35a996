mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name               = "cloudeats-test"
  vpc_id             = "vpc-1"
  subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_ids = ["sg-0123456789abcdef0"]
  certificate_arn    = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"
  waf_arn            = "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/mock/00000000-0000-0000-0000-000000000000"
  log_bucket         = "cloudeats-test-logs"
}

run "what_comes_without_tls_is_sent_to_tls" {
  assert {
    condition     = aws_lb_listener.http.default_action[0].redirect[0].protocol == "HTTPS" && aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13")
    error_message = "TLS, with 1.3."
  }
}

run "the_gateway_is_asked_whether_it_is_ready_on_its_admin_port" {
  assert {
    condition     = aws_lb_target_group.gateway.port == 8080 && aws_lb_target_group.gateway.health_check[0].port == "9080" && aws_lb_target_group.gateway.health_check[0].path == "/readyz"
    error_message = "8080 to serve, 9080 to ask."
  }

  assert {
    condition     = aws_lb_target_group.gateway.target_type == "ip" && tonumber(aws_lb_target_group.gateway.deregistration_delay) < 20
    error_message = "Pods are targets, and are left before they end."
  }
}

run "a_stream_between_two_heartbeats_is_not_cut" {
  assert {
    condition     = aws_lb.this.idle_timeout >= 30
    error_message = "Twice the 15 s of a heartbeat."
  }
}

run "rules_stand_before_it_and_requests_are_noted" {
  assert {
    condition     = aws_wafv2_web_acl_association.this.web_acl_arn == var.waf_arn && aws_lb.this.access_logs[0].enabled && aws_lb.this.drop_invalid_header_fields
    error_message = "WAF, log, clean headers."
  }
}

run "old_tls_is_refused" {
  command = plan

  variables {
    tls_policy = "ELBSecurityPolicy-2016-08"
  }

  expect_failures = [var.tls_policy]
}
