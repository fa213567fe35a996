mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name         = "cloudeats-test"
  region       = "us-east-1"
  cidr         = "10.0.0.0/16"
  logs_key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "three_zones_have_three_kinds_of_subnets_that_do_not_overlap" {
  assert {
    condition = length(distinct(concat(
      [for s in aws_subnet.public : s.cidr_block],
      [for s in aws_subnet.workload : s.cidr_block],
      [for s in aws_subnet.store : s.cidr_block],
    ))) == 9
    error_message = "Nine different subnets."
  }

  assert {
    condition = [for s in aws_subnet.workload : s.cidr_block] == ["10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19"] && [
      for s in aws_subnet.public : s.cidr_block] == ["10.0.96.0/22", "10.0.100.0/22", "10.0.104.0/22"] && [
    for s in aws_subnet.store : s.cidr_block] == ["10.0.112.0/22", "10.0.116.0/22", "10.0.120.0/22"]
    error_message = "The addresses are those of the plan."
  }

  assert {
    condition     = [for s in aws_subnet.store : s.availability_zone] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    error_message = "One subnet in each zone."
  }
}

run "nothing_gets_a_public_address_by_itself" {
  assert {
    condition     = alltrue([for s in aws_subnet.public : !s.map_public_ip_on_launch])
    error_message = "Subnets give no public addresses."
  }
}

run "each_zone_has_its_own_way_out" {
  assert {
    condition     = length(aws_nat_gateway.this) == 3 && length(aws_route.nat) == 3
    error_message = "Three NAT gateways, three routes."
  }
}

run "a_trial_shares_one_way_out" {
  variables {
    nat_per_zone        = false
    interface_endpoints = []
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.nat) == 3 && length(aws_vpc_endpoint.interface) == 0
    error_message = "One NAT gateway for three zones, and no endpoint that costs money."
  }
}

run "behind_cloudfront_the_world_is_not_heard" {
  variables {
    behind_cloudfront = true
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.world) == 0 && length(aws_vpc_security_group_ingress_rule.edge) == 1 && length(aws_vpc_security_group_ingress_rule.checkers) == 1
    error_message = "CloudFront and the checkers."
  }

  assert {
    condition     = data.aws_ec2_managed_prefix_list.edge[0].name == "com.amazonaws.global.cloudfront.origin-facing" && length(output.door_security_group_ids) == 2
    error_message = "A list and a group for each."
  }
}

run "stores_hear_workloads_only" {
  assert {
    condition = { for kind, rule in aws_vpc_security_group_ingress_rule.store : kind => rule.from_port } == {
    kafka = 9098, postgres = 5432, redis = 6379 }
    error_message = "One port for each store."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.store : rule.referenced_security_group_id == aws_security_group.workloads.id && rule.cidr_ipv4 == null])
    error_message = "From the workloads' group, from no address."
  }

  assert {
    condition     = aws_default_security_group.closed.ingress == null || length(aws_default_security_group.closed.ingress) == 0
    error_message = "The default group is closed."
  }
}

run "flows_are_logged_and_encrypted" {
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flows.kms_key_id == var.logs_key_arn
    error_message = "Everything that passes, under the logs' key."
  }
}

run "a_network_that_is_no_private_16_is_refused" {
  command = plan

  variables {
    cidr = "192.168.0.0/20"
  }

  expect_failures = [var.cidr]
}

run "one_zone_is_refused" {
  command = plan

  variables {
    zones = ["a"]
  }

  expect_failures = [var.zones]
}
