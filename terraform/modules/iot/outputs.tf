output "endpoint" {
  description = "Where devices and the service fleet connect, port 8883."
  value       = data.aws_iot_endpoint.this.endpoint_address
}

output "certificates" {
  description = "Certificates (PEM) by vehicle."
  value       = { for id, certificate in aws_iot_certificate.vehicle : id => certificate.certificate_pem }
  sensitive   = true
}

output "fleet_certificate" {
  description = "The certificate (PEM) of the service fleet; null without a request."
  value       = one(aws_iot_certificate.fleet[*].certificate_pem)
  sensitive   = true
}
