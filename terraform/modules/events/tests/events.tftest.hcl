mock_provider "aws" {
  source = "../../mocks"
}

variables {
  region  = "us-east-1"
  key_arn = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000"
}

run "each_consumer_has_a_queue_and_a_rule_of_its_name" {
  assert {
    condition     = [for q in aws_sqs_queue.consumer : q.name] == ["cloudeats-fleet", "cloudeats-inventory", "cloudeats-notification", "cloudeats-orders"]
    error_message = "As event-kit names them."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.consumer["orders"].event_pattern) == { source = ["cloudeats.fleet", "cloudeats.inventory"] }
    error_message = "Filtered by source alone."
  }
}

run "what_cannot_be_delivered_within_a_day_is_kept_a_fortnight" {
  assert {
    condition     = alltrue([for t in aws_cloudwatch_event_target.consumer : t.retry_policy[0].maximum_event_age_in_seconds == 86400 && t.retry_policy[0].maximum_retry_attempts == 185 && length(t.dead_letter_config) == 1])
    error_message = "A day, 185 attempts, then the queue for it."
  }

  assert {
    condition     = alltrue([for q in aws_sqs_queue.undelivered : q.message_retention_seconds == 1209600])
    error_message = "Fourteen days."
  }
}

run "queues_are_encrypted_and_take_from_their_rule_only" {
  assert {
    condition     = alltrue([for q in aws_sqs_queue.consumer : q.kms_master_key_id == var.key_arn]) && aws_cloudwatch_event_bus.this.kms_key_identifier == var.key_arn
    error_message = "Under our key."
  }

  assert {
    condition     = length(aws_sqs_queue_policy.consumer) == 8 && alltrue([for p in aws_sqs_queue_policy.consumer : jsondecode(p.policy).Statement[0].Principal.Service == "events.amazonaws.com" && can(jsondecode(p.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"])])
    error_message = "The bus, by one rule."
  }
}

run "one_region_tells_no_other" {
  assert {
    condition     = length(aws_cloudwatch_event_rule.peer) == 0 && length(aws_cloudwatch_event_target.peer) == 0
    error_message = "No rule to a peer."
  }
}

run "only_what_originates_here_is_told_there" {
  variables {
    peer_region = "us-west-2"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.peer[0].event_pattern).detail.originregion == ["us-east-1"]
    error_message = "The guard against a loop."
  }

  assert {
    condition     = aws_cloudwatch_event_target.peer[0].arn == "arn:aws:events:us-west-2:111122223333:event-bus/cloudeats"
    error_message = "The bus of the same name in the other region."
  }
}

run "a_region_that_tells_itself_is_refused" {
  command = plan

  variables {
    peer_region = "us-east-1"
  }

  expect_failures = [var.peer_region]
}
