mock_provider "aws" {
  source = "../../mocks"
}

variables {
  prefix  = "prod-"
  region  = "us-east-1"
  key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "the_four_tables_have_their_keys" {
  assert {
    condition     = keys(aws_dynamodb_table.this) == ["active_orders", "carts", "menu_catalog", "sessions"] && aws_dynamodb_table.this["carts"].name == "prod-carts"
    error_message = "OPS-16."
  }

  assert {
    condition     = aws_dynamodb_table.this["active_orders"].hash_key == "order_id" && aws_dynamodb_table.this["active_orders"].range_key == "created_at"
    error_message = "The key of active_orders."
  }

  assert {
    condition     = toset([for i in aws_dynamodb_table.this["active_orders"].global_secondary_index : i.name]) == toset(["by_store", "by_customer"])
    error_message = "Found by store and by customer."
  }
}

run "what_expires_does_and_menus_do_not" {
  assert {
    condition     = aws_dynamodb_table.this["carts"].ttl[0].attribute_name == "expires_at" && length(aws_dynamodb_table.this["menu_catalog"].ttl) == 0
    error_message = "TTL where it expires."
  }
}

run "all_are_encrypted_and_can_be_restored" {
  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : t.server_side_encryption[0].enabled && t.server_side_encryption[0].kms_key_arn == var.key_arn && t.point_in_time_recovery[0].enabled && t.deletion_protection_enabled])
    error_message = "Key, point in time, protection."
  }
}

run "a_second_region_holds_a_replica_under_its_own_key" {
  variables {
    replicas = { "us-west-2" = "arn:aws:kms:us-west-2:111122223333:key/11111111-1111-1111-1111-111111111111" }
  }

  assert {
    condition     = alltrue([for t in aws_dynamodb_table.this : one(t.replica).region_name == "us-west-2" && one(t.replica).kms_key_arn == var.replicas["us-west-2"] && t.stream_view_type == "NEW_AND_OLD_IMAGES"])
    error_message = "Each table in us-west-2 too."
  }
}

run "a_key_of_another_region_is_refused" {
  command = plan

  variables {
    replicas = { "us-west-2" = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000" }
  }

  expect_failures = [var.replicas]
}

run "a_replica_at_home_is_refused" {
  command = plan

  variables {
    replicas = { "us-east-1" = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000" }
  }

  expect_failures = [aws_dynamodb_table.this]
}
