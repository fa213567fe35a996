# The coarse fence below the security groups: stores hear the network and nobody else.

locals {
  ports = { postgres = 5432, redis = 6379, kafka = 9098 }
}

resource "aws_network_acl" "store" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for subnet in aws_subnet.store : subnet.id]

  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = var.cidr
    from_port  = 443
    to_port    = 65535
  }

  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = var.cidr
    from_port  = 443
    to_port    = 65535
  }

  tags = { Name = "${var.name}-store" }
}

resource "aws_network_acl" "public" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for subnet in aws_subnet.public : subnet.id]

  dynamic "ingress" {
    for_each = { 100 = [80, 80], 110 = [443, 443], 120 = [1024, 65535] }
    content {
      rule_no    = ingress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = "0.0.0.0/0"
      from_port  = ingress.value[0]
      to_port    = ingress.value[1]
    }
  }

  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = "0.0.0.0/0"
    from_port  = 80
    to_port    = 65535
  }

  tags = { Name = "${var.name}-public" }
}
