# The limits: a database of their own, so that roles can be bound to it alone. Its rules and indexes are the files of
# deploy/, not a second writing of them.

locals {
  indexes = jsondecode(file("${path.module}/../../firestore.indexes.json"))
}

resource "google_firestore_database" "limits" {
  project                           = var.project
  name                              = "ped"
  location_id                       = var.firestore_location
  type                              = "FIRESTORE_NATIVE"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.used]
}

resource "google_firestore_backup_schedule" "daily" {
  project   = var.project
  database  = google_firestore_database.limits.name
  retention = "2592000s"

  daily_recurrence {}
}

resource "google_firestore_field" "field" {
  for_each = { for field in local.indexes.fieldOverrides : "${field.collectionGroup} ${field.fieldPath}" => field }

  project    = var.project
  database   = google_firestore_database.limits.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes

      content {
        order        = lookup(indexes.value, "order", null)
        array_config = lookup(indexes.value, "arrayConfig", null)
        query_scope  = indexes.value.queryScope
      }
    }
  }
}

resource "google_firestore_index" "index" {
  for_each = { for index in local.indexes.indexes : join(" ", concat([index.collectionGroup, index.queryScope], [for field in index.fields : field.fieldPath])) => index }

  project     = var.project
  database    = google_firestore_database.limits.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path   = fields.value.fieldPath
      order        = lookup(fields.value, "order", null)
      array_config = lookup(fields.value, "arrayConfig", null)
    }
  }
}

resource "google_firebaserules_ruleset" "limits" {
  project = var.project

  source {
    files {
      name    = "firestore.rules"
      content = file("${path.module}/../../iam/firestore.rules")
    }
  }

  depends_on = [google_firestore_database.limits]
}

resource "google_firebaserules_release" "limits" {
  project      = var.project
  name         = "cloud.firestore/${google_firestore_database.limits.name}"
  ruleset_name = "projects/${var.project}/rulesets/${google_firebaserules_ruleset.limits.name}"
}
