mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "cloudeats-test"
  subnet_ids        = ["subnet-a", "subnet-b", "subnet-c"]
  security_group_id = "sg-0123456789abcdef0"
  secrets_key_arn   = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  logs_key_arn      = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111"
  nodes = {
    steady = { instance_types = ["m7g.large"], min = 3, max = 9 }
    spare  = { instance_types = ["m7g.large", "m6g.large"], min = 0, max = 6, spot = true }
  }
}

run "the_api_is_private_and_everything_is_logged" {
  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "Reached from inside only."
  }

  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.cluster.name == "/aws/eks/cloudeats-test/cluster"
    error_message = "All five logs, in the group that EKS writes to."
  }

  assert {
    condition     = one(one(aws_eks_cluster.this.encryption_config).provider).key_arn == var.secrets_key_arn
    error_message = "Secrets are encrypted with our key."
  }
}

run "network_policies_are_enforced" {
  assert {
    condition     = jsondecode(aws_eks_addon.this["vpc-cni"].configuration_values).enableNetworkPolicy == "true"
    error_message = "The CNI enforces them."
  }

  assert {
    condition     = contains(keys(aws_eks_addon.this), "eks-pod-identity-agent")
    error_message = "Pods get their roles."
  }
}

run "pods_cannot_take_the_nodes_role" {
  assert {
    condition = alltrue([for t in aws_launch_template.node :
      t.metadata_options[0].http_tokens == "required" && t.metadata_options[0].http_put_response_hop_limit == 1
    ])
    error_message = "IMDSv2, one hop."
  }

  assert {
    condition     = alltrue([for t in aws_launch_template.node : t.block_device_mappings[0].ebs[0].encrypted == "true"])
    error_message = "Disks are encrypted."
  }
}

run "spot_nodes_come_on_top" {
  assert {
    condition     = aws_eks_node_group.this["spare"].capacity_type == "SPOT" && aws_eks_node_group.this["steady"].capacity_type == "ON_DEMAND"
    error_message = "As the group says."
  }
}

run "spot_nodes_alone_are_refused" {
  command = plan

  variables {
    nodes = { spare = { instance_types = ["m7g.large"], min = 3, max = 6, spot = true } }
  }

  expect_failures = [var.nodes]
}

run "an_api_for_the_whole_world_is_refused" {
  command = plan

  variables {
    public_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.public_cidrs]
}

run "nodes_that_cannot_run_our_images_are_refused" {
  command = plan

  variables {
    nodes = { steady = { instance_types = ["m7i.large"], min = 3, max = 9 } }
  }

  expect_failures = [var.nodes]
}
