output "endpoint" {
  description = "Where devices and the service fleet connect, port 8883."
  value       = data.aws_iot_endpoint.this.endpoint_address
}

output "certificates" {
  description = "Certificates (PEM) by vehicle."
  value       = { for id, certificate in aws_iot_certificate.vehicle : id => certificate.certificate_pem }
  sensitive   = true
}
