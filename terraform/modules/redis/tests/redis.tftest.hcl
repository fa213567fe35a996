mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "cloudeats-test"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-0123456789abcdef0"
  key_arn           = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "it_is_encrypted_and_survives_a_zone" {
  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_mode == "required" && aws_elasticache_replication_group.this.at_rest_encryption_enabled && aws_elasticache_replication_group.this.kms_key_id == var.key_arn
    error_message = "On its way and at rest."
  }

  assert {
    condition     = aws_elasticache_replication_group.this.multi_az_enabled && aws_elasticache_replication_group.this.automatic_failover_enabled && aws_elasticache_replication_group.this.num_cache_clusters == 3
    error_message = "Three nodes in three zones."
  }
}

run "services_find_one_address_with_tls" {
  assert {
    condition     = startswith(output.url, "rediss://") && aws_elasticache_replication_group.this.cluster_mode == "disabled"
    error_message = "One address, TLS."
  }
}

run "a_trial_is_one_small_node" {
  variables {
    node_type = "cache.t3.micro"
    nodes     = 1
  }

  assert {
    condition     = !aws_elasticache_replication_group.this.multi_az_enabled && !aws_elasticache_replication_group.this.automatic_failover_enabled
    error_message = "Nothing to fail over to."
  }
}

run "cluster_mode_has_shards_with_copies" {
  variables {
    shards = 2
  }

  assert {
    condition     = aws_elasticache_replication_group.this.num_node_groups == 2 && aws_elasticache_replication_group.this.replicas_per_node_group == 2 && aws_elasticache_replication_group.this.cluster_mode == "enabled"
    error_message = "Two shards of three nodes."
  }
}
