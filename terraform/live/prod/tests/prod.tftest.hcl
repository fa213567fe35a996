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

run "two_regions_two_cells_and_kafka_in_each" {
  assert {
    condition     = output.settings.east.orders.CE_EVENT_LOG == "kafka" && output.settings.west.orders.CE_EVENT_LOG == "kafka"
    error_message = "Kafka inside the region."
  }

  assert {
    condition     = output.settings.east.orders.CE_KAFKA_ACCESS == "iam" && output.settings.west.orders.CE_KAFKA_ACCESS == "iam"
    error_message = "Brokers know who asks."
  }

  assert {
    condition     = alltrue([for cell in output.databases : keys(cell) == ["us-east-1", "us-west-2"]])
    error_message = "Each cell in both regions."
  }

  assert {
    condition     = output.clusters.east.target_group == "cloudeats-prod-east-gateway"
    error_message = "The group that the cluster binds to."
  }

  assert {
    condition     = local.tags.Environment == "prod" && local.tags.ManagedBy == "terraform"
    error_message = "Tags say whose it is."
  }
}
