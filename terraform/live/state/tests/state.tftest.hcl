mock_provider "aws" {
  source = "../../mocks"
}

run "the_bucket_is_named_after_the_account" {
  assert {
    condition     = local.tags.Environment == "account" && length(local.tags) == 4
    error_message = "Four tags."
  }

  assert {
    condition     = output.key_arn != null
    error_message = "A key of its own."
  }
}
