mock_provider "aws" {
  alias  = "us_east_1"
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "us_west_2"
  source = "../../mocks"
}

variables {
  repository = "cloudeats/direct"
  state = {
    bucket_arn = "arn:aws:s3:::cloudeats-state-111122223333"
    key_arn    = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  }
}

run "the_account_is_watched_in_both_regions" {
  assert {
    condition     = keys(output.delivery_roles) == ["apply-infrastructure", "apply-production", "images", "plan"]
    error_message = "Roles of workflows."
  }

  assert {
    condition     = contains(keys(output.images), "orders")
    error_message = "Images of each service."
  }
}

run "what_costs_much_can_be_left_out" {
  variables {
    security_hub = false
    config       = false
  }

  assert {
    condition     = length(module.config_bucket) == 0
    error_message = "No Config."
  }
}
