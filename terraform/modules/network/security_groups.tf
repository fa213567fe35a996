# World -> load balancer -> gateway -> services -> stores. Between services the network policies of the
# cluster decide, pod by pod.

resource "aws_security_group" "load_balancer" {
  #checkov:skip=CKV2_AWS_5:worn by what other modules make
  name        = "${var.name}-load-balancer"
  description = "HTTP and HTTPS from outside"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-load-balancer" }
}

# Port 80 only answers with the address of port 443.
resource "aws_vpc_security_group_ingress_rule" "world" {
  for_each = { http = 80, https = 443 }

  #checkov:skip=CKV_AWS_260:the load balancer is the public door; port 80 redirects
  security_group_id = aws_security_group.load_balancer.id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_egress_rule" "to_gateway" {
  for_each = { gateway = 8080, probes = 9080 }

  security_group_id            = aws_security_group.load_balancer.id
  description                  = each.key
  referenced_security_group_id = aws_security_group.workloads.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_security_group" "workloads" {
  #checkov:skip=CKV2_AWS_5:worn by what other modules make
  name        = "${var.name}-workloads"
  description = "Nodes and the pods on them"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-workloads" }
}

resource "aws_vpc_security_group_ingress_rule" "gateway" {
  for_each = { gateway = 8080, probes = 9080 }

  security_group_id            = aws_security_group.workloads.id
  description                  = "${each.key} from the load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_ingress_rule" "workloads" {
  security_group_id            = aws_security_group.workloads.id
  description                  = "pods among each other, where network policies let them"
  referenced_security_group_id = aws_security_group.workloads.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "workloads" {
  #checkov:skip=CKV_AWS_382:payment providers and AWS have no fixed addresses; network policies name the ports for each service
  security_group_id = aws_security_group.workloads.id
  description       = "payment providers, mail, AWS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_security_group" "store" {
  for_each = local.ports

  #checkov:skip=CKV2_AWS_5:worn by what other modules make
  name        = "${var.name}-${each.key}"
  description = "${each.key} for workloads only"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "store" {
  for_each = local.ports

  security_group_id            = aws_security_group.store[each.key].id
  description                  = "from workloads"
  referenced_security_group_id = aws_security_group.workloads.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "AWS services inside the network"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id = aws_security_group.endpoints.id
  description       = "from the network"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
