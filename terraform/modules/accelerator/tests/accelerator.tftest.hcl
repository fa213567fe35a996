mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name       = "cloudeats-test"
  log_bucket = "cloudeats-test-logs"
  regions = {
    "us-east-1" = { load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/east/0123456789abcdef" }
    "us-west-2" = { load_balancer_arn = "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/west/0123456789abcdef" }
  }
}

run "both_regions_take_all_who_are_near" {
  assert {
    condition     = { for region, g in aws_globalaccelerator_endpoint_group.region : region => g.traffic_dial_percentage } == { "us-east-1" = 100, "us-west-2" = 100 }
    error_message = "Active and active."
  }

  assert {
    condition     = toset([for p in aws_globalaccelerator_listener.this.port_range : p.from_port]) == toset([80, 443])
    error_message = "HTTP, to be redirected, and HTTPS."
  }
}

run "a_region_is_evacuated_by_a_number" {
  variables {
    regions = {
      "us-east-1" = { load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/east/0123456789abcdef", share = 0 }
      "us-west-2" = { load_balancer_arn = "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/west/0123456789abcdef" }
    }
  }

  assert {
    condition     = aws_globalaccelerator_endpoint_group.region["us-east-1"].traffic_dial_percentage == 0
    error_message = "Nobody."
  }
}

run "a_load_balancer_of_another_region_is_refused" {
  command = plan

  variables {
    regions = {
      "us-west-2" = { load_balancer_arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/east/0123456789abcdef" }
    }
  }

  expect_failures = [var.regions]
}
