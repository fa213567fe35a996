mock_provider "aws" {
  source = "../../mocks"
}

variables {
  domain  = "api.cloudeats.example"
  zone_id = "Z0123456789"
}

run "it_is_proved_by_dns_and_renewed_by_itself" {
  assert {
    condition     = aws_acm_certificate.this.validation_method == "DNS" && aws_route53_record.proof.zone_id == var.zone_id && aws_route53_record.proof.type == "CNAME"
    error_message = "A record in our zone."
  }
}

run "a_name_that_is_no_domain_is_refused" {
  command = plan

  variables {
    domain = "https://api"
  }

  expect_failures = [var.domain]
}
