locals {
  issuer = "token.actions.githubusercontent.com"

  # Who may take which role: pull requests and the main branch plan, an approved environment applies, the main branch
  # pushes images.
  subjects = merge(
    {
      plan   = ["repo:${var.repository}:pull_request", "repo:${var.repository}:ref:refs/heads/main"]
      images = ["repo:${var.repository}:ref:refs/heads/main"]
    },
    { for environment in var.environments : "apply-${environment}" => ["repo:${var.repository}:environment:${environment}"] },
  )
}

# No key is kept anywhere: a workflow shows who it is, and gets a role for an hour.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name                 = "${var.name}-${each.key}"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = each.value
        }
      }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "plan" {
  role       = aws_iam_role.this["plan"].name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

# Whoever makes roles can make any; what bounds it is the approval before it.
resource "aws_iam_role_policy_attachment" "apply" {
  for_each = var.environments

  #checkov:skip=CKV_AWS_274:Terraform makes roles and keys; the environment's approval and the trail stand around it
  role       = aws_iam_role.this["apply-${each.key}"].name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

resource "aws_iam_role_policy" "state" {
  name = "state"
  role = aws_iam_role.this["plan"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:ListBucket"], Resource = var.state_bucket_arn },
      # A plan takes the lock and gives it back; it writes nothing else.
      { Effect = "Allow", Action = ["s3:GetObject"], Resource = "${var.state_bucket_arn}/*" },
      { Effect = "Allow", Action = ["s3:PutObject", "s3:DeleteObject"], Resource = "${var.state_bucket_arn}/*.tflock" },
      { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = var.state_key_arn },
    ]
  })
}

resource "aws_iam_role_policy" "images" {
  #checkov:skip=CKV_AWS_355:the token for the registry knows no resource
  name = "push"
  role = aws_iam_role.this["images"].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = "*" },
      {
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
          "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
        ]
        Resource = var.image_repository_arns
      },
    ]
  })
}
