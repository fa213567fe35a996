locals {
  services  = ["gateway", "identity", "inventory", "orders", "payment", "fleet", "notification"]
  databases = ["identity", "inventory", "orders", "payment", "fleet", "notification"]

  # As k8s/components/external-secrets asks for them: what a process reads, as JSON of its variables or files.
  secrets = merge(
    { for service in local.services : "${service}/serve" => "Variables of the process that serves: CE_CURSOR_KEY, CE_DATABASE_URL and its own" },
    { for service in local.services : "${service}/keys" => "Files: service.pem signs calls to others, services.jwks.json has everybody's public keys" },
    { for service in local.databases : "${service}/migrate" => "CE_DATABASE_URL of the role that migrates" },
    {
      "database/master"  = "The password with which databases and roles are made"
      "database/checker" = "The role that may only read"
    },
  )
}

module "secrets" {
  source = "../secrets"

  prefix        = "cloudeats/${var.environment}"
  key_arn       = module.key["secrets"].arn
  secrets       = local.secrets
  recovery_days = var.protected ? 30 : 0
}
