mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "cloudeats-test-east"
  primary           = true
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-0123456789abcdef0"
  key_arn           = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  master_password   = "only-for-a-mock"
}

run "rows_are_encrypted_at_rest_and_on_their_way" {
  assert {
    condition     = aws_rds_cluster.this.storage_encrypted && aws_rds_cluster.this.kms_key_id == var.key_arn
    error_message = "Under our key."
  }

  assert {
    condition     = one([for p in aws_rds_cluster_parameter_group.this.parameter : p.value if p.name == "rds.force_ssl"]) == "1"
    error_message = "TLS only."
  }
}

run "nobody_outside_reaches_an_instance_and_a_zone_may_be_lost" {
  assert {
    condition     = alltrue([for i in aws_rds_cluster_instance.this : !i.publicly_accessible]) && length(aws_rds_cluster_instance.this) == 2
    error_message = "Two private instances."
  }
}

run "it_goes_back_fourteen_days_and_is_not_deleted_by_mistake" {
  assert {
    condition     = aws_rds_cluster.this.backup_retention_period == 14 && aws_rds_cluster.this.deletion_protection && !aws_rds_cluster.this.skip_final_snapshot
    error_message = "OPS-15."
  }
}

run "the_password_is_not_in_the_state" {
  assert {
    condition     = aws_rds_cluster.this.master_password == null && aws_rds_cluster.this.master_password_wo_version == 1
    error_message = "Write-only."
  }
}

run "serverless_stays_inside_its_units" {
  assert {
    condition     = aws_rds_cluster.this.serverlessv2_scaling_configuration[0].min_capacity == 0.5 && aws_rds_cluster.this.serverlessv2_scaling_configuration[0].max_capacity == 16
    error_message = "0.5 to 16 units."
  }
}

run "a_fixed_size_has_no_units" {
  variables {
    instance_class = "db.r6g.large"
  }

  assert {
    condition     = length(aws_rds_cluster.this.serverlessv2_scaling_configuration) == 0 && aws_rds_cluster_instance.this[0].instance_class == "db.r6g.large"
    error_message = "The size that was asked for."
  }
}

run "units_that_end_before_they_begin_are_refused" {
  command = plan

  variables {
    units = { min = 4, max = 2 }
  }

  expect_failures = [var.units]
}
