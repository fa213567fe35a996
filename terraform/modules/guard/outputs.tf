output "detector_id" {
  description = "GuardDuty's detector."
  value       = aws_guardduty_detector.this.id
}
