mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name        = "cloudeats-prod-east"
  environment = "prod"
  region      = "us-east-1"
  cidr        = "10.0.0.0/16"
  peer_region = "us-west-2"
  zone_id     = "Z0123456789"
  api_domain  = "api.cloudeats.example"
}

run "a_service_may_do_what_its_work_needs_and_no_more" {
  assert {
    condition     = alltrue([for s in output.rights.payment : !anytrue([for a in s.actions : startswith(a, "dynamodb:") || startswith(a, "sqs:")])])
    error_message = "Payment keeps nothing in DynamoDB and hears nothing."
  }

  assert {
    condition     = length(output.rights.gateway) == 0
    error_message = "The gateway has no right at all."
  }

  assert {
    condition     = !anytrue(flatten([for s in output.rights.orders : [for r in s.resources : strcontains(r, "menu_catalog") && contains(s.actions, "dynamodb:PutItem")]]))
    error_message = "Orders reads menus and never writes them."
  }

  assert {
    condition     = [for s in output.rights.fleet : s.resources if s.sid == "Topics"] == [["${module.kafka[0].topic_arn_prefix}cloudeats.orders"]]
    error_message = "Fleet reads orders' topic only."
  }

  # Brokers make a topic for whoever may make it: this is what keeps a typing error from making one.
  assert {
    condition     = alltrue([for service, rights in output.rights : join(" ", flatten([for s in rights : s.resources if contains(s.actions, "kafka-cluster:CreateTopic")])) == (service == "gateway" ? "" : "${module.kafka[0].topic_arn_prefix}cloudeats.${service}")])
    error_message = "Each service may make its own topic, and no other."
  }

  assert {
    condition     = toset(flatten([for s in output.rights.payment : s.actions if startswith(s.actions[0], "kafka-cluster:")])) == toset([for action in ["Connect", "CreateTopic", "DescribeCluster", "DescribeTopic", "WriteData", "WriteDataIdempotently"] : "kafka-cluster:${action}"])
    error_message = "Payment tells, and hears nobody."
  }
}

run "services_are_told_where_everything_is" {
  assert {
    condition     = output.settings.orders.CE_EVENT_LOG == "kafka" && output.settings.orders.CE_DYNAMO_TABLE_PREFIX == "prod-" && output.settings.gateway.CE_PUBLIC_HOSTS == "api.cloudeats.example,us-east-1.api.cloudeats.example"
    error_message = "Log, tables, hosts."
  }

  assert {
    condition     = alltrue([for service, told in output.settings : service == "gateway" || try(told.CE_KAFKA_ACCESS == "iam" && told.CE_KAFKA_BOOTSTRAP == module.kafka[0].bootstrap, false)])
    error_message = "Brokers, and that they ask for a name."
  }
}

run "stores_are_spoken_to_by_tls" {
  variables {
    iot_fleet_request = "-----BEGIN CERTIFICATE REQUEST-----"
  }

  assert {
    condition     = startswith(output.settings.gateway.CE_REDIS_URL, "rediss://") && startswith(output.settings.fleet.CE_MQTT_URL, "mqtts://") && endswith(output.settings.fleet.CE_MQTT_URL, ":8883")
    error_message = "Redis and IoT Core."
  }

  assert {
    condition     = nonsensitive(output.fleet_certificate != null)
    error_message = "IoT Core knows fleet by a certificate."
  }
}

run "scaling_by_lag_may_ask_the_log_for_it" {
  assert {
    condition     = toset(flatten([for s in local.tools.keda-operator.statements : s.actions])) == toset(["sqs:GetQueueAttributes", "kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:DescribeTopic", "kafka-cluster:DescribeGroup"])
    error_message = "Queues and groups, to look only."
  }
}

run "behind_cloudfront_only_it_comes_in_and_it_counts" {
  variables {
    behind_cloudfront = true
    api_domain        = "origin.api.cloudeats.example"
  }

  assert {
    condition     = length(module.network.door_security_group_ids) == 2 && output.settings.gateway.CE_PUBLIC_HOSTS == "origin.api.cloudeats.example,us-east-1.origin.api.cloudeats.example"
    error_message = "CloudFront and the health checks, under the origin's name."
  }
}

run "a_trial_leaves_out_what_costs_much" {
  variables {
    environment = "dev"
    name        = "cloudeats-dev-east"
    peer_region = null
    protected   = false
    size        = { nat_per_zone = false, redis_type = "cache.t3.micro", redis_nodes = 1, log_days = 7 }
    features    = { kafka = false, iot = false, interface_endpoints = false, lake = false, backup = false }
  }

  assert {
    condition     = length(module.kafka) == 0 && length(module.iot) == 0 && length(module.lake) == 0 && length(module.backup) == 0
    error_message = "Left out."
  }

  assert {
    condition     = nonsensitive(output.fleet_certificate == null) && !contains(keys(output.settings.fleet), "CE_MQTT_URL")
    error_message = "No broker, and nobody to know fleet."
  }

  assert {
    condition     = output.settings.orders.CE_EVENT_LOG == "eventbridge" && output.settings.orders.CE_SQS_QUEUE_PREFIX == "cloudeats-dev-"
    error_message = "The bus stands in for Kafka."
  }

  assert {
    condition     = !anytrue([for told in values(output.settings) : anytrue([for name in keys(told) : startswith(name, "CE_KAFKA_")])])
    error_message = "Nobody is told of brokers that are not there."
  }

  assert {
    condition     = !anytrue([for s in output.rights.orders : anytrue([for a in s.actions : startswith(a, "kafka-cluster:")])])
    error_message = "No right to what is not there."
  }
}

run "everything_that_can_be_bought" {
  variables {
    database_clusters = { east = "cloudeats-prod-east-us-east-1" }
    features          = { telemetry = true, memorydb = true, warehouse = true, reviews = true, bot_control = true }
  }

  assert {
    condition     = output.settings.inventory.CE_REDIS_URL == "rediss://mock.memorydb.us-east-1.amazonaws.com:6379" && length(module.reviews) == 1
    error_message = "MemoryDB in Redis' place."
  }
}

run "an_unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}
