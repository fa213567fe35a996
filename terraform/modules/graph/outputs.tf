output "endpoints" {
  description = "By region."
  value = merge(
    { (var.home.region) = aws_neptune_cluster.home.endpoint },
    { for region in var.standby[*].region : region => aws_neptune_cluster.standby[0].reader_endpoint },
  )
}
