# Analysis of the event lake with Flink. What lies here is a copy of exports; the truth stays in PostgreSQL.

data "google_project" "this" {}

resource "google_kms_key_ring" "this" {
  name     = "cloudeats-${var.environment}"
  location = var.region
}

resource "google_kms_crypto_key" "lake" {
  name            = "lake"
  key_ring        = google_kms_key_ring.this.id
  rotation_period = "7776000s"

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "storage" {
  crypto_key_id = google_kms_crypto_key.lake.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${data.google_project.this.number}@gs-project-accounts.iam.gserviceaccount.com"
}

resource "google_storage_bucket" "logs" {
  #checkov:skip=CKV_GCP_62:a log of the log's bucket would not end
  name                        = "${var.project}-cloudeats-logs"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      age = 30
    }

    action {
      type = "Delete"
    }
  }
}

resource "google_storage_bucket" "lake" {
  name                        = "${var.project}-cloudeats-lake"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = google_kms_crypto_key.lake.id
  }

  versioning {
    enabled = true
  }

  logging {
    log_bucket = google_storage_bucket.logs.name
  }

  lifecycle_rule {
    condition {
      age = 90
    }

    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.storage]
}

resource "google_service_account" "flink" {
  account_id   = "cloudeats-flink"
  display_name = "Reads the lake"
}

resource "google_storage_bucket_iam_member" "flink" {
  bucket = google_storage_bucket.lake.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.flink.member
}

resource "google_project_iam_member" "flink" {
  project = var.project
  role    = "roles/dataproc.worker"
  member  = google_service_account.flink.member
}

resource "google_dataproc_cluster" "flink" {
  count = var.flink ? 1 : 0

  name   = "cloudeats-${var.environment}"
  region = var.region

  cluster_config {
    master_config {
      num_instances = 1
      machine_type  = "e2-standard-4"
    }

    worker_config {
      num_instances = var.workers
      machine_type  = "e2-standard-4"
    }

    software_config {
      image_version       = "2.2-debian12"
      optional_components = ["FLINK"]
    }

    encryption_config {
      kms_key_name = google_kms_crypto_key.lake.id
    }

    gce_cluster_config {
      subnetwork       = var.network
      internal_ip_only = true
      service_account  = google_service_account.flink.email

      shielded_instance_config {
        enable_secure_boot          = true
        enable_vtpm                 = true
        enable_integrity_monitoring = true
      }
    }
  }
}
