provider "google" {
  project = var.project
  region  = var.region

  default_labels = {
    project     = "cloudeats"
    environment = var.environment
    managed_by  = "terraform"
  }
}
