mock_provider "aws" {
  source = "../../mocks"
}

variables {
  master_password = "only-for-a-mock"
}

run "one_region_without_kafka" {
  assert {
    condition     = output.settings.orders.CE_EVENT_LOG == "eventbridge" && keys(output.databases.east) == ["us-east-1"]
    error_message = "One region, the bus."
  }

  assert {
    condition     = local.tags.Environment == "dev" && local.tags.ManagedBy == "terraform"
    error_message = "Tags say whose it is."
  }
}
