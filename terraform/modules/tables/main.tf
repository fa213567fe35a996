locals {
  # The same as crates/dynamo-kit/src/tables.rs; a check compares them.
  tables = jsondecode(file("${path.module}/tables.json"))

  attributes = {
    for name, table in local.tables : name => distinct(concat(table.key, flatten(values(table.indexes))))
  }
}

resource "aws_dynamodb_table" "this" {
  for_each = local.tables

  name                        = "${var.prefix}${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = split(":", each.value.key[0])[0]
  range_key                   = try(split(":", each.value.key[1])[0], null)
  deletion_protection_enabled = var.deletion_protection
  # Replicas are fed by the stream.
  stream_enabled   = length(var.replicas) > 0
  stream_view_type = length(var.replicas) > 0 ? "NEW_AND_OLD_IMAGES" : null

  dynamic "attribute" {
    for_each = local.attributes[each.key]
    content {
      name = split(":", attribute.value)[0]
      type = split(":", attribute.value)[1]
    }
  }

  dynamic "global_secondary_index" {
    for_each = each.value.indexes
    content {
      name            = global_secondary_index.key
      hash_key        = split(":", global_secondary_index.value[0])[0]
      range_key       = try(split(":", global_secondary_index.value[1])[0], null)
      projection_type = "ALL"
    }
  }

  dynamic "ttl" {
    for_each = each.value.ttl[*]
    content {
      enabled        = true
      attribute_name = ttl.value
    }
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn
  }

  dynamic "replica" {
    for_each = var.replicas
    content {
      region_name            = replica.key
      kms_key_arn            = replica.value
      point_in_time_recovery = true
      propagate_tags         = true
    }
  }

  tags = { Class = each.value.class }

  lifecycle {
    precondition {
      condition     = !contains(keys(var.replicas), var.region)
      error_message = "The region of the table itself is no replica."
    }
  }
}
