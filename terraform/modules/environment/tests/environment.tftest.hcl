mock_provider "aws" {
  alias  = "east"
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "west"
  source = "../../mocks"

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:us-west-2:111122223333:key/11111111-1111-1111-1111-111111111111", key_id = "11111111-1111-1111-1111-111111111111" }
  }

  mock_resource "aws_lb" {
    defaults = {
      arn        = "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/mock/0123456789abcdef"
      arn_suffix = "app/mock/0123456789abcdef"
      dns_name   = "mock-west.elb.amazonaws.com"
      zone_id    = "Z1H1FL5HABSF5"
    }
  }
}

variables {
  environment     = "prod"
  zone_name       = "cloudeats.example"
  api_domain      = "api.cloudeats.example"
  web_domain      = "www.cloudeats.example"
  master_password = "only-for-a-mock"
}

run "each_region_is_home_of_one_cell_and_holds_the_copy_of_the_other" {
  providers = {
    aws.east = aws.east
    aws.west = aws.west
    aws.edge = aws.east
  }

  assert {
    condition     = keys(output.databases) == ["east", "west"] && alltrue([for cell in output.databases : keys(cell) == ["us-east-1", "us-west-2"]])
    error_message = "Two cells, both in both regions."
  }

  assert {
    condition     = output.settings.east.orders.CE_DYNAMO_REGION == "us-east-1" && output.settings.west.orders.CE_DYNAMO_REGION == "us-west-2" && output.settings.east.orders.CE_DYNAMO_TABLE_PREFIX == output.settings.west.orders.CE_DYNAMO_TABLE_PREFIX
    error_message = "The same tables, each from its own region."
  }

  assert {
    condition     = output.clusters.east.name != output.clusters.west.name
    error_message = "Names that are known in all regions differ."
  }
}

run "fleet_has_a_certificate_where_it_asked_for_one" {
  providers = {
    aws.east = aws.east
    aws.west = aws.west
    aws.edge = aws.east
  }

  variables {
    iot_fleet_requests = { west = "-----BEGIN CERTIFICATE REQUEST-----" }
  }

  assert {
    condition     = nonsensitive(output.fleet_certificates.east == null && output.fleet_certificates.west != null)
    error_message = "In its own region."
  }
}

run "users_come_by_the_edge_and_nobody_passes_it" {
  providers = {
    aws.east = aws.east
    aws.west = aws.west
    aws.edge = aws.east
  }

  assert {
    condition     = alltrue([for side in output.settings : alltrue([for host in split(",", side.gateway.CE_PUBLIC_HOSTS) : endswith(host, "origin.api.cloudeats.example")])])
    error_message = "The gateway is asked by CloudFront, under the names of the origin."
  }
}

run "one_region_twice_is_refused" {
  command = plan

  providers = {
    aws.east = aws.east
    aws.west = aws.west
    aws.edge = aws.east
  }

  variables {
    regions = {
      east = { region = "us-east-1", cidr = "10.0.0.0/16" }
      west = { region = "us-east-1", cidr = "10.1.0.0/16" }
    }
  }

  expect_failures = [var.regions]
}

run "one_network_twice_is_refused" {
  command = plan

  providers = {
    aws.east = aws.east
    aws.west = aws.west
    aws.edge = aws.east
  }

  variables {
    regions = {
      east = { region = "us-east-1", cidr = "10.0.0.0/16" }
      west = { region = "us-west-2", cidr = "10.0.0.0/16" }
    }
  }

  expect_failures = [var.regions]
}
