mock_provider "aws" {
  source = "../../mocks"
}

variables {
  cluster_name    = "cloudeats-test"
  cluster_arn     = "arn:aws:eks:us-east-1:111122223333:cluster/cloudeats-test"
  service_account = "orders"
  statements = [{
    sid       = "Queue"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    resources = ["arn:aws:sqs:us-east-1:111122223333:cloudeats-orders"]
  }]
}

run "the_role_is_for_pods_of_this_cluster" {
  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.Service == "pods.eks.amazonaws.com"
    error_message = "Pods only."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == var.cluster_arn
    error_message = "This cluster only."
  }

  assert {
    condition     = aws_eks_pod_identity_association.this.service_account == "orders" && aws_eks_pod_identity_association.this.namespace == "cloudeats"
    error_message = "One service account."
  }
}

run "a_service_without_rights_has_a_role_without_a_policy" {
  variables {
    statements = []
  }

  assert {
    condition     = length(aws_iam_role_policy.this) == 0
    error_message = "No policy."
  }
}

run "a_whole_service_is_refused" {
  command = plan

  variables {
    statements = [{ sid = "All", actions = ["dynamodb:*"], resources = ["arn:aws:dynamodb:us-east-1:111122223333:table/a"] }]
  }

  expect_failures = [var.statements]
}

run "a_right_over_everything_is_refused" {
  command = plan

  variables {
    statements = [{ sid = "Read", actions = ["dynamodb:GetItem"], resources = ["*"] }]
  }

  expect_failures = [var.statements]
}
