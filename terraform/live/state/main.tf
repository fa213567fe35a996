# Where the state of all other roots lies. Made once, by hand, before anything else.

data "aws_caller_identity" "this" {}

module "key" {
  source = "../../modules/kms-key"

  name        = "cloudeats/state"
  description = "State of Terraform"
  region      = "us-east-1"
}

module "bucket" {
  source = "../../modules/bucket"

  name    = "cloudeats-state-${data.aws_caller_identity.this.account_id}"
  key_arn = module.key.arn
}
