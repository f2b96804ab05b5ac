# The environment of Managed Airflow (Gen 3), or the one that is there.

locals {
  # What Airflow's image lacks: requirements.txt, which the bundle carries as well.
  requirements  = [for line in split("\n", file("${path.module}/../../../requirements.txt")) : trimspace(line) if trimspace(line) != "" && !startswith(line, "#")]
  pypi_packages = { for line in local.requirements : split("==", line)[0] => "==${split("==", line)[1]}" }

  environment_variables = merge(
    {
      PEDWATCH_PROJECT          = var.project
      PEDWATCH_DATASET          = google_bigquery_dataset.ped.dataset_id
      PEDWATCH_LOCATION         = var.location
      PEDWATCH_BUCKET           = google_storage_bucket.evidence.name
      PEDWATCH_HEADS_BUCKET     = google_storage_bucket.heads.name
      PEDWATCH_HEADS_WRITER     = google_service_account.account["ped-evidence-keeper"].email
      PEDWATCH_COLLECTOR_IMAGE  = var.collector_image
      PEDWATCH_PLATFORM_CHANNEL = var.platform_channel
    },
    var.environment_variables,
  )

  airflow_config_overrides = merge(
    {
      # Without it the bot's token would have to lie in Airflow's database, where who may edit connections sees it.
      "secrets-backend"                          = "airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend"
      "celery-worker_concurrency"                = tostring(var.worker_concurrency)
      "api-composer_auth_user_registration_role" = var.registration_role
    },
    var.airflow_config_overrides,
  )

  environment_name    = var.create_environment ? google_composer_environment.pedwatch[0].name : var.environment_name
  environment_account = var.create_environment ? google_service_account.account["ped-airflow"].email : data.google_composer_environment.existing[0].config[0].node_config[0].service_account
  environment_bucket  = var.create_environment ? google_storage_bucket.environment[0].name : split("/", data.google_composer_environment.existing[0].config[0].dag_gcs_prefix)[2]
  airflow_uri         = var.create_environment ? google_composer_environment.pedwatch[0].config[0].airflow_uri : data.google_composer_environment.existing[0].config[0].airflow_uri

  configuration = yamldecode(file("${path.module}/../../../include/config/pedwatch.yaml"))
}

check "cycle_minutes" {
  assert {
    condition     = lookup(local.configuration, "cycle_minutes", 5) == var.cycle_minutes
    error_message = "cycle_minutes is ${var.cycle_minutes} here and ${lookup(local.configuration, "cycle_minutes", 5)} in include/config/pedwatch.yaml: the alerts on silence would come too early or too late."
  }
}

check "worker_slots" {
  assert {
    condition     = var.workers.min_count * var.worker_concurrency >= var.max_pods + 4
    error_message = "workers.min_count times worker_concurrency is ${var.workers.min_count * var.worker_concurrency}: less than max_pods and four, so that cycles would wait for a worker that is only being started."
  }
}

data "google_composer_environment" "existing" {
  count = var.create_environment ? 0 : 1

  project = var.project
  region  = var.region
  name    = var.environment_name
}

# The environment's bucket, named here so that a deploy can be granted it alone. It survives the environment.
resource "google_storage_bucket" "environment" {
  count = var.create_environment ? 1 : 0

  project                     = var.project
  name                        = "${var.project}-${var.environment_name}-airflow"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = var.labels

  # The bundle before the last one, should a rollback find its folder gone.
  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 30
      matches_prefix = ["snapshots/"]
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.used]
}

resource "google_composer_environment" "pedwatch" {
  count = var.create_environment ? 1 : 0

  project = var.project
  region  = var.region
  name    = var.environment_name
  labels  = var.labels

  storage_config {
    bucket = google_storage_bucket.environment[0].name
  }

  config {
    environment_size           = var.environment_size
    enable_private_environment = var.private_environment
    enable_private_builds_only = false

    node_config {
      # It cannot be changed later.
      service_account = google_service_account.account["ped-airflow"].email
      network         = local.create_network ? google_compute_network.pedwatch[0].id : var.network
      subnetwork      = local.create_network ? google_compute_subnetwork.pedwatch[0].id : var.subnetwork
    }

    software_config {
      image_version            = var.image_version
      pypi_packages            = local.pypi_packages
      env_variables            = local.environment_variables
      airflow_config_overrides = local.airflow_config_overrides
      web_server_plugins_mode  = "ENABLED"

      cloud_data_lineage_integration {
        enabled = false
      }
    }

    workloads_config {
      scheduler {
        count      = 1
        cpu        = 1
        memory_gb  = 4
        storage_gb = 1
      }
      dag_processor {
        count      = 1
        cpu        = 1
        memory_gb  = 4
        storage_gb = 1
      }
      triggerer {
        count     = 1
        cpu       = 0.5
        memory_gb = 1
      }
      web_server {
        cpu        = 1
        memory_gb  = 2
        storage_gb = 1
      }
      worker {
        min_count  = var.workers.min_count
        max_count  = var.workers.max_count
        cpu        = var.workers.cpu
        memory_gb  = var.workers.memory_gb
        storage_gb = var.workers.storage_gb
      }
    }

    maintenance_window {
      start_time = var.maintenance_window.start_time
      end_time   = var.maintenance_window.end_time
      recurrence = var.maintenance_window.recurrence
    }

    data_retention_config {
      airflow_metadata_retention_config {
        retention_mode = "RETENTION_MODE_ENABLED"
        retention_days = var.metadata_retention_days
      }
    }

    recovery_config {
      scheduled_snapshots_config {
        enabled                    = var.snapshot_schedule != null
        snapshot_location          = var.snapshot_schedule == null ? null : "gs://${google_storage_bucket.environment[0].name}/snapshots"
        snapshot_creation_schedule = var.snapshot_schedule
        time_zone                  = var.snapshot_schedule == null ? null : "UTC"
      }
    }
  }

  # Creation takes about half an hour, the packages as long again.
  timeouts {
    create = "120m"
    update = "120m"
    delete = "60m"
  }

  lifecycle {
    prevent_destroy = true
    # An image is upgraded by a deploy, which saves a snapshot before.
    ignore_changes = [config[0].software_config[0].image_version]

    precondition {
      condition     = (var.network == null) == (var.subnetwork == null)
      error_message = "Set network and subnetwork together, or neither."
    }
  }

  # The account works from the first minute, or the environment ends in an error that says little.
  depends_on = [
    google_project_service.used,
    google_project_iam_member.project,
    google_compute_router_nat.egress,
  ]
}
