output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Where load balancers and NAT gateways are; nothing else."
  value       = [for subnet in aws_subnet.public : subnet.id]
}

output "workload_subnet_ids" {
  description = "Where nodes and pods are; out through NAT."
  value       = [for subnet in aws_subnet.workload : subnet.id]
}

output "store_subnet_ids" {
  description = "Where stores are; no way out."
  value       = [for subnet in aws_subnet.store : subnet.id]
}

output "security_group_ids" {
  description = "Of load_balancer, workloads, postgres, redis and kafka."
  value = merge(
    { load_balancer = aws_security_group.load_balancer.id, workloads = aws_security_group.workloads.id },
    { for kind, group in aws_security_group.store : kind => group.id },
  )
}

output "door_security_group_ids" {
  description = "All that the load balancer wears."
  value       = concat([aws_security_group.load_balancer.id], aws_security_group.checkers[*].id)
}
