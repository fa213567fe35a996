output "vault_arn" {
  description = "Where backups are."
  value       = aws_backup_vault.this.arn
}
