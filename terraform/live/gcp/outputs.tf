output "lake" {
  description = "Where exports are put."
  value       = google_storage_bucket.lake.url
}
