mock_provider "aws" {
  source = "../../mocks"
}

variables {
  zone_id    = "Z0123456789"
  api_domain = "api.cloudeats.example"
  regions = {
    "us-east-1" = { name = "east.elb.amazonaws.com", zone_id = "Z1" }
    "us-west-2" = { name = "west.elb.amazonaws.com", zone_id = "Z2" }
  }
}

run "each_region_is_asked_by_its_own_name" {
  assert {
    condition     = [for c in aws_route53_health_check.region : c.fqdn] == ["us-east-1.api.cloudeats.example", "us-west-2.api.cloudeats.example"] && alltrue([for c in aws_route53_health_check.region : c.type == "HTTPS" && c.request_interval == 10])
    error_message = "Every ten seconds, over TLS."
  }
}

run "dns_sends_to_the_nearest_region_that_is_well" {
  assert {
    condition     = alltrue([for region, r in aws_route53_record.nearest : r.latency_routing_policy[0].region == region && r.health_check_id == aws_route53_health_check.region[region].id])
    error_message = "By latency, with the region's health."
  }
}

run "the_accelerator_comes_first_where_there_is_one" {
  variables {
    accelerator = { name = "mock.awsglobalaccelerator.com", zone_id = "Z2BJ6XQ5FK7U4H" }
  }

  assert {
    condition     = length(aws_route53_record.nearest) == 0 && aws_route53_record.accelerator[0].failover_routing_policy[0].type == "PRIMARY" && aws_route53_record.fallback[0].failover_routing_policy[0].type == "SECONDARY"
    error_message = "Primary and fallback."
  }
}

run "public_names_lead_to_the_edge" {
  variables {
    web_domains = ["www.cloudeats.example", "api.cloudeats.example"]
    web         = { name = "mock.cloudfront.net", zone_id = "Z2FDTNDATAQYW2" }
    api_domain  = "origin.api.cloudeats.example"
  }

  assert {
    condition     = length(aws_route53_record.web) == 4 && aws_route53_record.web["api.cloudeats.example/AAAA"].alias[0].name == "mock.cloudfront.net"
    error_message = "Two names, each for both kinds of addresses."
  }
}

run "no_region_is_refused" {
  command = plan

  variables {
    regions = {}
  }

  expect_failures = [var.regions]
}
