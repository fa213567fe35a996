data "aws_caller_identity" "this" {}

locals {
  # For 10.0.0.0/16: workloads 10.0.0.0/19 and on, public 10.0.96.0/22 and on, stores 10.0.112.0/22 and on.
  workload_cidrs = { for i, zone in var.zones : zone => cidrsubnet(var.cidr, 3, i) }
  public_cidrs   = { for i, zone in var.zones : zone => cidrsubnet(var.cidr, 6, 24 + i) }
  store_cidrs    = { for i, zone in var.zones : zone => cidrsubnet(var.cidr, 6, 28 + i) }

  nat_zones = var.nat_per_zone ? var.zones : slice(var.zones, 0, 1)
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# Whoever forgets to name a security group gets one that lets nothing through.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-closed" }
}

resource "aws_subnet" "public" {
  for_each = local.public_cidrs

  vpc_id                  = aws_vpc.this.id
  availability_zone       = "${var.region}${each.key}"
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-public-${each.key}", "kubernetes.io/role/elb" = "1" }
}

resource "aws_subnet" "workload" {
  for_each = local.workload_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = "${var.region}${each.key}"
  cidr_block        = each.value

  tags = { Name = "${var.name}-workload-${each.key}", "kubernetes.io/role/internal-elb" = "1" }
}

resource "aws_subnet" "store" {
  for_each = local.store_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = "${var.region}${each.key}"
  cidr_block        = each.value

  tags = { Name = "${var.name}-store-${each.key}" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags       = { Name = "${var.name}-${each.key}" }
  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-public" }
}

resource "aws_route" "out" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table" "workload" {
  for_each = aws_subnet.workload

  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-workload-${each.key}" }
}

resource "aws_route" "nat" {
  for_each = aws_route_table.workload

  route_table_id         = each.value.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = try(aws_nat_gateway.this[each.key], aws_nat_gateway.this[var.zones[0]]).id
}

resource "aws_route_table_association" "workload" {
  for_each = aws_subnet.workload

  subnet_id      = each.value.id
  route_table_id = aws_route_table.workload[each.key].id
}

# No way out: stores answer, they never ask.
resource "aws_route_table" "store" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-store" }
}

resource "aws_route_table_association" "store" {
  for_each = aws_subnet.store

  subnet_id      = each.value.id
  route_table_id = aws_route_table.store.id
}
