output "endpoints" {
  description = "Writer endpoints of the cell by region."
  value       = module.cell_east.endpoints
}
