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
  for_each = var.behind_cloudfront ? {} : { http = 80, https = 443 }

  #checkov:skip=CKV_AWS_260:the load balancer is the public door; port 80 redirects
  security_group_id = aws_security_group.load_balancer.id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

# Behind CloudFront nobody else may come: the gateway believes what the edge says of where a request comes from.
data "aws_ec2_managed_prefix_list" "edge" {
  count = var.behind_cloudfront ? 1 : 0

  name = "com.amazonaws.global.cloudfront.origin-facing"
}

resource "aws_vpc_security_group_ingress_rule" "edge" {
  count = var.behind_cloudfront ? 1 : 0

  security_group_id = aws_security_group.load_balancer.id
  description       = "CloudFront"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.edge[0].id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# And Route 53, which asks whether the region is well. A group of its own: a list counts as all its entries, and both
# are more than the 60 rules of one group.
data "aws_ec2_managed_prefix_list" "checkers" {
  count = var.behind_cloudfront ? 1 : 0

  name = "com.amazonaws.${var.region}.route53-healthchecks"
}

resource "aws_security_group" "checkers" {
  count = var.behind_cloudfront ? 1 : 0

  #checkov:skip=CKV2_AWS_5:worn by what other modules make
  name        = "${var.name}-checkers"
  description = "Health checks of Route 53"
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-checkers" }
}

resource "aws_vpc_security_group_ingress_rule" "checkers" {
  count = var.behind_cloudfront ? 1 : 0

  security_group_id = aws_security_group.checkers[0].id
  description       = "Route 53"
  prefix_list_id    = data.aws_ec2_managed_prefix_list.checkers[0].id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
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
