# Who may do what. A service without a line here has a role without rights.

locals {
  table_names = ["carts", "sessions", "active_orders", "menu_catalog", "cells", "order_receipts"]
  table_arns  = { for name in local.table_names : name => "arn:aws:dynamodb:${var.region}:${local.account}:table/${local.prefix}${name}" }

  # The owner writes, others read at most.
  tables = {
    orders    = { write = ["carts", "active_orders", "cells", "order_receipts"], read = ["menu_catalog"] }
    inventory = { write = ["menu_catalog"], read = [] }
    identity  = { write = ["sessions"], read = [] }
  }

  reading = ["dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query"]
  writing = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]

  table_statements = { for service, tables in local.tables : service => concat(
    [{
      sid       = "Write"
      actions   = concat(local.reading, local.writing)
      resources = flatten([for name in tables.write : [local.table_arns[name], "${local.table_arns[name]}/index/*"]])
    }],
    length(tables.read) == 0 ? [] : [{
      sid       = "Read"
      actions   = local.reading
      resources = flatten([for name in tables.read : [local.table_arns[name], "${local.table_arns[name]}/index/*"]])
    }],
  ) }

  # Every service with a database tells facts; those with a queue hear some.
  hearing = { orders = ["fleet", "inventory"], inventory = ["orders"], fleet = ["orders"], notification = ["orders"] }

  bus_statements = { for service in local.databases : service => concat(
    [
      { sid = "Tell", actions = ["events:PutEvents"], resources = [module.events.bus_arn] },
      { sid = "Keys", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [module.key["data"].arn] },
    ],
    !contains(keys(local.hearing), service) ? [] : [{
      sid       = "Hear"
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
      resources = [module.events.queue_arns[service]]
    }],
  ) }

  topic = try(module.kafka[0].topic_arn_prefix, "")
  group = try(module.kafka[0].group_arn_prefix, "")

  kafka_statements = { for service in local.databases : service => !var.features.kafka ? [] : concat(
    [
      { sid = "Connect", actions = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"], resources = [module.kafka[0].arn] },
      { sid = "OwnTopic", actions = ["kafka-cluster:CreateTopic", "kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"], resources = ["${local.topic}cloudeats.${service}"] },
    ],
    !contains(keys(local.hearing), service) ? [] : [
      { sid = "Topics", actions = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], resources = [for source in local.hearing[service] : "${local.topic}cloudeats.${source}"] },
      { sid = "Group", actions = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"], resources = ["${local.group}${service}"] },
    ],
  ) }

  media_statements = { inventory = [{ sid = "Media", actions = ["s3:GetObject", "s3:PutObject"], resources = ["${module.media.arn}/*"] }] }

  people_statements = { identity = [{ sid = "People", actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [module.key["people"].arn] }] }

  service_statements = { for service in local.services : service => concat(
    lookup(local.table_statements, service, []),
    lookup(local.bus_statements, service, []),
    lookup(local.kafka_statements, service, []),
    lookup(local.media_statements, service, []),
    lookup(local.people_statements, service, []),
  ) }
}

module "service_role" {
  source   = "../pod-identity"
  for_each = local.service_statements

  cluster_name    = module.eks.name
  cluster_arn     = module.eks.arn
  service_account = each.key
  statements      = each.value
}

locals {
  tools = {
    external-secrets = {
      namespace = "external-secrets"
      statements = [
        { sid = "Secrets", actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], resources = values(module.secrets.arns) },
        { sid = "Key", actions = ["kms:Decrypt"], resources = [module.key["secrets"].arn] },
      ]
    }
    # It only binds pods to a group that is there; load balancer, listeners and rules are Terraform's.
    aws-load-balancer-controller = {
      namespace = "kube-system"
      statements = [
        { sid = "Bind", actions = ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"], resources = [module.edge.target_group_arn] },
        {
          sid = "UnscopedLook"
          actions = [
            "ec2:DescribeAvailabilityZones", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets", "ec2:DescribeVpcs", "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
          ]
          resources = ["*"]
        },
      ]
    }
    cluster-autoscaler = {
      namespace = "kube-system"
      statements = [
        {
          sid       = "Scale"
          actions   = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
          resources = ["arn:aws:autoscaling:${var.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/eks-*"]
          condition = { StringEquals = { "aws:ResourceTag/eks:cluster-name" = var.name } }
        },
        {
          sid = "UnscopedLook"
          actions = [
            "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeLaunchConfigurations", "autoscaling:DescribeScalingActivities", "autoscaling:DescribeTags",
            "ec2:DescribeImages", "ec2:DescribeInstanceTypes", "ec2:DescribeLaunchTemplateVersions",
            "ec2:GetInstanceTypesFromInstanceRequirements", "eks:DescribeNodegroup",
          ]
          resources = ["*"]
        },
      ]
    }
    collector = {
      namespace = "observability"
      statements = [
        { sid = "Logs", actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], resources = ["arn:aws:logs:${var.region}:${local.account}:log-group:/cloudeats/${var.environment}/${var.region}/*"] },
        { sid = "UnscopedTraces", actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources = ["*"] },
      ]
    }
    keda-operator = {
      namespace = "keda"
      statements = concat(
        [{ sid = "Lag", actions = ["sqs:GetQueueAttributes"], resources = values(module.events.queue_arns) }],
        !var.features.kafka ? [] : [
          { sid = "Connect", actions = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster"], resources = [module.kafka[0].arn] },
          { sid = "Topics", actions = ["kafka-cluster:DescribeTopic"], resources = [for source in distinct(flatten(values(local.hearing))) : "${local.topic}cloudeats.${source}"] },
          { sid = "Groups", actions = ["kafka-cluster:DescribeGroup"], resources = [for service in keys(local.hearing) : "${local.group}${service}"] },
        ],
      )
    }
  }
}

module "tool_role" {
  source   = "../pod-identity"
  for_each = local.tools

  cluster_name    = module.eks.name
  cluster_arn     = module.eks.arn
  namespace       = each.value.namespace
  service_account = each.key
  statements      = each.value.statements
}
