mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name         = "cloudeats-test"
  region       = "us-east-1"
  logs_key_arn = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-111111111111"
}

run "a_vehicle_speaks_on_its_own_topics_only" {
  assert {
    condition = jsondecode(aws_iot_policy.vehicle.policy).Statement[1].Resource == [
      "arn:aws:iot:us-east-1:111122223333:topic/v1/fleet/$${iot:Connection.Thing.ThingName}/tel",
      "arn:aws:iot:us-east-1:111122223333:topic/v1/fleet/$${iot:Connection.Thing.ThingName}/evt",
      "arn:aws:iot:us-east-1:111122223333:topic/v1/fleet/$${iot:Connection.Thing.ThingName}/sta",
    ]
    error_message = "tel, evt and sta of its own."
  }

  assert {
    condition     = !strcontains(aws_iot_policy.vehicle.policy, "*\"") && !strcontains(aws_iot_policy.vehicle.policy, "+")
    error_message = "No wildcard."
  }

  assert {
    condition     = [for r in jsondecode(aws_iot_policy.vehicle.policy).Statement[3].Resource : split("/", r)[4]] == ["ack", "cmd"]
    error_message = "It reads ack and cmd."
  }
}

run "the_service_hears_all_and_answers_all" {
  assert {
    condition     = [for r in jsondecode(aws_iot_policy.fleet.policy).Statement[1].Resource : regex("v1/fleet/.*$", r)] == ["v1/fleet/+/tel", "v1/fleet/+/evt", "v1/fleet/+/sta"]
    error_message = "The three that devices write."
  }

  assert {
    condition     = [for r in jsondecode(aws_iot_policy.fleet.policy).Statement[3].Resource : regex("v1/fleet/.*$", r)] == ["v1/fleet/*/ack", "v1/fleet/*/cmd"]
    error_message = "The two that devices read."
  }
}

run "the_service_brings_its_own_key_too" {
  variables {
    fleet_request = "-----BEGIN CERTIFICATE REQUEST-----"
  }

  assert {
    condition     = aws_iot_certificate.fleet[0].csr == var.fleet_request && aws_iot_policy_attachment.fleet[0].target == aws_iot_certificate.fleet[0].arn && aws_iot_policy_attachment.fleet[0].policy == aws_iot_policy.fleet.name
    error_message = "A certificate for its request, with its rights."
  }

  assert {
    condition     = nonsensitive(output.fleet_certificate == aws_iot_certificate.fleet[0].certificate_pem)
    error_message = "It can be read."
  }
}

run "without_a_request_there_is_no_certificate" {
  assert {
    condition     = nonsensitive(output.fleet_certificate == null) && length(aws_iot_policy_attachment.fleet) == 0
    error_message = "None."
  }
}

run "a_device_brings_its_own_key" {
  variables {
    vehicles = { "0197b7c2-5f3e-7000-8000-000000000001" = "-----BEGIN CERTIFICATE REQUEST-----" }
  }

  assert {
    condition     = length(aws_iot_certificate.vehicle) == 1 && length(aws_iot_policy_attachment.vehicle) == 1 && length(aws_iot_thing_principal_attachment.vehicle) == 1
    error_message = "Thing, certificate and policy."
  }
}

run "telemetry_goes_to_kafka_keyed_by_vehicle" {
  variables {
    kafka = {
      bootstrap         = "b-1:9096"
      secret_arn        = "arn:aws:secretsmanager:us-east-1:111122223333:secret:AmazonMSK_iot"
      key_arn           = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
      vpc_id            = "vpc-1"
      subnet_ids        = ["subnet-a"]
      security_group_id = "sg-1"
    }
  }

  assert {
    condition     = one(aws_iot_topic_rule.telemetry[0].kafka).topic == "cloudeats.telemetry" && one(aws_iot_topic_rule.telemetry[0].kafka).key == "$${topic(3)}"
    error_message = "The telemetry topic, one vehicle in one partition."
  }

  assert {
    condition     = one(aws_iot_topic_rule.telemetry[0].kafka).client_properties["security.protocol"] == "SASL_SSL"
    error_message = "Over TLS."
  }
}

run "a_vehicle_without_a_uuid_is_refused" {
  command = plan

  variables {
    vehicles = { "+" = "-----BEGIN CERTIFICATE REQUEST-----" }
  }

  expect_failures = [var.vehicles]
}
