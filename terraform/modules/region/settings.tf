# What only Terraform knows of the services' variables; what is secret comes from Secrets Manager instead.

locals {
  common = { CE_REGION = var.region }

  events = merge(
    { CE_EVENT_LOG = var.features.kafka ? "kafka" : "eventbridge" },
    var.features.kafka
    ? { CE_KAFKA_BOOTSTRAP = module.kafka[0].bootstrap, CE_KAFKA_ACCESS = "iam" }
    : { CE_EVENTBRIDGE_BUS = module.events.bus_name, CE_SQS_QUEUE_PREFIX = "cloudeats-${var.environment}-" },
  )

  dynamo = { CE_DYNAMO_REGION = var.region, CE_DYNAMO_TABLE_PREFIX = local.prefix }
  redis  = { CE_REDIS_URL = one(concat(module.redis[*].url, module.memorydb[*].url)) }

  settings = {
    gateway      = merge(local.redis, { CE_PUBLIC_HOSTS = "${var.api_domain},${var.region}.${var.api_domain}" })
    identity     = merge(local.common, local.events)
    inventory    = merge(local.common, local.events, local.dynamo, local.redis)
    orders       = merge(local.common, local.events, local.dynamo)
    payment      = merge(local.common, local.events)
    fleet        = merge(local.common, local.events, var.features.iot ? { CE_MQTT_URL = "mqtts://${module.iot[0].endpoint}:8883" } : {})
    notification = merge(local.common, local.events)
  }
}
