mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "us_west_2"
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
  master_password = "only-for-a-mock"
}

run "productions_shape_without_what_costs_most" {
  assert {
    condition     = output.settings.east.orders.CE_EVENT_LOG == "eventbridge" && alltrue([for cell in output.databases : keys(cell) == ["us-east-1", "us-west-2"]])
    error_message = "Two regions, the bus."
  }

  assert {
    condition     = local.tags.Environment == "staging"
    error_message = "Tags say whose it is."
  }
}
