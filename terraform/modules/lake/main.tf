resource "aws_glue_catalog_database" "this" {
  name = replace(var.name, "-", "_")
}

# A row is an event; the folders are days and producers, so that no crawler is needed.
resource "aws_glue_catalog_table" "events" {
  name          = "events"
  database_name = aws_glue_catalog_database.this.name
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    classification                 = "parquet"
    "projection.enabled"           = "true"
    "projection.day.type"          = "date"
    "projection.day.format"        = "yyyy-MM-dd"
    "projection.day.range"         = "2026-01-01,NOW"
    "projection.source.type"       = "enum"
    "projection.source.values"     = "fleet,identity,inventory,notification,orders,payment"
    "storage.location.template"    = "s3://${var.bucket.name}/events/source=$${source}/day=$${day}/"
    "parquet.compression"          = "ZSTD"
    "EXTERNAL"                     = "TRUE"
    "has_encrypted_data"           = "true"
    "projection.day.interval"      = "1"
    "projection.day.interval.unit" = "DAYS"
  }

  partition_keys {
    name = "source"
    type = "string"
  }

  partition_keys {
    name = "day"
    type = "string"
  }

  storage_descriptor {
    location      = "s3://${var.bucket.name}/events/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    }

    # The envelope of FEATURES 6; the fact itself is JSON.
    dynamic "columns" {
      for_each = {
        id            = "string"
        type          = "string"
        time          = "timestamp"
        partitionkey  = "string"
        aggregateseq  = "bigint"
        correlationid = "string"
        cell          = "string"
        epoch         = "bigint"
        originregion  = "string"
        data          = "string"
      }
      content {
        name = columns.key
        type = columns.value
      }
    }
  }
}

resource "aws_athena_workgroup" "this" {
  name = var.name

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.query_gib_max * 1024 * 1024 * 1024

    result_configuration {
      output_location = "s3://${var.bucket.name}/athena/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}
