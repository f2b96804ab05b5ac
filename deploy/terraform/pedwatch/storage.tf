# What is kept: the dataset, and the buckets of evidence. None of it goes with `terraform destroy`.

locals {
  # How long, is in one place: retention in pedwatch.yaml. What does not stand there is as plugins/pedwatch/config has it.
  kept_days = merge({ obs = 400, manifests = 400 }, try(local.configuration.retention.prefixes, {}))
  pack_days = try(local.configuration.retention.pack_years, 7) * 366
}

resource "google_bigquery_dataset" "ped" {
  project               = var.project
  dataset_id            = var.dataset
  location              = var.location
  description           = "pedwatch: limits, observations, verdicts, episodes and messages. ped_housekeeping makes the tables."
  max_time_travel_hours = "168"
  labels                = var.labels

  delete_contents_on_destroy = false

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.used]
}

# Manifests and observations, and the evidence packs.
resource "google_storage_bucket" "evidence" {
  project                     = var.project
  name                        = "${var.project}-pedwatch-evidence"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = var.labels

  # What was deleted or replaced can be had back for a month.
  soft_delete_policy {
    retention_duration_seconds = 2592000
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = local.kept_days["obs"]
      matches_prefix = ["obs/"]
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = local.kept_days["manifests"]
      matches_prefix = ["manifests/"]
    }
  }

  # Packs are asked for in their first weeks, and then by auditors.
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "COLDLINE"
    }
    condition {
      age            = 90
      matches_prefix = ["audits/"]
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = local.pack_days
      matches_prefix = ["audits/"]
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.used]
}

# The heads of evidence: nobody can replace or delete one before its time, whoever they are. The policy is not locked,
# since that cannot be undone: docs/deployment.md says how.
resource "google_storage_bucket" "heads" {
  project                     = coalesce(var.heads_project, var.project)
  name                        = "${coalesce(var.heads_project, var.project)}-pedwatch-heads"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = var.labels

  retention_policy {
    retention_period = tostring(local.pack_days * 86400)
  }

  lifecycle {
    prevent_destroy = true
    # Who locks it by hand is not undone by the next apply.
    ignore_changes = [retention_policy[0].is_locked]
  }

  depends_on = [google_project_service.used]
}
